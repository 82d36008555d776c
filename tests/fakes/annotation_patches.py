"""Query folders whose pictures are plain areas, so that what a tool must hit is known to the pixel."""

from pathlib import Path

import numpy as np
from rasterio.crs import CRS

from products.class_table import ClassTable
from products.grid import Grid
from products.patch_raster import part_of
from products.query_folder import Query, QueryFolder
from products.query_writing import Display, Patch, write_queries
from products.window import Window

BANDS = ("B2", "B3", "B4", "B8", "B12")
DISPLAY = Display({"rgb": ("B4", "B3", "B2"), "false_colour": ("B12", "B8", "B4")}, (0, 100))
CLASSES = ClassTable(
    name="clouds",
    classes={
        "cloud": {"values": [0], "colour": [255, 0, 0]},
        "ground": {"values": [1], "colour": [112, 153, 89]},
        "snow": {"values": [2], "colour": [115, 191, 250]},
        "water": {"values": [3], "colour": [242, 238, 162]},
    },
)
CLOUD, GROUND, SNOW, WATER, UNKNOWN = 0, 1, 2, 3, 255
SCENE_GRID = Grid(2000, 4000, CRS.from_epsg(32632).to_wkt(), (10.0, 0.0, 300000.0, 0.0, -10.0, 5200000.0))
# Areas of the picture (rows, columns): two as bright as can be, one beside the first that is a little darker.
BRIGHT, FAR_BRIGHT = (slice(8, 16), slice(6, 20)), (slice(26, 32), slice(30, 42))
NEARLY_BRIGHT = (slice(8, 16), slice(20, 26))
DARKER_BY = 6  # of 255, in the picture


def image(height: int, width: int) -> np.ndarray:
    """(C, h, w) digital numbers that become 0 (but for its areas) to 255 in pictures."""
    pixels = np.full((len(BANDS), height, width), 1000, np.float32)
    for area in (BRIGHT, FAR_BRIGHT):
        pixels[(slice(None), *area)] = 3550
    pixels[(slice(None), *NEARLY_BRIGHT)] = 3550 - 10 * DARKER_BY
    pixels[4] = 5000 - pixels[4]  # what is bright is dark in false colour's red
    return pixels


def known(height: int, width: int) -> np.ndarray:
    """Ground, but unknown in the last eight rows."""
    mask = np.full((height, width), GROUND, np.uint8)
    mask[-8:] = UNKNOWN
    return mask


def prediction(height: int, width: int) -> np.ndarray:
    """Ground, and cloud in the first bright area."""
    mask = np.full((height, width), GROUND, np.uint8)
    mask[BRIGHT] = CLOUD
    return mask


def write(
    folder: Path, count: int = 3, height: int = 40, width: int = 48, *, bare: bool = False
) -> QueryFolder:
    """A query folder; `bare`: only images, nothing known or predicted."""
    queries = [
        Query(
            f"{number + 1:04d}", f"T32TNS_20210126#{window}", "T32TNS_20210126", "scenes/a.tif", window,
            score=0.5 / (number + 1), acquisition="bald", round=1,
        )
        for number in range(count)
        for window in [Window(100, number * width, height, width)]
    ]  # fmt: skip
    shape = (height, width)
    uncertainty = np.linspace(0, 0.5, width, dtype=np.float32) * np.ones((height, 1), np.float32)
    patches = (
        Patch(
            query, image(*shape), np.ones(shape, bool), part_of(SCENE_GRID, query.window),
            None if bare else prediction(*shape), None if bare else uncertainty, None if bare else known(*shape),
        )
        for query in queries
    )  # fmt: skip
    return write_queries(folder, queries, patches, CLASSES, BANDS, DISPLAY)
