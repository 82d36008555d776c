"""Where a swath's positions are: in its own file, in the geolocation product beside it, or in a file that was named."""

import re
from pathlib import Path

from errors import UserError
from products.grid import Grid
from products.swath_family import Family, Granule, parse_granule
from products.swath_fields import spelling
from products.swath_file import SwathFile
from products.swath_geolocation import SwathGeolocation
from products.swath_hdf4_file import Hdf4File, is_hdf4
from products.swath_hdf5_file import Hdf5File, is_hdf5

_LATITUDE = re.compile(r"^latitude(at\d+mresolution)?$")


def open_swath_file(path: Path) -> SwathFile:
    """An HDF file of either generation.

    Raises:
        UserError: there is none, it is no HDF file, or it is damaged.
    """
    if is_hdf4(path):
        return Hdf4File(path)
    if is_hdf5(path):
        return Hdf5File(path)
    found = "no such file" if not path.exists() else "a folder" if path.is_dir() else "other content"
    raise UserError(f"{path}: found {found}, expected an HDF4, HDF5 or netCDF-4 file")


def find_geolocation(
    file: SwathFile,
    granule: Granule | None,
    grid: Grid,
    ground_sample_distance_m: int,
    family: Family | None,
    *,
    chosen: Path | None = None,
) -> SwathGeolocation | None:
    """Positions of a product's pixels; None where there are none to be found.

    Args:
        file: the product's.
        granule: what its name says.
        grid, ground_sample_distance_m: its finest.
        family: how the instrument scans.
        chosen: a file of positions that goes before all others, or a folder of geolocation products.

    Raises:
        UserError: the positions found are damaged, or those of another granule.
    """
    own = None if chosen else find_arrays(file)
    if own is not None:
        return SwathGeolocation(file, *own, grid, ground_sample_distance_m, family)
    path = chosen
    if path is None or path.is_dir():
        path = companion_beside(file, granule, path or file.path.parent)
        if path is None and chosen:
            raise UserError(f"{chosen}: found no geolocation product of {file.path.name}, expected one")
    if path is None:
        return None
    other = parse_granule(path.name)
    if granule and other and (granule.moment, granule.platform) != (other.moment, other.platform):
        raise UserError(
            f"{path}: found positions of {other.platform}, {other.moment}, expected those of {file.path.name}"
        )
    companion = open_swath_file(path)
    arrays = find_arrays(companion)
    if arrays is None:
        raise UserError(f"{path}: found no Latitude and Longitude, expected a geolocation product")
    return SwathGeolocation(companion, *arrays, grid, ground_sample_distance_m, family)


def find_arrays(file: SwathFile) -> tuple[str, str] | None:
    """Names of longitudes and latitudes in a file: its finest pair of two-dimensional arrays; None without one."""
    spelled = {
        spelling(name): name
        for name, field in file.fields.items()
        if len(field.shape) == 2 and field.dtype.startswith("float")
    }
    pairs = [
        (spelled[latitude.replace("latitude", "longitude")], spelled[latitude])
        for latitude in spelled
        if _LATITUDE.match(latitude) and latitude.replace("latitude", "longitude") in spelled
    ]
    return max(pairs, key=lambda pair: file.fields[pair[1]].shape) if pairs else None


def companion_beside(file: SwathFile, granule: Granule | None, folder: Path) -> Path | None:
    """The geolocation product of a granule in a folder; None where there is none.

    VIIRS files name theirs (InputPointer). Otherwise it is `PRODUCT.AYYYYDDD.HHMM.*`, from the finest product on,
    and of several processings the one that is named last, the newest.
    """
    if granule is None or not granule.minute:
        return None
    pointers = str(file.attributes.get("InputPointer", ""))
    for product in granule.companions:
        named = re.search(rf"\b{product}\.[\w.]*", pointers)
        if named and (folder / named[0]).is_file():
            return folder / named[0]
    for product in granule.companions:
        found = sorted(
            path
            for path in folder.glob(f"{product}*.{granule.moment}.*")
            if path.suffix in (".hdf", ".nc", ".h5")
        )
        if found:
            return found[-1]
    return None
