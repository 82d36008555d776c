"""Which cloud tiles are for training, validation and test: by product, or by blocks of rows of a single one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from errors import UserError
from products.image_split import side_sizes
from products.slstr_names import SlstrName, read_name
from synthesis.clouds.tile_manifest import NO_SPLIT, SPLITS, TileRecord

_TOLERANCE = 1e-6  # 0.7 + 0.15 + 0.15 is not 1


def check_fractions(fractions: Sequence[float]) -> tuple[float, float, float]:
    """Parts of the products for train, val and test.

    Raises:
        UserError: not three that sum to 1, or nothing to train on.
    """
    values = [float(value) for value in fractions]
    if len(values) != len(SPLITS) or min(values) < 0 or abs(sum(values) - 1) > _TOLERANCE or values[0] == 0:
        raise UserError(
            f"generator.split_fractions: found {list(fractions)}, expected three (train above 0, val, test) that sum to 1"
        )
    return values[0], values[1], values[2]


def with_splits(
    records: Sequence[TileRecord],
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    kept: Mapping[str, str] | None = None,
    *,
    tile_px: int,
) -> list[TileRecord]:
    """The records with their splits.

    Products whose times of sensing overlap (one scene processed twice) stay together. Of two, the smaller is the test
    and the last rows of the other the validation; a single one is divided into blocks of rows, from which tiles that
    reach into the next block are left out ("none"). The order of products is a function of their names and the seed.

    Args:
        records: of all tiles.
        fractions: of the products for train, val and test; at least one where the fraction is above 0.
        seed: of the order.
        kept: {id: split} of tiles that have one: they, and other tiles of their product, keep it.
        tile_px: side of a tile.
    """
    train, val, test = check_fractions(fractions)
    kept = kept or {}
    units = _units(records)
    splits: dict[str, str] = {}
    fresh = []
    for unit in units:
        old = {kept[record.id] for record in unit if record.id in kept}
        if not old:
            fresh.append(unit)
            continue
        other = old.pop() if len(old) == 1 else NO_SPLIT
        splits |= {record.id: kept.get(record.id, other) for record in unit}
    fresh.sort(key=lambda unit: _order(unit[0].product, seed))
    if len(fresh) == len(units) <= 2:
        splits |= _few(fresh, val, test, tile_px)
    else:
        num_test, num_val = side_sizes(len(units), test, val / (train + val))
        wanted = {"test": num_test, "val": num_val}
        for unit in units:
            for split in {splits[record.id] for record in unit if record.id in splits} & wanted.keys():
                wanted[split] -= 1
        for unit in fresh:
            split = next((name for name, missing in wanted.items() if missing > 0), "train")
            if split in wanted:
                wanted[split] -= 1
            splits |= {record.id: split for record in unit}
    return [replace(record, split=splits[record.id]) for record in records]


def _few(units: Sequence[Sequence[TileRecord]], val: float, test: float, tile_px: int) -> dict[str, str]:
    """Of one product or two."""
    units = sorted(units, key=len)
    if len(units) == 2:
        if not val or not test:
            other = "val" if val else "test" if test else "train"
            return {record.id: other for record in units[0]} | {record.id: "train" for record in units[1]}
        return {record.id: "test" for record in units[0]} | _blocks(units[1], val / (1 - test), 0, tile_px)
    return _blocks(units[0], val, test, tile_px) if units else {}


def _blocks(unit: Sequence[TileRecord], val: float, test: float, tile_px: int) -> dict[str, str]:
    """Blocks of rows (of columns where those are more), the first for training and the last for the test."""
    axis = max(("row", "column"), key=lambda name: len({getattr(record, name) for record in unit}))
    starts = sorted({getattr(record, axis) for record in unit})
    num_test, num_val = side_sizes(len(starts), test, val / (1 - test))
    if num_test + num_val >= len(starts):
        return {record.id: "train" for record in unit}
    names = ["train"] * (len(starts) - num_test - num_val) + ["val"] * num_val + ["test"] * num_test
    split_of = dict(zip(starts, names, strict=True))
    splits = {}
    for record in unit:
        start = getattr(record, axis)
        reached = {split_of[other] for other in starts if start <= other < start + tile_px}
        splits[record.id] = split_of[start] if len(reached) == 1 else NO_SPLIT
    return splits


def _units(records: Sequence[TileRecord]) -> list[list[TileRecord]]:
    """Tiles that must stay together: of one product, or of products of one platform that saw the same moment."""
    products: dict[str, list[TileRecord]] = {}
    for record in records:
        products.setdefault(record.product, []).append(record)
    units: list[list[TileRecord]] = []
    named: list[tuple[SlstrName, list[TileRecord]]] = []
    for product, tiles in products.items():
        name = read_name(product)
        if name is None:
            units.append(tiles)
        else:
            named.append((name, tiles))
    last: SlstrName | None = None
    for name, tiles in sorted(named, key=lambda each: (each[0].platform, each[0].start, each[0].name)):
        if last is not None and name.platform == last.platform and name.start < last.stop:
            units[-1].extend(tiles)
            last = name if name.stop > last.stop else last
        else:
            units.append(list(tiles))
            last = name
    return units


def _order(product: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{product}".encode()).hexdigest()
