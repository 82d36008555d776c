import json
from pathlib import Path

import pytest

from errors import UserError
from synthesis.toy.manifest import read_manifest, scene_splits, split_fractions, write_manifest

FRACTIONS = {"train": 0.7, "val": 0.15, "test": 0.15}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, (1, 0, 0)),
        (2, (1, 0, 1)),
        (3, (1, 1, 1)),
        (10, (7, 1, 2)),
        (20, (14, 3, 3)),
        (100, (70, 15, 15)),
        (250, (175, 37, 38)),  # as published
    ],
)
def test_scenes_in_each_split(count: int, expected: tuple[int, int, int]) -> None:
    splits = scene_splits(count, FRACTIONS)
    assert tuple(map(splits.count, FRACTIONS)) == expected


def test_a_split_stays_when_the_dataset_grows() -> None:
    large = scene_splits(60, FRACTIONS)
    assert all(scene_splits(count, FRACTIONS) == large[:count] for count in range(60))


def test_a_split_may_be_empty() -> None:
    fractions = split_fractions([0.5, 0, 0.5])
    assert scene_splits(5, fractions) == ["train", "test", "train", "test", "train"]


@pytest.mark.parametrize(
    "values", [[0.7, 0.3], [0.7, 0.2, 0.2], [0, 0.5, 0.5], [1.2, -0.1, -0.1], ["a", 0, 1]]
)
def test_fractions_are_checked(values: list) -> None:
    with pytest.raises(UserError, match=r"generator\.split_fractions is .*sum to 1"):
        split_fractions(values)


def test_a_manifest_is_read_back(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    write_manifest(tmp_path, {"task": "cloud_removal", "scenes": {}})
    assert read_manifest(tmp_path) == {
        "schema": "nadir-toy-dataset/1",
        "task": "cloud_removal",
        "scenes": {},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is no JSON"), (json.dumps({"schema": "other"}), "is no manifest"), ("[]", "is no")],
)
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path)
