"""Splits of cloud tiles: by product, and no pixel on two sides."""

from pathlib import Path

import pytest

from errors import UserError
from synthesis.clouds.tile_manifest import TileRecord
from synthesis.clouds.tile_split import check_fractions, with_splits


def tiles(product, rows=range(0, 800, 200), columns=(100, 300)):
    return [
        TileRecord(f"{product}_{row}_{column}", product, row, column, 50, 95, 1, None, Path("m.png"))
        for row in rows
        for column in columns
    ]


def splits(records):
    found = {}
    for record in records:
        found.setdefault(record.product, set()).add(record.split)
    return found


def name(start, stop, platform="S3A", timeliness="NT"):
    return f"{platform}_SL_1_RBT____20230908T{start}_20230908T{stop}_20230909T050257_0179_083_364_2160_PS2_O_{timeliness}_004"


@pytest.mark.parametrize(("count", "expected"), [(3, (1, 1, 1)), (10, (7, 1, 2)), (20, (14, 3, 3))])
def test_products_are_whole_and_every_side_has_some(count, expected):
    found = splits(with_splits([t for n in range(count) for t in tiles(f"P{n}")], tile_px=200))
    assert all(len(sides) == 1 for sides in found.values())
    sides = [side for (side,) in found.values()]
    assert tuple(sides.count(side) for side in ("train", "val", "test")) == expected


def test_order_of_records_does_not_matter_and_the_seed_does():
    records = [tile for number in range(8) for tile in tiles(f"P{number}")]
    first = splits(with_splits(records, tile_px=200))
    assert first == splits(with_splits(records[::-1], tile_px=200))
    assert any(first != splits(with_splits(records, seed=seed, tile_px=200)) for seed in (1, 2, 3))


def test_one_product_is_divided_into_blocks_of_rows():
    found = with_splits(tiles("P"), tile_px=200)
    by_row = {record.row: record.split for record in found}
    assert by_row == {0: "train", 200: "train", 400: "val", 600: "test"}


def test_overlapping_tiles_between_blocks_are_left_out():
    found = with_splits(tiles("P", rows=range(0, 1500, 100)), tile_px=200)
    used = [record for record in found if record.split != "none"]
    rows = {side: [r.row for r in used if r.split == side] for side in ("train", "val", "test")}
    assert max(rows["train"]) + 200 <= min(rows["val"]) and max(rows["val"]) + 200 <= min(rows["test"])
    assert len(used) < len(found)


def test_of_two_products_the_smaller_is_the_test():
    found = splits(with_splits(tiles("A") + tiles("B", rows=(0, 200)), tile_px=200))
    assert found == {"A": {"train", "val"}, "B": {"test"}}


def test_one_scene_that_was_processed_twice_stays_together():
    twice = [name("093409", "093709"), name("093500", "093800", timeliness="NR")]
    others = [name("093800", "094100"), name("093409", "093709", "S3B"), name("111111", "111411")]
    found = splits(with_splits([t for product in twice + others for t in tiles(product)], tile_px=200))
    assert found[twice[0]] == found[twice[1]]
    assert {side for sides in found.values() for side in sides} == {"train", "val", "test"}


def test_tiles_keep_their_splits_when_products_are_added():
    first = with_splits([t for n in range(4) for t in tiles(f"P{n}")], tile_px=200)
    kept = {record.id: record.split for record in first}
    more = [t for n in range(12) for t in tiles(f"P{n}")]
    found = with_splits(more, kept=kept, tile_px=200)
    assert all(record.split == kept[record.id] for record in found if record.id in kept)
    sides = [side for (side,) in splits(found).values()]
    assert (sides.count("val"), sides.count("test")) == (2, 2)


def test_a_single_tile_is_for_training():
    assert [record.split for record in with_splits(tiles("P", (0,), (0,)), tile_px=200)] == ["train"]


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0, 0.5, 0.5), (0.9, 0.2, -0.1), (0.5, 0.2, 0.2)])
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(UserError, match=r"generator\.split_fractions: found"):
        check_fractions(fractions)
