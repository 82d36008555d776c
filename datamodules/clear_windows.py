"""Windows without cloud in the ground of a training, and copies of them: what clouds are laid over."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from datamodules.segmentation_windows import Area
from products.mask import Mask
from products.patch_raster import part_of, write_patch
from products.raster_scene import HARMONISED_TAG
from products.scene import Scene
from products.thraws import SYNTHETIC_TAG
from products.window import Window

STEPS = 8  # in a window's side: how finely positions are tried
_MOST = np.iinfo(np.uint16).max


def clear_windows(masks: Sequence[Mask], areas: Sequence[Area], size: int, clear: int) -> Iterator[Area]:
    """Squares of some areas in which every pixel is of the class `clear`; they overlap.

    Args:
        masks: of each scene.
        areas: what may be looked at.
        size: side, pixels.
        clear: index of the class.

    Raises:
        UserError: a mask is damaged.
    """
    step = max(1, size // STEPS)
    for number, outer in areas:
        for row in range(outer.row, outer.bottom - size + 1, step):
            strip = masks[number].read(Window(row, outer.column, size, outer.width))
            clouded = np.concatenate([[0], np.cumsum((strip != clear).sum(0))])
            free = clouded[size:] == clouded[:-size]
            for column in range(0, outer.width - size + 1, step):
                if free[column]:
                    yield Area(number, Window(row, outer.column + column, size, size))
        masks[number].close()


def write_windows(
    folder: Path, scenes: Sequence[Scene], windows: Sequence[Area], *, limit: int, seed: int
) -> int:
    """Write at most `limit` windows that have data everywhere, chosen by the seed, as GeoTIFFs of reflectance x 10 000.

    Returns:
        How many were written.

    Raises:
        UserError: a scene is damaged, or a file cannot be written.
    """
    written = 0
    for place in np.random.default_rng([seed, *b"clear windows"]).permutation(len(windows)):
        if written == limit:
            break
        number, window = windows[place]
        scene = scenes[number]
        pixels, valid = scene.read(window)
        if not valid.all():
            continue
        tags = {HARMONISED_TAG: "1", **({SYNTHETIC_TAG: "1"} if scene.synthetic else {})}
        write_patch(
            folder / f"{scene.name}_{window.row:05d}_{window.column:05d}.tif",
            np.clip(np.rint(pixels), 1, _MOST).astype(np.uint16),
            part_of(scene.grid, window), bands=scene.bands, nodata=0, tags=tags,
        )  # fmt: skip
        written += 1
    for scene in scenes:
        scene.close()
    return written
