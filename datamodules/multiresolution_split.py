"""Which products, or which rows of them, train, validate and test: by place, never by windows that share pixels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds

from errors import UserError
from products.grid import Grid
from products.product import Product
from products.product_part import ProductPart
from products.reduced_resolution import ReducedResolution
from products.window import Window

PLACES_TO_DEAL = 4  # from so many places on, whole products are dealt
SAME_PLACE = 0.2  # of the smaller footprint: products that share more show one place
SMALLEST_BLOCK_PX = 16  # rows of a block of validation or test


@dataclass(frozen=True)
class SplitOptions:
    """How a null set is taken from the training products.

    Attributes:
        fractions: {"val": ..., "test": ...} of the sets that are wanted; 0 = none.
        margin: rows of the target grid between two blocks that no set reads, at least.
        seed: of the split.
    """

    fractions: Mapping[str, float]
    margin: int
    seed: int


def split_products(
    products: Sequence[Product], target_m: int, options: SplitOptions
) -> dict[str, list[Product]]:
    """Training products and what is taken from them: whole places where there are four or more, else blocks of rows.

    Returns:
        {"train": [...], "val": [...], "test": [...]}, only the sets that `options` names and training.

    Raises:
        UserError: a product is too small to be divided, or products of one place have different grids.
    """
    wanted = {name: fraction for name, fraction in options.fractions.items() if fraction > 0}
    if not wanted:
        return {"train": list(products)}
    places = places_of(products)
    if max(places) + 1 >= PLACES_TO_DEAL:
        return _by_place(products, places, wanted, options.seed)
    parts: dict[str, list[Product]] = {name: [] for name in ("train", *wanted)}
    first_of = dict(zip(reversed(places), reversed(products), strict=True))
    for place, product in zip(places, products, strict=True):
        if product.grids != first_of[place].grids:
            raise UserError(
                f"{product.path}: shows the ground of {first_of[place].path} on another grid; "
                "expected data.val and data.test to be given for such products"
            )
        for name, part in _blocks(product, target_m, wanted, options, place).items():
            parts[name].append(part)
    return parts


def _by_place(
    products: Sequence[Product], places: Sequence[int], wanted: Mapping[str, float], seed: int
) -> dict[str, list[Product]]:
    count = max(places) + 1
    order = [int(place) for place in np.random.default_rng([seed, *b"places"]).permutation(count)]
    owner = {}
    for name, fraction in wanted.items():
        for _ in range(max(1, round(count * fraction))):
            if len(order) > 1:
                owner[order.pop()] = name
    parts: dict[str, list[Product]] = {name: [] for name in ("train", *wanted)}
    for place, product in zip(places, products, strict=True):
        parts[owner.get(place, "train")].append(product)
    return parts


def _blocks(
    product: Product, target_m: int, wanted: Mapping[str, float], options: SplitOptions, place: int
) -> dict[str, Product]:
    """One product as blocks of rows with strips between them that nobody reads; train gets what is left."""
    factors = {distance: product.relation(distance).factor for distance in product.grids}
    factor = factors[target_m]
    # Rows of the target grid that are whole pixels of every grid and of every degraded one.
    unit = math.lcm(*factors.values(), factor * factor) // factor
    usable = ReducedResolution(product, target_m).usable
    first = _up(usable.row, unit)
    rows = (usable.bottom - first) // unit * unit
    extra = math.ceil(
        max(product.relation(target_m).row_offset, 0)
    )  # fine pixels that the last row reaches into
    margin = _up(max(options.margin, extra), unit)
    least = _up(max(2 * factor, SMALLEST_BLOCK_PX), unit)
    heights = {name: max(least, _up(fraction * rows, unit)) for name, fraction in wanted.items()}
    train = rows - sum(heights.values()) - margin * len(heights)
    if train < least:
        needed = rows + least - train
        raise UserError(
            f"{product.path}: found {usable.height} rows of {target_m} m, expected at least {needed} to divide them into "
            f"train, {', '.join(heights)} (or give data.val and data.test, or fractions of 0)"
        )
    heights = {"train": train, **heights}
    order = list(heights)
    if np.random.default_rng([options.seed, place, *b"blocks"]).integers(2):
        order.reverse()
    extra = math.ceil(
        max(product.relation(target_m).row_offset, 0)
    )  # fine pixels that the last row reaches into
    parts: dict[str, Product] = {}
    for name in order:
        height = min(heights[name] * factor + extra, product.grids[product.finest_m].height - first * factor)
        window = Window(first * factor, 0, height, product.grids[product.finest_m].width)
        parts[name] = ProductPart(product, window)
        first += heights[name] + margin
    return parts


def places_of(products: Sequence[Product]) -> list[int]:
    """The place of each product, numbered from 0 as they come: products that show the same ground share one."""
    boxes = [_footprint(product) for product in products]
    places = list(range(len(products)))
    for second in range(len(products)):
        for first in range(second):
            if _same_place(boxes[first], boxes[second]):
                joined, kept = places[second], places[first]
                places = [kept if place == joined else place for place in places]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
    return [numbers[place] for place in places]


def same_ground(product: Product, others: Sequence[Product]) -> Product | None:
    """The first of `others` that shows the ground of `product`; None where none does or nobody knows."""
    box = _footprint(product)
    return next((other for other in others if _same_place(box, _footprint(other))), None)


Box = tuple[float, float, float, float]  # west, south, east, north, degrees


def _footprint(product: Product) -> Box | None:
    grid: Grid = product.grids[product.finest_m]
    if grid.transform is None or not grid.crs:
        return None
    a, b, c, d, e, f = grid.transform
    corners = [(a * x + b * y + c, d * x + e * y + f) for x in (0, grid.width) for y in (0, grid.height)]
    xs, ys = zip(*corners, strict=True)
    try:
        west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", min(xs), min(ys), max(xs), max(ys))
    except CRSError:  # a local reference system, or none that is known: nobody knows where it lies
        return None
    return west, south, east, north


def _same_place(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return False
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width > 0 and height > 0 and width * height > SAME_PLACE * smaller


def _up(value: float, unit: int) -> int:
    return math.ceil(value / unit) * unit
