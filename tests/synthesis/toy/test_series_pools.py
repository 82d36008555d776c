from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.series_pools import disjoint_pools, series_files
from synthesis.toy.time_series import SeriesPool

FRACTIONS = {"train": 0.7, "val": 0.15, "test": 0.15}


def pool(*per_class: int) -> SeriesPool:
    classes = np.repeat(np.arange(1, len(per_class) + 1), per_class)
    return SeriesPool(np.zeros((len(classes), 4, 1)), classes)


def members(pools: dict[str, SeriesPool], number: int) -> dict[str, list[int]]:
    return {split: part.members(number).tolist() for split, part in pools.items()}


@pytest.mark.parametrize(
    ("per_class", "counts"), [(165, [115, 25, 25]), (20, [14, 3, 3]), (4, [2, 1, 1]), (3, [1, 1, 1])]
)
def test_every_series_is_in_one_split(per_class: int, counts: list[int]) -> None:
    pools = disjoint_pools(pool(per_class, 40), FRACTIONS, 1, "optical")
    first = members(pools, 1)
    assert [len(part) for part in first.values()] == counts
    assert sorted(chain(*first.values())) == list(range(per_class))
    assert sorted(chain(*members(pools, 2).values())) == list(range(per_class, per_class + 40))


def test_seed_and_group_decide() -> None:
    first, again, seed, group = (
        members(disjoint_pools(pool(40), FRACTIONS, *key), 1)
        for key in ((1, "optical"), (1, "optical"), (2, "optical"), (1, "sar"))
    )
    assert first == again
    assert first != seed
    assert first != group


def test_lopsided_fractions_leave_one_for_everybody() -> None:
    fractions = {"train": 0.02, "val": 0.49, "test": 0.49}
    assert [len(part) for part in members(disjoint_pools(pool(3), fractions, 1, "x"), 1).values()] == [
        1,
        1,
        1,
    ]
    none = members(disjoint_pools(pool(4), {"train": 0.5, "val": 0.0, "test": 0.5}, 1, "x"), 1)
    assert [len(part) for part in none.values()] == [2, 0, 2]


def test_too_few_series_are_refused() -> None:
    with pytest.raises(UserError, match=r"series\.sar: class 2 has 2 series, expected at least 3"):
        disjoint_pools(pool(5, 2), FRACTIONS, 1, "sar")


def test_a_folder_gives_train_before_test(tmp_path: Path) -> None:
    for name in ("B_TEST.ts", "A_TEST.ts", "A_TRAIN.ts", "A_TRAIN.txt", "A.ts", "B_TRAIN.ts"):
        (tmp_path / name).touch()
    names = [path.name for path in series_files(str(tmp_path), "key")]
    assert names == ["A.ts", "A_TRAIN.ts", "A_TEST.ts", "B_TRAIN.ts", "B_TEST.ts"]


def test_files_and_lists_keep_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / "b.ts", tmp_path / "a.ts"]
    for path in paths:
        path.touch()
    assert series_files(str(paths[0]), "key") == paths[:1]
    assert series_files([str(path) for path in paths], "key") == paths
    assert series_files(None, "key") == []


def test_a_bad_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"series\.sar: .*none does not exist"):
        series_files(tmp_path / "none", "generator.series.sar")
    with pytest.raises(UserError, match=r"series\.sar: .* holds no \.ts file"):
        series_files([str(tmp_path)], "generator.series.sar")
