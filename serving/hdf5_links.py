"""HDF5 files whose pixels lie in other files: HDF5 would read whatever of this machine they name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py

from errors import UserError


def refuse_links(files: Iterable[Path]) -> None:
    """Look through all HDF5 files among `files`.

    Raises:
        UserError: one names other files, or is damaged.
    """
    for path in files:
        if path.is_file() and h5py.is_hdf5(path):
            try:
                with h5py.File(path, "r") as file:
                    _look_through(path, file)
            except (OSError, RuntimeError, KeyError) as error:
                raise UserError(f"{path.name}: found damaged HDF5, expected a whole file") from error


def _look_through(path: Path, file: Any) -> None:
    groups, seen = [file], set()
    while groups:
        group = groups.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise UserError(f"{path.name}: found '{name}' in another file, expected one file")
            if isinstance(link, h5py.SoftLink):
                continue  # what it names is met by its own name
            found = group[name]
            if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
                raise UserError(f"{path.name}: found pixels of '{name}' in another file, expected one file")
            if isinstance(found, h5py.Group) and hash(found.id) not in seen:
                seen.add(hash(found.id))  # groups may hold themselves
                groups.append(found)
