"""Swaths and map grids of MODIS and VIIRS in HDF5 and netCDF-4."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from products.product import Product
from products.swath_hdf5_file import Hdf5File, is_hdf5
from products.swath_product import SwathProduct

if TYPE_CHECKING:
    from products.sensor import Sensor

_DEMONSTRATION = re.compile(r"im\d+$")  # arrays of the demonstration layout, which is HDF5 too


class Hdf5SwathReader:
    """Opens HDF5 files; bands are found by the `source` names of the sensor's config, in whatever group they are.

    Args:
        geolocation: file of the positions, or folder of geolocation products; null: the product's own, or the
            geolocation product beside it.
        first_samples_aligned: see `SwathProduct`.
    """

    kind = "an HDF5 or netCDF-4 file of MODIS or VIIRS"

    def __init__(self, geolocation: str | None = None, first_samples_aligned: bool = False) -> None:
        self.geolocation, self.first_samples_aligned = geolocation, first_samples_aligned

    def recognises(self, path: Path) -> bool:
        """See `Reader.recognises`; a file that cannot be opened is taken, so that `open` says what is wrong."""
        if not is_hdf5(path):
            return False
        try:
            with h5py.File(path, "r") as file:
                return not any(_DEMONSTRATION.match(name) for name in file)
        except OSError:
            return True

    def open(self, path: Path, sensor: "Sensor") -> Product:
        """See `Reader.open`."""
        return SwathProduct(
            Hdf5File(path),
            sensor,
            geolocation=Path(self.geolocation) if self.geolocation else None,
            first_samples_aligned=self.first_samples_aligned,
        )
