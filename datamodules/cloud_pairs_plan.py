"""What `data=cloud_pairs` reads, found and dealt from headers and the manifest; no torch."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datamodules import segmentation_plan
from datamodules.segmentation_options import SegmentationOptions
from datamodules.segmentation_split import SETS
from datamodules.segmentation_windows import Area
from errors import UserError
from products.class_table import ClassTable
from products.mask import Mask
from products.mask_reader import MaskReader
from products.scene import Scene
from products.scene_reader import SceneReader
from synthesis.clouds.pair_manifest import PairRecord, read_pairs

TRAIN_ON = ("pairs", "real", "both")
TEST_WITH = ("pairs", "real")
CLEAR, CLOUD = "clear", "cloud"
_LOOK = {CLEAR: [112, 153, 89], CLOUD: [255, 0, 0]}
_PICTURE = ".png"


@dataclass(frozen=True)
class Roles:
    """Who trains and who tests.

    Args:
        root: folder of pairs.
        train_on: `pairs`, `real` or `both`.
        test_with: validation and test are `pairs` or `real`.
        pair_share: of the training windows that are pairs, with `train_on=both`.
        images: real scenes; None: generated ones stand for them.

    Raises:
        UserError: an impossible value, or something is named that nothing uses.
    """

    root: str | Path | None
    train_on: str
    test_with: str
    pair_share: float
    images: Any = None

    def __post_init__(self) -> None:
        for key, known in (("train_on", TRAIN_ON), ("test_with", TEST_WITH)):
            if getattr(self, key) not in known:
                raise UserError(f"data.{key}: found '{getattr(self, key)}', expected {', '.join(known)}")
        if not 0 < self.pair_share < 1:
            raise UserError(f"data.pair_share: found {self.pair_share}, expected more than 0 and less than 1")
        if self.images is not None and not self.needs_real:
            raise UserError(
                "data.images: found real scenes that nothing uses, expected data.test_with=real, or data.train_on=both"
            )

    @property
    def needs_real(self) -> bool:
        """Whether real scenes are read."""
        return "real" in (self.train_on, self.test_with) or self.train_on == "both"

    @property
    def needs_pairs(self) -> bool:
        """Whether pairs are read."""
        return "pairs" in (self.train_on, self.test_with) or self.train_on == "both"

    def folder(self) -> Path:
        """Of the pairs.

        Raises:
            UserError: none is named.
        """
        if self.root is None:
            raise UserError(
                "data.root: found null, expected a folder that generate.py generator=cloud_pairs has made"
            )
        return Path(self.root)


@dataclass(frozen=True)
class PairPlan:
    """Pairs as scenes with masks.

    Attributes:
        scenes, masks: opened, no file held.
        bands: of every image, in order.
        areas: of each set, whole images.
        pictures: whether images are pictures of 8 bits.
        note: one sentence on what the sets share.
    """

    scenes: tuple[Scene, ...]
    masks: tuple[Mask, ...]
    bands: tuple[str, ...]
    areas: Mapping[str, tuple[Area, ...]]
    pictures: bool
    note: str


def preflight(
    *,
    root: str | Path | None,
    train_on: str,
    test_with: str,
    pair_share: float,
    mask_classes: ClassTable,
    cloud_names: Sequence[str],
    **options: Any,
) -> None:
    """Check what the config says, the manifest of the pairs, and headers of real scenes and masks where some are named.

    Raises:
        UserError: see `Roles`, `read_pairs` and `plan_scenes`.
    """
    roles = Roles(root, train_on, test_with, pair_share, options.get("images"))
    options["classes"] = cloud_or_clear(mask_classes, cloud_names)
    if roles.needs_real:
        segmentation_plan.preflight(**options)
    else:
        SegmentationOptions(**options)
    if roles.root is not None and roles.needs_pairs:
        read_pairs(roles.root)


def cloud_or_clear(table: ClassTable, cloud_names: Sequence[str]) -> ClassTable:
    """A table of any classes as one of two: 0 clear, 1 cloud; what stood for no class still does.

    Args:
        table: what the numbers in masks mean.
        cloud_names: classes that are cloud; all others are clear.

    Raises:
        UserError: no class of the table is cloud, or all are.
    """
    cloud = [
        value
        for name, own in zip(table.names, table.values, strict=True)
        if name in cloud_names
        for value in own
    ]
    clear = [value for own in table.values for value in own if value not in cloud]
    if not cloud or not clear:
        raise UserError(
            f"data.mask_classes: found {', '.join(table.names)}, expected classes of which some but not all are among "
            f"data.cloud_names ({', '.join(cloud_names)})"
        )
    return _two_classes(f"{table.name}, cloud or clear", clear, cloud, table.ignore)


def _two_classes(name: str, clear: Sequence[int], cloud: Sequence[int], ignore: Sequence[int]) -> ClassTable:
    values = {CLEAR: clear, CLOUD: cloud}
    classes = {key: {"values": list(own), "colour": _LOOK[key]} for key, own in values.items()}
    return ClassTable(name=name, classes=classes, ignore=ignore)


def open_pairs(
    roles: Roles,
    reader: SceneReader,
    *,
    bands: Sequence[str] | None,
    fractions: Mapping[str, float],
    seed: int,
) -> PairPlan:
    """Open all pairs of a folder and deal them to the sets.

    With `test_with=real` all of them train. Else the manifest says which test, where its masks were split by product;
    where they were not, a seeded part of the pairs does.

    Args:
        roles: name the folder.
        reader: opens the images.
        bands: which, in order; None: all of the first.
        fractions: {"val": ..., "test": ...}, where the manifest does not say.
        seed: of that choice.

    Raises:
        UserError: no pairs, one lacks a band, 8-bit pictures beside real scenes, or nothing is left to train on.
    """
    records = read_pairs(roles.folder())
    pictures = records[0].image.suffix.lower() == _PICTURE
    if pictures and roles.needs_real:
        raise UserError(
            f"{roles.root}: found 8-bit pictures, expected reflectance beside real scenes: "
            "generate.py generator=cloud_pairs format=geotiff with surfaces of 16 bits or floats"
        )
    reader = copy.copy(reader)
    if pictures:
        reader.nodata = None  # black is a colour
    mask_reader = MaskReader(_two_classes("masks of pairs", [0], [1, 255], ()) if pictures
                             else _two_classes("masks of pairs", [0], [1], (255,)))  # fmt: skip
    scenes: list[Scene] = []
    masks: list[Mask] = []
    for record in records:
        scene = reader.open(record.image, bands)
        bands = scene.bands
        scene.name = f"pair_{record.id}"
        scenes.append(scene)
        masks.append(mask_reader.open(record.mask, None, scene))
    owners, note = _owners(records, roles, fractions, seed)
    areas = {
        key: tuple(Area(number, scenes[number].window) for number, owner in enumerate(owners) if owner == key)
        for key in SETS
    }
    if not areas["train"]:
        raise UserError(
            f"{roles.root}: found no pair to train on, expected masks of the split train, or more pairs"
        )
    return PairPlan(tuple(scenes), tuple(masks), scenes[0].bands, areas, pictures, note)


def _owners(
    records: Sequence[PairRecord], roles: Roles, fractions: Mapping[str, float], seed: int
) -> tuple[list[str], str]:
    """The set of each pair ("" for none), and what the sets share."""
    if roles.test_with == "real":
        return ["train"] * len(records), "all pairs train"
    said = [record.split for record in records]
    if "test" in said or "val" in said:
        note = "pairs by the split of their masks; surfaces may be in several sets"
        return [own if own in SETS else "" if own else "train" for own in said], note
    owners = ["train"] * len(records)
    order = [int(number) for number in np.random.default_rng([seed, *b"pairs"]).permutation(len(records))]
    for name, fraction in fractions.items():
        for _ in range(max(1, round(fraction * len(records))) if fraction > 0 else 0):
            if len(order) > 1:
                owners[order.pop()] = name
    return owners, "pairs at random; surfaces may be in several sets, and so may masks that were turned"
