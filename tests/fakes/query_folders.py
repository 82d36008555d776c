"""Query folders as active learning writes them."""

from pathlib import Path

import numpy as np
from rasterio.crs import CRS

from products.class_table import ClassTable
from products.grid import Grid
from products.patch_raster import part_of
from products.query_folder import Query, QueryFolder
from products.query_writing import Display, Patch, write_queries
from products.window import Window

BANDS = ("B2", "B3", "B4", "B8", "B12", "altitude")
DISPLAY = Display({"rgb": ("B4", "B3", "B2"), "false_colour": ("B12", "B8", "B4")})
CLASSES = ClassTable(
    name="clouds",
    classes={
        "cloud": {"values": [0], "colour": [255, 0, 0]},
        "ground": {"values": [1], "colour": [112, 153, 89]},
        "snow": {"values": [2], "colour": [115, 191, 250]},
        "water": {"values": [3], "colour": [242, 238, 162]},
    },
)
SCENE_GRID = Grid(400, 400, CRS.from_epsg(32632).to_wkt(), (10.0, 0.0, 300000.0, 0.0, -10.0, 5200000.0))


def queries(count: int = 2, height: int = 40, width: int = 48) -> list[Query]:
    """Windows side by side, the first with the highest score."""
    windows = [Window(0, index * width, height, width) for index in range(count)]
    return [
        Query(
            f"{number:04d}", f"T32TNS_20210126#{window}", "T32TNS_20210126", "scenes/T32TNS_20210126.tif", window,
            key="T32TNS_20210126T102311", score=1 / number, acquisition="entropy", round=1, seed=3, checkpoint="best.ckpt",
        )
        for number, window in enumerate(windows, start=1)
    ]  # fmt: skip


def patch(query: Query) -> Patch:
    """Noise with a bright upper half that the network takes for cloud; the last row has no data."""
    rng = np.random.default_rng(query.window.column)
    height, width = query.window.height, query.window.width
    image = rng.uniform(200, 2000, (len(BANDS), height, width)).astype(np.float32)
    image[:, : height // 2] += 4000
    valid = np.ones((height, width), bool)
    valid[-1] = False
    prediction = np.where(np.arange(height)[:, None] < height // 2, 0, 1).astype(np.uint8) * np.ones(
        width, np.uint8
    )
    prediction[~valid] = 255
    return Patch(
        query, image, valid, part_of(SCENE_GRID, query.window), prediction,
        rng.uniform(0, 1, (height, width)).astype(np.float32), np.where(valid, 3, 255).astype(np.uint8),
    )  # fmt: skip


def write(folder: Path, count: int = 2, height: int = 40, width: int = 48) -> QueryFolder:
    """A whole query folder."""
    asked = queries(count, height, width)
    return write_queries(folder, asked, map(patch, asked), CLASSES, BANDS, DISPLAY)
