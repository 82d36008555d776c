"""Crops in the layout of DSen2's demonstration data, made up: MATLAB v7.3 is HDF5 behind 512 bytes of header."""

from pathlib import Path

import h5py
import numpy as np


def write_mat(path, groups):
    """`groups`: ground sample distance (m) -> (C, h, w); stored as float32 (C, w, h), as MATLAB does."""
    path = Path(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        for distance, pixels in groups.items():
            data = file.create_dataset(
                f"im{distance}", data=np.asarray(pixels, "float32").transpose(0, 2, 1), compression="gzip"
            )
            data.attrs["MATLAB_class"] = np.bytes_(b"single")
    header = b"MATLAB 7.3 MAT-file, made up".ljust(124) + b"\x00\x02IM"
    with path.open("r+b") as file:
        file.write(header)
    return path
