"""Toy scenes of a few pixels, written as the generators write them; every pixel tells where it comes from."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from synthesis.toy.product_writer import ProductWriter

SIDE = 16
NUM_FRAMES = 6
CLOUD_REMOVAL = ("clean_optical", "clouded_optical", "sar")


def pixels(scene: str, product: str, frame: int, shape: tuple[int, int, int] = (SIDE, SIDE, 3)) -> np.ndarray:
    """(H, W, B) float64 in [0, 1], different for every scene, product and frame."""
    return np.random.default_rng([crc32(f"{scene}/{product}".encode()), frame]).random(shape)


def annotation(side: int = SIDE) -> np.ndarray:
    """(side, side, 2) int16: four square fields of classes 1, 2, 1, 2 with a first row of background."""
    half = np.arange(side) * 2 // side
    cells = 1 + 2 * half[:, None] + half
    cells[0] = 0
    return np.stack([cells, np.where(cells > 0, (cells - 1) % 2 + 1, 0)], axis=-1).astype(np.int16)


def write_product(
    folder: Path,
    *,
    frames: Iterable[int] = range(NUM_FRAMES),
    side: int = SIDE,
    bands: int = 3,
    layout: str = "compact",
    holes: Mapping[int, tuple[int, int]] | None = None,
    horizon: int = NUM_FRAMES,
) -> Path:
    """Write a product in `SCENE/PRODUCT`; `holes` gives the pixel without data of some frames."""
    with ProductWriter(folder, layout, shape=(side, side, bands), num_cells=4, horizon=horizon) as writer:
        for index in frames:
            values = pixels(folder.parent.name, folder.name, index, (side, side, bands))
            if holes and index in holes:
                values[holes[index]] = np.nan
            writer.write(index, values, annotation(side))
        writer.finish()
    return folder


def write_scenes(
    root: Path, scenes: Iterable[str], products: Iterable[str] = CLOUD_REMOVAL, **keys: Any
) -> Path:
    """Write scenes with all of some products."""
    for scene in scenes:
        for product in products:
            write_product(root / scene / product, **keys)
    return root


def write_manifest(root: Path, splits: Mapping[str, str], **keys: Any) -> Path:
    """Write `manifest.json` with a split for each scene."""
    content = {
        "schema": "nadir-toy-dataset/1", "task": "cloud_removal", "products": list(CLOUD_REMOVAL), "num_bands": 3,
        "classes": 2, "split_fractions": [0.7, 0.15, 0.15], "series_pool": "disjoint", "settings": {},
        "scenes": {scene: {"split": split, "products": {}} for scene, split in splits.items()},
    }  # fmt: skip
    path = root / "manifest.json"
    path.write_text(json.dumps({**content, **keys}), encoding="utf-8")
    return path


# The table of `conf/data/toy.yaml` as plain Python.
TASKS: dict[str, dict[str, Any]] = {
    "cloud_removal": {
        "sources": ["clouded_optical", "sar"],
        "target": ["clean_optical"],
        "baselines": {"do_nothing": {"copy": "clouded_optical"}, "band_mean": {"mean": "target"}},
    },
    "sar_to_optical": {"sources": ["sar"], "target": ["optical", "clean_optical"]},
    "super_resolution": {
        "sources": ["history", "low_resolution"],
        "target": ["high_resolution", "clean_optical", "optical"],
    },
    "segmentation": {"sources": ["clean_optical"], "target": None},
}
