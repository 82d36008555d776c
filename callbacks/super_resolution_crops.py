"""Which part of a scene is drawn: a square where the methods differ."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

ENOUGH_VALID = 0.75  # of a square's pixels, for it to be drawn rather than one with fewer


@dataclass(frozen=True)
class Crop:
    """A square of a window, copied out of it.

    Attributes:
        images: {name: `(C, h, w)` digital numbers}.
        valid: `(h, w)` bool: data in all bands.
        row, column: of its corner in the window.
        worth: (share of valid pixels, at most what is enough; mean difference): the greater the better to see.
    """

    images: dict[str, np.ndarray]
    valid: np.ndarray
    row: int
    column: int
    worth: tuple[float, float]


def most_telling(
    images: Mapping[str, np.ndarray], valid: np.ndarray, difference: np.ndarray, size: int, align: int = 1
) -> Crop | None:
    """The square whose pixels differ most in the mean, among those with enough valid pixels.

    Args:
        images: {name: `(C, H, W)`}, all of one height and width.
        valid: `(H, W)` bool.
        difference: `(H, W)`, of two images; not looked at where not valid.
        size: side in pixels; a smaller window is taken whole.
        align: corner and side are multiples of it (coarse pixels), where the window allows.

    Returns:
        None where no pixel is valid.
    """
    if not valid.any():
        return None
    sides = [min(length, max(size // align, 1) * align) for length in valid.shape]
    step = max(sides[0] // 2 // align, 1) * align
    best: Crop | None = None
    for row in range(0, valid.shape[0] - sides[0] + 1, step):
        for column in range(0, valid.shape[1] - sides[1] + 1, step):
            cut = slice(row, row + sides[0]), slice(column, column + sides[1])
            inside = difference[cut][valid[cut]]
            inside = inside[np.isfinite(inside)]
            share = float(valid[cut].mean())
            worth = (min(share, ENOUGH_VALID), float(inside.mean()) if inside.size else 0.0)
            if share and (best is None or worth > best.worth):
                best = Crop({}, valid[cut], row, column, worth)
    if best is None:
        return None
    cut = slice(best.row, best.row + sides[0]), slice(best.column, best.column + sides[1])
    copies = {name: image[:, *cut].copy() for name, image in images.items()}
    return Crop(copies, best.valid.copy(), best.row, best.column, best.worth)
