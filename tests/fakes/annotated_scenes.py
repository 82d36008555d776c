"""Scenes and masks held in memory, and small ones on disk, for tests of segmentation data."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from rasterio.crs import CRS

from products.class_table import ClassTable
from products.grid import Grid
from products.mask import Mask
from products.patch_raster import write_patch
from products.scene import Scene, SceneKey
from products.window import Window

CLOUDS = ClassTable(
    name="clouds",
    classes={
        "cloud": {"values": [0], "colour": [255, 0, 0]},
        "ground": {"values": [1], "colour": [112, 153, 89]},
        "snow": {"values": [2], "colour": [115, 191, 250]},
        "water": {"values": [3], "colour": [242, 238, 162]},
    },
)


def grid(height: int, width: int, west: float = 500_000, north: float = 5_000_000, *, pixel: float = 10,
         epsg: int = 32633) -> Grid:  # fmt: skip
    return Grid(height, width, CRS.from_epsg(epsg).to_wkt(), (pixel, 0.0, west, 0.0, -pixel, north))


def key(tile: str = "", day: str = "20210101") -> SceneKey:
    return SceneKey(tile, datetime.strptime(day, "%Y%m%d"), day_only=True)


class ArrayScene(Scene):
    """An array as a scene; remembers which pixels were read."""

    def __init__(self, name: str, pixels: np.ndarray, own: Grid | None = None, own_key: SceneKey | None = None,
                 valid: np.ndarray | None = None) -> None:  # fmt: skip
        bands = tuple(f"B{number}" for number in range(1, len(pixels) + 1))
        super().__init__(Path(f"{name}.tif"), name, own or Grid(*pixels.shape[1:]), bands, key=own_key)
        self.pixels = pixels.astype(np.float32)
        self.known = np.ones(pixels.shape[1:], bool) if valid is None else valid
        self.seen = np.zeros(pixels.shape[1:], bool)
        self.closed = 0

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        assert window.clip(*self.grid.shape) == window
        here = window.inside(self.window)
        self.seen[here] = True
        valid = self.known[here].copy()
        return self.pixels[:, *here] * valid, valid

    def close(self) -> None:
        self.closed += 1


class ArrayMask(Mask):
    """Class indices in memory; remembers which pixels were read."""

    def __init__(self, indices: np.ndarray, classes: ClassTable = CLOUDS) -> None:
        super().__init__(Path("mask.tif"), "mask", classes, Grid(*indices.shape))
        self.indices = indices.astype(np.uint8)
        self.seen = np.zeros(indices.shape, bool)

    def read(self, window: Window) -> np.ndarray:
        here = window.inside(self.window)
        self.seen[here] = True
        return self.indices[here].copy()


def scene(name: str, height: int = 64, width: int = 64, bands: int = 2, own: Grid | None = None,
          own_key: SceneKey | None = None) -> ArrayScene:  # fmt: skip
    """Pixel (row, column) of band b is 1000 b + 100 row + column."""
    rows, columns = np.indices((height, width))
    return ArrayScene(
        name, np.stack([1000 * (b + 1) + 100 * rows + columns for b in range(bands)]), own, own_key
    )


def quarters(height: int = 64, width: int = 64) -> np.ndarray:
    """Class 0 and 1 above, 2 and 3 below."""
    rows, columns = np.indices((height, width))
    return (2 * (rows >= height // 2) + (columns >= width // 2)).astype(np.uint8)


def write_tif(path: Path, array: np.ndarray, own: Grid | None = None, *, names: Sequence[str] = (),
              nodata: float | None = None, **tags: str) -> Path:  # fmt: skip
    """(C, h, w) or (h, w) as a GeoTIFF."""
    write_patch(path, array if array.ndim == 3 else array[None], own, bands=names, nodata=nodata, tags=tags)
    return path


def write_pair(folder: Path, stem: str, side: int = 64, *, own: Grid | None = None, bands: int = 3, seed: int = 0,
               width: int | None = None) -> None:  # fmt: skip
    """images/STEM.tif of uint16 and masks/STEM.tif of the four classes; brightness tells the class."""
    generator = np.random.default_rng(seed)
    width = width or side
    indices = quarters(side, width)
    pixels = 1000 * (1 + indices.astype(int)) + generator.integers(0, 50, (bands, side, width))
    write_tif(folder / "images" / f"{stem}.tif", pixels.astype(np.uint16), own,
              names=[f"B{number}" for number in range(1, bands + 1)])  # fmt: skip
    write_tif(folder / "masks" / f"{stem}.tif", indices, own)
