from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.time_series import load_pool, read_ts

ROWS = ["1,2,3,4:10,20,30,40:a", "0,0,0,0:1,1,1,1:b", "5,?,7,8:-1,0,0,?:a"]


def test_read_follows_the_header(tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    file = read_ts(ts_file(tmp_path / "x.ts", ROWS))
    assert file.values.shape == (3, 2, 4)
    assert file.labels == ("a", "b", "a")
    np.testing.assert_array_equal(file.values[0, 1], [10, 20, 30, 40])
    np.testing.assert_array_equal(file.values[2, 0], [5, 6, 7, 8])  # a gap is interpolated
    np.testing.assert_array_equal(file.values[2, 1], [-1, 0, 0, 0])  # an end repeats the last value


def test_pooled_and_per_file_scaling(tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    train = ts_file(tmp_path / "train.ts", ["0,1,2,4:0,0,0,2:a", "1,1,1,1:1,1,1,1:b"])
    test = ts_file(tmp_path / "test.ts", ["0,2,4,8:0,0,0,2:b", "1,1,1,1:1,1,1,1:a"])
    pooled = load_pool([train, test], 1, 2)
    assert pooled.values.shape == (4, 4, 1)
    np.testing.assert_allclose(pooled.values[0, :, 0], [0, 1 / 8, 2 / 8, 4 / 8])
    np.testing.assert_allclose(pooled.values[2, :, 0], [0, 2 / 8, 4 / 8, 1])
    per_file = load_pool([train, test], 1, 2, "per_file")
    np.testing.assert_allclose(per_file.values[0, :, 0], per_file.values[2, :, 0])
    np.testing.assert_array_equal(pooled.classes, [1, 2, 2, 1])
    np.testing.assert_array_equal(pooled.members(2), [1, 2])


def test_labels_are_sorted_and_cut_into_groups(tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    rows = [f"1,2,3,4:1,2,3,4:{name}" for name in ("d", "c", "b", "a")]
    file = ts_file(tmp_path / "x.ts", rows, classLabel="true d c b a")
    np.testing.assert_array_equal(load_pool([file], 2, 2).classes, [2, 2, 1, 1])
    np.testing.assert_array_equal(load_pool([file], 2, 4).classes, [4, 3, 2, 1])


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["1,2,3,4:a"], {}, "found 1 dimensions, expected 2"),
        (["1,2,3:1,2,3,4:a"], {}, "found a series of 3 steps"),
        (["1,2,3,4:1,2,x,4:a"], {}, "expected numbers separated by commas"),
        (["1,2,3,4:?,?,?,?:a"], {}, "without any value"),
        (["1,2,3,4:1,2,3,4:c"], {}, "found class 'c', expected one of a, b"),
        ([], {}, "holds no series"),
        (ROWS, {"timeStamps": "true"}, "has time stamps"),
        (ROWS, {"classLabel": "false"}, "has no classes"),
        (["a"], {}, "expected dimensions and a class separated by ':'"),
        (ROWS, {"dimensions": "two"}, "@dimensions is 'two', expected a whole number"),
        (ROWS, {"dimensions": ""}, "@dimensions is '', expected a whole number"),
        (ROWS, {"seriesLength": "0"}, "@seriesLength is '0', expected a whole number"),
        (ROWS, {"seriesLength": "4.5"}, r"@seriesLength is '4\.5', expected a whole number"),
    ],
)
def test_a_bad_file_is_named(
    tmp_path: Path, ts_file: Callable[..., Path], rows: list[str], header: dict[str, Any], message: str
) -> None:
    path = ts_file(tmp_path / "bad.ts", rows, **header)
    with pytest.raises(UserError, match=message) as error:
        read_ts(path)
    assert "bad.ts" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@dimensions 2\n@classLabel true a\n", "has no @data line"),
        ("", "has no @data line"),
        ("@classLabel true a\n1,2:a\n", "line 2: found '1,2:a' before @data"),
        ("@dimensions 1\n@data\n1,2:a\n", "has no classes"),
        ("\x00\x01PNG\n", "line 1: found .* before @data"),
    ],
)
def test_a_bad_header_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.ts"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        read_ts(path)
    assert "bad.ts" in str(error.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no file, expected"):
        read_ts(tmp_path)


def test_a_restricted_pool_keeps_its_indices(tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    pool = load_pool([ts_file(tmp_path / "x.ts", ROWS)], 2, 2)
    part = pool.restricted(np.array([1, 2]))
    assert [part.members(number).tolist() for number in (1, 2)] == [[2], [1]]
    np.testing.assert_array_equal(part.values, pool.values)
    assert pool.members(1).tolist() == [0, 2]


def test_what_the_files_cannot_give_is_refused(tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    file = ts_file(tmp_path / "x.ts", ROWS)
    longer = ts_file(tmp_path / "longer.ts", ["1,2,3,4,5:1,2,3,4,5:a"], seriesLength=5)
    with pytest.raises(UserError, match=r"generator\.num_bands is 3"):
        load_pool([file], 3, 2)
    with pytest.raises(UserError, match=r"generator\.num_classes is 3"):
        load_pool([file], 2, 3)
    with pytest.raises(UserError, match="expected one length"):
        load_pool([file, longer], 2, 1)
    with pytest.raises(UserError, match=r"generator\.time_series: .*none\.ts does not exist"):
        load_pool([tmp_path / "none.ts"], 2, 2)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "shape", "per_class", "mean", "std"),
    [
        ("RacketSports", (303, 30, 3), [165, 138], [0.545, 0.507, 0.482], [0.130, 0.113, 0.122]),
        ("Epilepsy", (275, 206, 3), [141, 134], [0.495, 0.464, 0.427], [0.141, 0.141, 0.110]),
    ],
)
def test_the_published_pools(
    real_data: Path, name: str, shape: tuple[int, ...], per_class: list[int], mean: list, std: list
) -> None:
    folder = real_data / "time_series" / name
    pool = load_pool([folder / f"{name}_{part}.ts" for part in ("TRAIN", "TEST")], 3, 2, "per_file")
    assert pool.values.shape == shape
    assert [len(pool.members(number)) for number in (1, 2)] == per_class
    np.testing.assert_allclose(pool.values.mean(axis=(0, 1)), mean, atol=6e-4)
    np.testing.assert_allclose(pool.values.std(axis=(0, 1)), std, atol=6e-4)
