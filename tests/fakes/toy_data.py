"""A small folder of toy scenes, and `data=toy` on it."""

from pathlib import Path
from typing import Any

from datamodules.toy import Toy
from tests.fakes.toy_scenes import TASKS, write_manifest, write_scenes

SPLITS = {"1": "train", "2": "train", "3": "val", "10": "test", "11": "test"}
STEP = 1.0 / 65534  # of the compact layout: what values are rounded by


def write_dataset(folder: Path) -> Path:
    """Five scenes with a manifest, compact; frame 0 of every product has a hole."""
    write_scenes(folder, SPLITS, holes={0: (3, 4)})
    write_manifest(folder, SPLITS)
    return folder


def make_toy(root: Path, **keys: Any) -> Toy:
    """A DataModule for cloud removal that is set up; `satellite`, `num_satellites`, `data_shard` are its attributes."""
    seat = {key: keys.pop(key) for key in ("satellite", "num_satellites", "data_shard") if key in keys}
    settings = {"task": "cloud_removal", "tasks": TASKS, "batch_size": 4, "seed": 7}
    data = Toy(**{"root": str(root), **settings, **keys})
    for key, value in seat.items():
        setattr(data, key, value)
    data.setup()
    return data
