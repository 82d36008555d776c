"""Training, validation and test sides of a set of images: by file, or by blocks of a few large rasters.

The split is a function of the seed, the sorted names and where georeferenced images lie; never of the order
in which a file system lists them. Images that cover the same ground are never on two sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from products.crop_positions import CropPositions, tiles
from products.raster_header import RasterInfo
from products.window import Window

SPLIT_ATTEMPTS = 32  # arrangements of blocks of which the one with most room for training crops is taken


@dataclass(frozen=True)
class Piece:
    """The part of one image that a side of the split may read.

    Attributes:
        name: the image, relative to the root.
        windows: what evaluation reads; None = one centre crop. Not used for training.
        excluded: rectangles that training must not touch.
    """

    name: str
    windows: tuple[Window, ...] | None = None
    excluded: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Split:
    """The three sides, each in the order of names."""

    train: tuple[Piece, ...] = ()
    val: tuple[Piece, ...] = ()
    test: tuple[Piece, ...] = ()


@dataclass
class Place:
    """Images of the same ground; `reference` is the one with most pixels."""

    members: list[str] = field(default_factory=list)
    reference: RasterInfo | None = None


def group_places(names: Sequence[str], infos: Mapping[str, RasterInfo]) -> list[Place]:
    """Group images with equal bounds in the same reference system; all others are alone.

    Args:
        names: sorted names.
        infos: headers by name; an image without one (unreadable) is alone.
    """
    places: dict[object, Place] = {}
    for name in names:
        info = infos.get(name)
        place = places.setdefault(_place_key(name, info), Place())
        place.members.append(name)
        if info is not None and (
            place.reference is None
            or info.height * info.width > place.reference.height * place.reference.width
        ):
            place.reference = info
    return list(places.values())


def split_by_file(
    places: Sequence[Place], seed: int, test_fraction: float, val_fraction: float
) -> tuple[list[str], list[str], list[str]]:
    """Names of the training, validation and test images.

    Stratified by folder: shuffled within its folder, the i-th of n images gets the key (i + u) / n with one
    random u per folder, and the smallest keys are test, the next validation; so each folder gives its share,
    to within one image, however small it is.

    Args:
        places: the units, in the order of their first name.
        seed: seed of the split.
        test_fraction: part of all places; at least one where it is above 0.
        val_fraction: part of the places that are left; at least one where it is above 0.
    """
    folders: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        folders.setdefault(place.members[0].rpartition("/")[0], []).append(number)
    keys: list[tuple[float, int]] = []
    for position, folder in enumerate(sorted(folders)):
        generator = np.random.default_rng([seed, position])
        shuffled, offset = generator.permutation(folders[folder]), generator.random()
        keys += [((rank + offset) / len(shuffled), int(number)) for rank, number in enumerate(shuffled)]
    order = [number for _, number in sorted(keys)]
    num_test, num_val = side_sizes(len(order), test_fraction, val_fraction)
    sides = order[num_test + num_val :], order[num_test : num_test + num_val], order[:num_test]
    train, val, test = (sorted(name for number in side for name in places[number].members) for side in sides)
    return train, val, test


def side_sizes(count: int, test_fraction: float, val_fraction: float) -> tuple[int, int]:
    """How many of `count` units are test and validation; at least one where the fraction is above 0."""
    num_test = min(count, max(1, round(test_fraction * count))) if test_fraction > 0 else 0
    left = count - num_test
    num_val = min(left, max(1, round(val_fraction * left))) if val_fraction > 0 else 0
    return num_test, num_val


def split_by_block(
    places: Sequence[Place],
    infos: Mapping[str, RasterInfo],
    seed: int,
    test_fraction: float,
    val_fraction: float,
    patch_size: int,
    tile_size: int | None,
    margin: int,
    blocks_per_side: int,
) -> Split | None:
    """Divide each place into blocks and deal them to the sides; None where no arrangement leaves every side a window.

    Blocks are whole multiples of the larger of patch and tile, about `blocks_per_side` along the longer
    side. Training may read whatever is at least `margin` pixels away from test and validation blocks.

    Args:
        places: the rasters, grouped by ground; a block covers the same ground in all images of a place.
        infos: headers by name.
        seed: seed of the split.
        test_fraction, val_fraction: parts of the blocks, see `side_sizes`.
        patch_size: side of a training crop, pixels.
        tile_size: side of an evaluation window, pixels; None = the whole block.
        margin: pixels between training and the other sides.
        blocks_per_side: blocks along the longer side of a raster.
    """
    unit = max(patch_size, tile_size or 0)
    blocks = [
        (number, block)
        for number, place in enumerate(places)
        for block in _grid(place, unit, blocks_per_side)
    ]
    num_test, num_val = side_sizes(len(blocks), test_fraction, val_fraction)
    if num_test + num_val > len(blocks) or (test_fraction > 0) > num_test or (val_fraction > 0) > num_val:
        return None
    best, most = None, 0
    for attempt in range(SPLIT_ATTEMPTS):
        order = np.random.default_rng([seed, attempt]).permutation(len(blocks))
        test = [blocks[number] for number in sorted(order[:num_test])]
        val = [blocks[number] for number in sorted(order[num_test : num_test + num_val])]
        train = [
            Piece(
                name,
                excluded=tuple(
                    _grown(_scaled(b, place, infos[name]), margin) for n, b in test + val if n == i
                ),
            )
            for i, place in enumerate(places)
            for name in place.members
        ]
        room = sum(positions(piece, infos[piece.name], patch_size).count for piece in train)
        if room > most:
            split = Split(
                tuple(
                    sorted(
                        (piece for piece in train if positions(piece, infos[piece.name], patch_size).count),
                        key=_name,
                    )
                ),
                _tiled(val, places, infos, tile_size),
                _tiled(test, places, infos, tile_size),
            )
            if bool(split.test) == (num_test > 0) and bool(split.val) == (num_val > 0):
                best, most = split, room
    return best


def whole_images(
    names: Sequence[str], infos: Mapping[str, RasterInfo], tile_size: int | None
) -> tuple[Piece, ...]:
    """Evaluation pieces that cover whole images with tiles (None = each image is one window)."""
    areas = ((name, infos[name].window) for name in sorted(names))
    return tuple(Piece(name, windows=_windows(area, tile_size)) for name, area in areas)


def positions(piece: Piece, info: RasterInfo, patch_size: int) -> CropPositions:
    """Where training crops of a piece may lie."""
    return CropPositions(info.height, info.width, patch_size, patch_size, piece.excluded)


def _place_key(name: str, info: RasterInfo | None) -> object:
    if info is None or info.transform is None:
        return name
    a, b, c, d, e, f = info.transform
    corners = (c, f, c + a * info.width + b * info.height, f + d * info.width + e * info.height)
    size = abs(corners[2] - corners[0]) + abs(corners[3] - corners[1])
    # Bands of one product differ in the last pixels of their bounds; a thousandth of the size is no other place.
    return (info.crs, *(round(corner / size * 1000) for corner in corners)) if size else name


def _name(piece: Piece) -> str:
    return piece.name


def _grid(place: Place, unit: int, blocks_per_side: int) -> list[Window]:
    info = place.reference
    if info is None:
        return []
    side = unit * max(1, round(max(info.height, info.width) / (blocks_per_side * unit)))
    side = side if min(info.height, info.width) >= side else unit
    return [
        Window(row * side, column * side, side, side)
        for row in range(info.height // side)
        for column in range(info.width // side)
    ]


def _scaled(block: Window, place: Place, info: RasterInfo) -> Window:
    # A block of the reference in the pixels of another image of the place, rounded outwards.
    reference = place.reference or info
    if (reference.height, reference.width) == (info.height, info.width):
        return block
    vertical, horizontal = info.height / reference.height, info.width / reference.width
    top, left = int(block.row * vertical), int(block.column * horizontal)
    bottom = min(info.height, -int(-(block.row + block.height) * vertical // 1))
    right = min(info.width, -int(-(block.column + block.width) * horizontal // 1))
    return Window(top, left, bottom - top, right - left)


def _grown(block: Window, margin: int) -> Window:
    return Window(
        block.row - margin, block.column - margin, block.height + 2 * margin, block.width + 2 * margin
    )


def _windows(area: Window, tile_size: int | None) -> tuple[Window, ...]:
    return (area,) if tile_size is None else tuple(tiles(area, tile_size, tile_size))


def _tiled(
    blocks: Sequence[tuple[int, Window]],
    places: Sequence[Place],
    infos: Mapping[str, RasterInfo],
    tile_size: int | None,
) -> tuple[Piece, ...]:
    windows: dict[str, list[Window]] = {}
    for number, block in blocks:
        for name in places[number].members:
            area = _scaled(block, places[number], infos[name])
            windows.setdefault(name, []).extend(_windows(area, tile_size))
    return tuple(Piece(name, tuple(found)) for name, found in sorted(windows.items()) if found)
