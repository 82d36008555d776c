"""Where overlapping windows lie on a scene, and how much each pixel of a window counts."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from products.window import Window

BORDERS = ("reflect", "inside")


def spline_weights(size: int) -> np.ndarray:
    """The squared spline: two parabolas that rise from the rim to the middle, mean 1.

    Of an even size, windows of half overlap sum to exactly 2. Nowhere 0.

    Args:
        size: pixels.

    Returns:
        (size,) float64.
    """
    rim = np.minimum(np.arange(size), np.arange(size)[::-1])
    triangle = 2 * (rim + 1) / (size + 1) if size % 2 else (2 * rim + 1) / size
    rising = np.where(triangle < 0.5, 2 * triangle**2, 1 - 2 * (1 - triangle) ** 2)
    return rising / rising.mean()


def flat_weights(size: int) -> np.ndarray:
    """Every pixel of a window counts the same; (size,) float64."""
    return np.ones(size)


WEIGHTINGS: dict[str, Callable[[int], np.ndarray]] = {"spline": spline_weights, "flat": flat_weights}


@dataclass(frozen=True)
class BlendAxis:
    """Windows along the rows or the columns of a scene.

    Attributes:
        length: of the scene.
        size: of a window.
        starts: first pixel of each window, ascending; negative, and ends beyond the scene, where it is reflected.
    """

    length: int
    size: int
    starts: tuple[int, ...]

    @classmethod
    def over(cls, length: int, window_size: int, step: int, border: str) -> "BlendAxis":
        """Windows that cover a length.

        With `reflect` they go on beyond both ends until each pixel of the scene is in as many windows as any other;
        with `inside` they stay in the scene: the last one begins where it ends with the scene, and none is larger
        than the scene.
        """
        if border == "reflect":
            margin = window_size - step
            last = max(0, -(-(length - step + margin) // step))
            return cls(length, window_size, tuple(number * step - margin for number in range(last + 1)))
        size = min(window_size, length)
        return cls(length, size, (*range(0, length - size, step), length - size))

    @property
    def reached(self) -> int:
        """Pixels from the first of the first window to the last of the last."""
        return self.starts[-1] + self.size - self.starts[0]

    def steps(self) -> dict[int, int]:
        """By the start of each window its pixels that no window after it covers."""
        return dict(zip(self.starts, (*(b - a for a, b in pairwise(self.starts)), self.size), strict=True))

    def indices(self, start: int) -> np.ndarray:
        """Of each pixel of the window the pixel of the scene that it shows, mirrored at the ends without repeating them."""
        if self.length == 1:
            return np.zeros(self.size, np.intp)
        period = 2 * (self.length - 1)
        places = np.arange(start, start + self.size) % period
        return np.where(places < self.length, places, period - places)

    def reach(self, start: int) -> tuple[int, int]:
        """First and past-the-last pixel of the scene that the window shows, mirrored ones included."""
        if start >= 0 and start + self.size <= self.length:
            return start, start + self.size
        indices = self.indices(start)
        return int(indices.min()), int(indices.max()) + 1

    def total(self, weights: np.ndarray) -> np.ndarray:
        """What the weights of all windows sum to from the first pixel that one covers to the last, (reached,) float64."""
        total = np.zeros(self.reached)
        for start in self.starts:
            first = start - self.starts[0]
            total[first : first + self.size] += weights
        return total


@dataclass(frozen=True)
class BlendGrid:
    """Windows over a scene, row by row from the upper left; all of one size."""

    rows: BlendAxis
    columns: BlendAxis

    @classmethod
    def over(cls, shape: tuple[int, int], window_size: int, overlap: float, border: str) -> "BlendGrid":
        """Windows over a scene.

        Args:
            shape: rows, columns.
            window_size: pixels a side.
            overlap: share of a window, on each axis, that the next one covers too.
            border: one of `BORDERS`.

        Raises:
            ValueError: an impossible size or overlap, or no such border.
        """
        if window_size < 1 or not 0 <= overlap < 1 or border not in BORDERS:
            raise ValueError(
                f"window_size={window_size} overlap={overlap} border={border}: expected at least 1, from 0 to below 1, "
                f"and one of {', '.join(BORDERS)}"
            )
        step = step_of(window_size, overlap)
        return cls(*(BlendAxis.over(length, window_size, step, border) for length in shape))

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def windows(self) -> list[Window]:
        """The windows in order, those parts included that lie outside of the scene."""
        return [
            Window(row, column, self.rows.size, self.columns.size)
            for row in self.rows.starts
            for column in self.columns.starts
        ]


def step_of(window_size: int, overlap: float) -> int:
    """Pixels from one window to the next, at least 1."""
    return max(1, round(window_size * (1 - overlap)))
