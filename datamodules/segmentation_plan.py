"""Which scenes and masks `data=sentinel2_segmentation` reads, found, paired, checked and split from headers; no torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datamodules.segmentation_classes import class_profiles
from datamodules.segmentation_options import Listing, SegmentationOptions
from datamodules.segmentation_split import SceneSplit, split_scenes
from errors import UserError
from products.mask import Mask
from products.mask_reader import MaskReader
from products.scene import Scene
from products.scene_pairing import pair
from products.scene_reader import SceneReader


@dataclass(frozen=True)
class SegmentationPlan:
    """What is read, and for what.

    Attributes:
        scenes: opened, no file held.
        masks: of each scene.
        bands: of every scene, in order.
        split: which parts of them train, validate and test.
        patch_size: side of training windows: that of the config, or what fits.
        notes: sentences about what is doubtful or was changed.
    """

    scenes: tuple[Scene, ...]
    masks: tuple[Mask, ...]
    bands: tuple[str, ...]
    split: SceneSplit
    patch_size: int
    notes: list[str] = field(default_factory=list)


def preflight(**options: Any) -> None:
    """Check the options of `SegmentationOptions`, and the headers of all scenes and masks where some are named.

    Raises:
        UserError: see `plan_scenes`.
    """
    given = SegmentationOptions(**options)
    if given.images is not None:
        plan_scenes(given, given.scenes, given.images, given.masks, by_classes=False)


def plan_scenes(
    options: SegmentationOptions,
    reader: SceneReader,
    images: Listing,
    masks: Listing,
    *,
    by_classes: bool = True,
) -> SegmentationPlan:
    """Find scenes and masks, open and pair them, and deal them to the sets.

    Args:
        options: the config.
        reader: opens scenes.
        images, masks: what `SceneReader.find` and `scene_pairing.pair` take.
        by_classes: blocks are laid so that every set shows the classes, for which the masks are read once.

    Raises:
        UserError: no scenes, none with a mask, a missing band, a mask on another grid, or a split that cannot be.
    """
    assert images is not None
    scenes, found_masks = _opened(options, reader, images, masks)
    split = split_scenes(
        scenes,
        options.split_options,
        (lambda number: class_profiles(found_masks[number], len(options.classes))) if by_classes else None,
    )
    patch_size, notes = _fitting(options.patch_size, split)
    for name, fraction in options.split_options.fractions.items():
        if fraction > 0 and not split.parts[name]:
            notes.append(f"data: nothing is left for {name}; {split.note}")
    return SegmentationPlan(tuple(scenes), tuple(found_masks), scenes[0].bands, split, patch_size, notes)


def _opened(
    options: SegmentationOptions, reader: SceneReader, images: Listing, masks: Listing
) -> tuple[list[Scene], list[Mask]]:
    assert images is not None
    mask_reader = MaskReader(options.classes, options.mask_resampling)
    scenes: list[Scene] = []
    found: list[Mask] = []
    bands: Sequence[str] | None = None
    for own in pair(reader.find(images), masks, reader).pairs:
        scene = reader.open(own.image, bands)
        bands = scene.bands
        scenes.append(scene)
        found.append(mask_reader.open(own.mask, own.key, scene))
    _name_apart(scenes)
    return scenes, found


def _name_apart(scenes: Sequence[Scene]) -> None:
    """Scenes whose files are called alike get the name of their folder too: ids must tell them apart."""
    counts = Counter(scene.name for scene in scenes)
    for scene in scenes:
        if counts[scene.name] > 1:
            scene.name = f"{scene.path.absolute().parent.name}_{scene.name}".replace("#", "_")
    counts = Counter(scene.name for scene in scenes)
    twice = [scene for scene in scenes if counts[scene.name] > 1]
    if twice:
        paths = ", ".join(str(scene.path) for scene in twice[:2])
        raise UserError(
            f"data.images: found two scenes called {twice[0].name} ({paths}), expected different names"
        )


def _fitting(patch_size: int, split: SceneSplit) -> tuple[int, list[str]]:
    """The patch size, or the longest side of what there is to train on where that is less."""
    sides = [max(area.height, area.width) for part in split.parts["train"] for area in part.areas]
    if not sides or max(sides) >= patch_size:
        return patch_size, []
    note = (
        f"data.patch_size: found {patch_size}, but no training area is longer than {max(sides)} pixels; "
        f"patches have {max(sides)}"
    )
    return max(sides), [note]


def example_path(plan: SegmentationPlan) -> Path | None:
    """The first scene of the test."""
    parts = plan.split.parts["test"] or plan.split.parts["train"]
    return plan.scenes[parts[0].scene].path if parts else None
