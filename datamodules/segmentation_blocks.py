"""A scene cut into strips for training, validation and test, with unread pixels between them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from errors import UserError
from products.window import Window

ARRANGEMENTS = (
    24  # of many strips: seeded orders of strips of which the one that shows the classes best is taken
)
SMALLEST_STRIP = 4  # pixels
LONG_ENOUGH = 0.5  # of the longer side: a side that is cut across
MARGIN_SHARE = 1 / 32  # of the side that is cut: small scenes have smaller margins


@dataclass(frozen=True)
class BlockOptions:
    """How one scene is cut.

    Attributes:
        margin: unread pixels between two strips; less in small scenes.
        block: width of a strip that evaluation should have, pixels.
        seed, place: of the order of the strips.
        name: for messages.
    """

    margin: int
    block: int
    seed: int
    place: int
    name: str


@dataclass(frozen=True)
class ClassProfiles:
    """How many pixels of each class lie in each row and in each column.

    Attributes:
        rows: (H, K) int64.
        columns: (W, K) int64.
    """

    rows: np.ndarray
    columns: np.ndarray


def cut_into_blocks(
    shape: tuple[int, int],
    fractions: Mapping[str, float],
    options: BlockOptions,
    profiles: Sequence[ClassProfiles] | None = None,
) -> dict[str, tuple[Window, ...]]:
    """Strips across one side of a scene.

    Small scenes have one strip for each set; in large ones the sets take turns, with strips of about `block` pixels
    for the smaller of validation and test. Of some seeded orders, along either side, the one is taken in which every
    set has its share of every class.

    Args:
        shape: rows, columns.
        fractions: {"val": ..., "test": ...} of the sets that are wanted besides training.
        options: how.
        profiles: of the scenes that are cut alike; None: the first order is taken.

    Returns:
        {"train": (Window, ...), "val": ..., "test": ...}, only wanted sets; disjoint.

    Raises:
        UserError: the scene is too small.
    """
    sides = [axis for axis in (0, 1) if shape[axis] >= LONG_ENOUGH * max(shape)]
    sides.sort(key=lambda axis: -shape[axis])
    cuts = [(axis, cut) for axis in sides for cut in _cuts(shape[axis], fractions, options, axis)]
    if not cuts:
        raise UserError(
            f"{options.name}: found {shape[0]} x {shape[1]} pixels, too few to divide them into train, "
            f"{', '.join(fractions)}; expected larger scenes, scenes of three places, or fractions of 0"
        )
    if profiles:
        shares = [_shares(profiles, axis) for axis in (0, 1)]
        axis, chosen = max(cuts, key=lambda each: _quality(each[1], shares[each[0]]))
    else:
        axis, chosen = cuts[0]
    return {name: tuple(_window(span, axis, shape) for span in spans) for name, spans in chosen.items()}


Spans = dict[str, list[tuple[int, int]]]  # of each set: first and one past the last row (or column)


def _cuts(length: int, fractions: Mapping[str, float], options: BlockOptions, axis: int) -> list[Spans]:
    """Seeded arrangements of strips along a side; none where it is too short."""
    margin = min(options.margin, max(1, int(length * MARGIN_SHARE)))
    names = ["train", *fractions]
    share = {"train": 1 - sum(fractions.values()), **fractions}
    least = min(share[name] * length for name in fractions)
    turns = max(1, min(int(least // options.block), int(share["train"] * length // (2 * options.block))))
    usable = length - margin * (len(names) * turns - 1)
    widths = {name: int(share[name] * usable / turns) for name in fractions}
    widths["train"] = usable // turns - sum(widths.values())
    if min(widths.values()) < SMALLEST_STRIP:
        return []
    generator = np.random.default_rng([options.seed, options.place, axis, *b"strips"])
    orders: list[list[str]] = []  # of all strips of the scene
    if turns == 1:
        possible = [list(order) for order in permutations(names)]
        orders = [possible[number] for number in generator.permutation(len(possible))]
    else:
        for _ in range(ARRANGEMENTS):
            orders.append([names[i] for _ in range(turns) for i in generator.permutation(len(names))])
    found = []
    for order in orders:
        position = 0
        spans: Spans = {name: [] for name in names}
        for name in order:
            spans[name].append((position, position + widths[name]))
            position += widths[name] + margin
        # What rounding left at the end belongs to the last strip.
        spans[order[-1]][-1] = (spans[order[-1]][-1][0], length)
        found.append(spans)
    return found


def _shares(profiles: Sequence[ClassProfiles], axis: int) -> np.ndarray:
    """(L + 1, K): pixels of each class before each row (or column), as parts of all of the class."""
    total = np.sum([(p.rows, p.columns)[axis] for p in profiles], axis=0, dtype=np.int64)
    summed = np.concatenate([np.zeros((1, total.shape[1])), np.cumsum(total, 0)])
    present = summed[-1] > 0
    return summed[:, present] / summed[-1, present]


def _quality(spans: Spans, shares: np.ndarray) -> float:
    """How well every set shows every class, at most 1: 1 where each has its share of the pixels of each class."""
    length = len(shares) - 1
    worst, mean, count = 1.0, 0.0, 0
    for parts in spans.values():
        fair = sum(end - begin for begin, end in parts) / length
        own = sum((shares[end] - shares[begin] for begin, end in parts), np.zeros(shares.shape[1]))
        for value in np.minimum(own / fair, 1.0):
            worst, mean, count = min(worst, float(value)), mean + math.sqrt(float(value)), count + 1
    return 0.5 * worst + 0.5 * mean / count if count else 0.0


def _window(span: tuple[int, int], axis: int, shape: tuple[int, int]) -> Window:
    begin, end = span
    return Window(begin, 0, end - begin, shape[1]) if axis == 0 else Window(0, begin, shape[0], end - begin)
