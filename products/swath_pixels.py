"""Where the pixels of a swath lie, on the globe and on a map."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.crs import CRS

from errors import UserError
from products.product import Product
from products.window import Window

DEGREE_M = 111194.93  # metres of a degree of latitude, on the sphere of the Earth's mean radius 6 371 008.8 m
SLACK = (
    1.05  # of a footprint: half the diagonal is measured between neighbours, which a scan spreads unevenly
)


@dataclass(frozen=True)
class Strip:
    """Rows of a swath that follow each other without overlap.

    Attributes:
        window: where in the swath's window.
        longitude, latitude: (h, w) float32, degrees.
        x, y: (h, w) float32, in the map's units, from the first strip's first known pixel on; NaN where unknown.
        reach: (h, w) float32, metres: half the diagonal of a pixel's footprint.
    """

    window: Window
    longitude: np.ndarray
    latitude: np.ndarray
    x: np.ndarray
    y: np.ndarray
    reach: np.ndarray


class SwathPixels:
    """Positions of a window of a swath, on the globe and on a map; 20 bytes a pixel are held.

    Raises:
        UserError: the product has no positions, or none of them can be shown on the map.
    """

    def __init__(self, product: Product, window: Window, ground_sample_distance_m: int, crs: CRS) -> None:
        self.product, self.window = product, window
        self.origin: tuple[float, float] | None = None
        project = _projection(crs)
        strips = (
            self._strip(part, project, ground_sample_distance_m)
            for part in _scans(product, window, ground_sample_distance_m)
        )
        self.strips = [strip for strip in strips if np.isfinite(strip.x).any()]
        if not self.strips or self.origin is None:
            raise UserError(f"{product.path}: none of its pixels lies on the map of {crs.to_string()}")
        self.largest_reach: float = max(float(strip.reach.max()) for strip in self.strips)

    def _strip(self, part: Window, project: Any, metres: int) -> Strip:
        found = self.product.geolocation(metres, part)
        if found is None:
            raise UserError(
                f"{self.product.path}: found no positions and no geolocation product beside it, expected them to resample"
            )
        x, y = project.transform(found.longitude, found.latitude)
        lost = ~(np.isfinite(x) & np.isfinite(y))
        x, y = np.where(lost, np.nan, x), np.where(lost, np.nan, y)
        if self.origin is None and not lost.all():
            first = np.unravel_index(np.argmin(lost), lost.shape)
            self.origin = float(x[first]), float(y[first])
        left, bottom = self.origin or (0.0, 0.0)
        place = Window(part.row - self.window.row, part.column - self.window.column, part.height, part.width)
        reach = _reach(found.longitude, found.latitude, metres)
        arrays = (found.longitude, found.latitude, x - left, y - bottom, reach)
        return Strip(place, *(array.astype(np.float32) for array in arrays))


def _projection(crs: CRS) -> Any:
    """Of longitude and latitude to the map, by the packages of an extra.

    Raises:
        UserError: the extra is not installed.
    """
    try:
        import pyresample  # noqa: F401  (here, before anything is computed for it)
        from pyproj import Transformer
    except ImportError as error:
        raise UserError(
            f"swath.grid: found no pyresample ({error}), expected the extra that brings it: uv sync --extra products"
        ) from error
    return Transformer.from_crs("EPSG:4326", crs.to_wkt(), always_xy=True)


def _scans(product: Product, window: Window, metres: int) -> Iterator[Window]:
    """The window cut where scans begin."""
    family = getattr(product, "family", None)
    rows = family.scan_m // metres if family else window.height
    top = window.row
    while top < window.bottom:
        bottom = min((top // rows + 1) * rows, window.bottom)
        yield Window(top, window.column, bottom - top, window.width)
        top = bottom


def _reach(longitude: np.ndarray, latitude: np.ndarray, metres: int) -> np.ndarray:
    """Half the diagonal of each pixel's footprint, metres, from the distances to its neighbours."""
    sides = []
    for axis in (0, 1):
        if longitude.shape[axis] < 2:
            sides.append(np.full(longitude.shape, float(metres)))
            continue
        turned = (np.diff(longitude, axis=axis) + 180) % 360 - 180
        middle = np.radians(np.delete(latitude, -1, axis))
        step = DEGREE_M * np.hypot(turned * np.cos(middle), np.diff(latitude, axis=axis))
        before, after = np.take(step, [0], axis), np.take(step, [-1], axis)
        # The smaller of both: the other one may lead to the next scan.
        sides.append(np.fmin(np.concatenate([before, step], axis), np.concatenate([step, after], axis)))
    known = [np.where(np.isfinite(side), side, float(metres)) for side in sides]
    reach: np.ndarray = SLACK * np.hypot(*known) / 2
    return reach
