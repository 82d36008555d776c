"""Where the pixels of an SLSTR product lie."""

import numpy as np

from products.product import Geolocation
from products.slstr_files import SlstrFiles, decoded
from products.slstr_grids import SlstrGrids
from products.slstr_tie_points import extended, interpolated

_NAMES = ("longitude", "latitude")


def positions(files: SlstrFiles, grids: SlstrGrids, grid: str, tie_point_reach: int) -> Geolocation:
    """Longitude and latitude of a grid's pixels, (rows, columns) float64 degrees, NaN where unknown.

    From `geodetic_<grid>.nc` (on the terrain); where the product has none, interpolated between its tie points (on
    the ellipsoid). Unit normals are interpolated: neither the date line nor the poles are special.

    Args:
        files, grids: of the product.
        grid: suffix.
        tie_point_reach: see `products.slstr_tie_points.extended`.

    Raises:
        UserError: the product has neither file, or one is damaged.
    """
    file = f"geodetic_{grid}.nc"
    if file in files.names:
        stored = [files.read(file, f"{name}_{grid}") for name in _NAMES]
        for found in stored:
            grids.check(file, found.shape, grid)
        longitude, latitude = (decoded(found, np.float64) for found in stored)
        return Geolocation(longitude, latitude)
    files.require("geodetic_tx.nc", f"the positions of the grid '{grid}', or {file}")
    longitude, latitude = (
        np.radians(decoded(files.read("geodetic_tx.nc", f"{name}_tx"), np.float64)) for name in _NAMES
    )
    normals = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    rows, columns = grids.grid(grid).positions_on(grids.grid("tx"))
    x, y, z = (
        interpolated(normal, rows, columns, np.float64) for normal in extended(normals, tie_point_reach)
    )
    return Geolocation(np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y))))
