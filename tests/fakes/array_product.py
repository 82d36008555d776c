"""Products that are arrays, for tests that need neither files nor readers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from products.grid import Grid
from products.product import Product
from products.sensor import Sensor
from products.window import Window

UTM = 'PROJCS["a"]'  # any text that all grids share


class ArrayProduct(Product):
    """Groups as arrays (C, h, w); keeps the windows that were read in `read_windows`."""

    def __init__(self, sensor: Sensor, arrays: Mapping[int, np.ndarray], grids: Mapping[int, Grid] | None = None,
                 **facts: Any) -> None:  # fmt: skip
        grids = grids or {m: Grid(*array.shape[1:]) for m, array in arrays.items()}
        super().__init__(Path(facts.pop("path", "scene")), facts.pop("name", "scene"), sensor, grids, **facts)
        self.arrays = dict(arrays)
        self.read_windows: list[tuple[int, Window]] = []

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        array = self.arrays[ground_sample_distance_m]
        assert window.clip(*array.shape[1:]) == window, f"{window} of {array.shape}"
        self.read_windows.append((ground_sample_distance_m, window))
        rows, columns = window.inside(Window(0, 0, *array.shape[1:]))
        return array[:, rows, columns].copy()


def sensor(bands: Mapping[str, int], **changes: Any) -> Sensor:
    """A sensor with bands of these ground sample distances."""
    facts: dict[str, Any] = {
        "name": "toy", "dtype": "uint16", "nodata": 0, "valid_range": [1, 65535], "readers": [],
        "bands": {name: {"ground_sample_distance_m": distance} for name, distance in bands.items()},
    }  # fmt: skip
    return Sensor(**{**facts, **changes})


SENTINEL_LIKE = {"F1": 10, "F2": 10, "M1": 20, "C1": 60}
LANDSAT_LIKE = {"P": 15, "A": 30, "B": 30}


def sentinel_like(height: int = 72, width: int = 66, seed: int = 0, **facts: Any) -> ArrayProduct:
    """Three nested groups at 10, 20 and 60 m without georeference; sides in 10 m pixels, rests left out."""
    generator = np.random.default_rng(seed)
    shapes = {10: (2, height, width), 20: (1, height // 2, width // 2), 60: (1, height // 6, width // 6)}
    arrays = {m: generator.integers(1, 5000, shape).astype(np.uint16) for m, shape in shapes.items()}
    return ArrayProduct(sensor(SENTINEL_LIKE), arrays, **facts)


def landsat_like(coarse_height: int = 31, coarse_width: int = 28, **facts: Any) -> ArrayProduct:
    """A panchromatic grid of 15 m that begins half a pixel before the 30 m grid, as Landsat's does.

    Each band holds the same linear ramp of the ground, so that what a pixel should be is known: 100 for each metre
    down and 40 for each metre to the right, over 100, plus 1000.
    """
    grids = {
        15: Grid(2 * coarse_height + 1, 2 * coarse_width + 1, UTM, (15.0, 0.0, 0.0, 0.0, -15.0, 0.0)),
        30: Grid(coarse_height, coarse_width, UTM, (30.0, 0.0, 7.5, 0.0, -30.0, -7.5)),
    }
    arrays = {
        m: np.stack([ground_ramp(grid)] * count)
        for (m, grid), count in zip(grids.items(), (1, 2), strict=True)
    }
    return ArrayProduct(sensor(LANDSAT_LIKE), arrays, grids, **facts)


def ground_ramp(grid: Grid) -> np.ndarray:
    """The ramp of `landsat_like` at the centres of a grid's pixels, (h, w) float64."""
    assert grid.transform is not None
    a, _, c, _, e, f = grid.transform
    down = -(f + e * (np.arange(grid.height) + 0.5))
    right = c + a * (np.arange(grid.width) + 0.5)
    ramp: np.ndarray = 1000 + down[:, None] + 0.4 * right
    return ramp


class NamedProducts:
    """A reader of empty files: their names say which of `products` they are."""

    kind = "a name"

    def __init__(self, products: Mapping[str, ArrayProduct]) -> None:
        self.products = dict(products)

    def recognises(self, path: Path) -> bool:
        return path.name in self.products

    def open(self, path: Path, sensor: Sensor) -> Product:
        product = self.products[path.name]
        product.path, product.name, product.sensor = path, path.name, sensor
        return product


def shelf(folder: Path, products: Mapping[str, ArrayProduct]) -> tuple[Sensor, dict[str, str]]:
    """A sensor that opens `products`, and their paths by name."""
    first = next(iter(products.values()))
    bands = {name: band.ground_sample_distance_m for name, band in first.sensor.bands.items()}
    for name in products:
        (folder / name).touch()
    paths = {name: str(folder / name) for name in products}
    return sensor(bands, readers=[NamedProducts(products)]), paths
