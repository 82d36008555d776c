"""What comparing maps and drawing scenes of full size costs: `python -m benchmarks.segmentation_comparison`.

Seconds and the peak of resident memory, on one generated scene of Sentinel-2's size.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy

import numpy as np
import rasterio
from rasterio.windows import Window as Area

from evaluation.comparison import compare
from inference.composite import composite
from products.band_roles import BandRoles
from products.class_table import ClassTable
from products.scene_reader import SceneReader

TILE, BLOCK = 1024, 16  # pixels; a block has one class
CLASSES = ClassTable(name="four", classes={"cloud": 0, "ground": 1, "snow": 2, "water": 3})
ROLES = BandRoles(red=["B4"], green=["B3"], blue=["B2"])


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=10980, help="pixels of the scene and side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, kind in enumerate(("prediction", "mask")):
            _write(folder / f"{kind}.tif", arguments.side, ("class",), "uint8", 4, number)
        _write(folder / "scene.tif", arguments.side, ("B2", "B3", "B4"), "uint16", 5000, 2)
        print(f"memory before: {_peak():.2f} GB")
        figures = compare(
            folder / "prediction.tif", folder / "report", masks=folder / "mask.tif", classes=CLASSES, progress=False
        )  # fmt: skip
        print(f"compare: {figures['seconds']:.1f} s, peak {_peak():.2f} GB")
        for suffix in ("tif", "png"):
            figures = composite(
                folder / "scene.tif", folder / f"picture.{suffix}", scenes=SceneReader(), roles=ROLES,
                kinds={"rgb": ["red", "green", "blue"]}, progress=False,
            )  # fmt: skip
            print(f"composite to {suffix}: {figures['seconds']:.1f} s, peak {_peak():.2f} GB")


def _write(path: Path, side: int, names: tuple[str, ...], dtype: str, values: int, seed: int) -> None:
    """A georeferenced raster of random blocks."""
    with rasterio.open(
        path, "w", driver="GTiff", count=len(names), height=side, width=side, dtype=dtype, tiled=True, compress="deflate",
        crs="EPSG:32633", transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as file:  # fmt: skip
        file.descriptions = names
        for row in range(0, side, TILE):
            for column in range(0, side, TILE):
                rng = np.random.default_rng([seed, row, column])
                cells = rng.integers(values > 4, values, (len(names), TILE // BLOCK, TILE // BLOCK))
                height, width = min(TILE, side - row), min(TILE, side - column)
                tile = cells.repeat(BLOCK, 1).repeat(BLOCK, 2)[:, :height, :width].astype(dtype)
                file.write(tile, window=Area(column, row, width, height))


def _peak() -> float:
    """GB, of this process since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
