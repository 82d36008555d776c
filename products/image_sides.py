"""Which images, or which windows of them, are for training, validation and test."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from errors import UserError
from products.image_folder import ImageFolder
from products.image_split import (
    Piece,
    Place,
    Split,
    group_places,
    split_by_block,
    split_by_file,
    whole_images,
)
from products.raster_header import RasterInfo

LOG = logging.getLogger(__name__)
FOLDERS = {"train": "train", "val": "val", "validation": "val", "test": "test"}


def make_split(folder: ImageFolder, names: list[str], infos: Mapping[str, RasterInfo]) -> Split:
    """Who reads what. `names` are all that were found: a broken image never moves another to the other side."""
    if folder.test_on == "all":
        return Split(test=_evaluated(folder, names, infos))
    sides: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    outside: list[str] = []
    for name in names:
        top, _, rest = name.partition("/")
        (sides[FOLDERS[top.lower()]] if rest and top.lower() in FOLDERS else outside).append(name)
    if not sides["train"] and not sides["test"]:
        return _seeded(folder, names, infos, folder.test_fraction, folder.val_fraction)
    if outside:
        LOG.info("%d images outside train/, val/ and test/ are left out", len(outside))
    test, val = _evaluated(folder, sides["test"], infos), _evaluated(folder, sides["val"], infos)
    if not sides["train"]:
        return Split((), val, test)
    missing_test = 0.0 if sides["test"] else folder.test_fraction
    missing_val = 0.0 if sides["val"] else folder.val_fraction
    seeded = _seeded(folder, sides["train"], infos, missing_test, missing_val)
    return Split(seeded.train, val or seeded.val, test or seeded.test)


def _few(folder: ImageFolder, number: int) -> bool:
    return folder.split_by == "block" or (folder.split_by == "auto" and number < folder.block_below_files)


def _by_block(folder: ImageFolder, places: Sequence[Place], sides_needed: int) -> bool:
    # Whole files are the better split wherever there are enough of them, unless each is a scene.
    if folder.split_by != "auto" or len(places) < sides_needed:
        return folder.split_by != "file"
    scenes = [place.reference for place in places if place.reference is not None]
    large = all(scene.height * scene.width >= folder.large_image_pixels for scene in scenes)
    return large and len(places) < folder.block_below_files


def _evaluated(folder: ImageFolder, names: list[str], infos: Mapping[str, RasterInfo]) -> tuple[Piece, ...]:
    # Of a few rasters everything is evaluated, of many images their centres.
    sound = [name for name in names if name in infos]
    if folder.tile_size is None or _few(folder, len(sound)):
        return whole_images(sound, infos, folder.tile_size)
    return tuple(Piece(name) for name in sound)


def _seeded(
    folder: ImageFolder,
    names: list[str],
    infos: Mapping[str, RasterInfo],
    test_fraction: float,
    val_fraction: float,
) -> Split:
    if test_fraction == val_fraction == 0:
        return Split(train=tuple(Piece(name) for name in names if name in infos))
    places = group_places(names, infos)
    sides_needed = 1 + (test_fraction > 0) + (val_fraction > 0)
    if _by_block(folder, places, sides_needed):
        blocks: dict[str, Any] = {
            "seed": folder.seed, "test_fraction": test_fraction, "val_fraction": val_fraction,
            "margin": folder.block_margin, "blocks_per_side": folder.blocks_per_side,
        }  # fmt: skip
        sound = [place for place in places if place.reference is not None]
        for place in sound:
            place.members = [name for name in place.members if name in infos]
        split = split_by_block(
            sound, infos, patch_size=folder.patch_size, tile_size=folder.tile_size, **blocks
        )
        if split is not None:
            return split
        if folder.split_by == "block" or len(names) < sides_needed:
            largest = _largest(folder, sound, infos, blocks)
            raise UserError(
                f"data.patch_size is {folder.patch_size}: too large to divide {sound[0].members[0]} "
                f"{'and the others ' if len(names) > 1 else ''}({sound[0].reference.height} x "  # type: ignore[union-attr]
                f"{sound[0].reference.width} pixels) into training, validation and test blocks; "  # type: ignore[union-attr]
                f"the largest possible patch is {largest}"
            )
    if len(places) < sides_needed <= len(names):
        LOG.warning(
            "%d images lie in %d places, yet each is split as if it were alone", len(names), len(places)
        )
        places = group_places(names, {})
    if len(places) < sides_needed:
        raise UserError(f"{len(places)} images in {folder.root} cannot be divided into {sides_needed} sets")
    train, val, test = (
        [name for name in side if name in infos]
        for side in split_by_file(places, folder.seed, test_fraction, val_fraction)
    )
    return Split(
        tuple(Piece(n) for n in train),
        _evaluated_side(folder, val, infos),
        _evaluated_side(folder, test, infos),
    )


def _evaluated_side(
    folder: ImageFolder, names: list[str], infos: Mapping[str, RasterInfo]
) -> tuple[Piece, ...]:
    return (
        whole_images(names, infos, None) if folder.tile_size is None else tuple(Piece(name) for name in names)
    )


def _largest(
    folder: ImageFolder, places: Sequence[Place], infos: Mapping[str, RasterInfo], blocks: dict[str, Any]
) -> int:
    # The largest patch for which blocks can be dealt, by bisection.
    possible, impossible = 0, folder.patch_size
    while impossible - possible > 1:
        size = (possible + impossible) // 2
        if split_by_block(places, infos, patch_size=size, tile_size=size, **blocks) is None:
            impossible = size
        else:
            possible = size
    return possible
