import json
from pathlib import Path
from typing import Any

import pytest

from datamodules.toy_split import drawn, split_scenes
from errors import UserError
from synthesis.toy.manifest import SPLITS
from tests.fakes.toy_scenes import write_manifest

SCENES = ["1", "2", "10"]
GIVEN = {"1": "test", "2": "train", "10": "val"}


def split(root: Path, scenes: list[str] = SCENES, **keys: Any) -> Any:
    return split_scenes(root, scenes, **{"val_fraction": 0.15, "test_fraction": 0.15, "seed": 73, **keys})


def test_the_manifest_decides(tmp_path: Path) -> None:
    write_manifest(tmp_path, GIVEN, classes=5)
    found = split(tmp_path)
    assert found.parts == {"train": ["2"], "val": ["10"], "test": ["1"]}
    assert (found.note, found.classes) == (None, 5)


def test_a_shared_pool_of_series_is_noted(tmp_path: Path) -> None:
    write_manifest(tmp_path, GIVEN, series_pool="shared")
    assert "training and test scenes share time series" in split(tmp_path).note
    write_manifest(tmp_path, GIVEN, series_pool="generated")
    assert split(tmp_path).note is None


def test_scenes_that_the_manifest_does_not_name_are_left_out(tmp_path: Path) -> None:
    write_manifest(tmp_path, GIVEN)
    found = split(tmp_path, [*SCENES, "11"])
    assert [name for part in found.parts.values() for name in part] == ["2", "10", "1"]
    assert found.note.startswith("1 scenes in ")


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(250, (175, 37, 38)), (10, (7, 1, 2)), (3, (1, 1, 1)), (2, (1, 0, 1)), (1, (0, 0, 1))],
)
def test_whole_scenes_are_drawn(count: int, sizes: tuple[int, int, int]) -> None:
    scenes = [str(number) for number in range(1, count + 1)]
    parts = drawn(scenes, 0.15, 0.15, 73)
    assert tuple(len(parts[part]) for part in SPLITS) == sizes
    assert sorted(name for part in SPLITS for name in parts[part]) == sorted(scenes)
    assert all(part == sorted(part, key=int) for part in parts.values())


def test_the_draw_is_seeded() -> None:
    scenes = [str(number) for number in range(40)]
    assert drawn(scenes, 0.15, 0.15, 73) == drawn(scenes, 0.15, 0.15, 73)
    assert drawn(scenes, 0.15, 0.15, 73) != drawn(scenes, 0.15, 0.15, 74)


def test_no_manifest_is_noted(tmp_path: Path) -> None:
    note = split(tmp_path).note
    assert note.startswith(f"{tmp_path} has no manifest.json")
    assert "seed 73" in note


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ({"schema": "nadir-toy-dataset/2"}, "nadir-toy-dataset/1"),
        ({"scenes": {}}, "found no scenes, expected scenes with a split of train, val, test"),
        ({"scenes": ["1"]}, "found no scenes"),
        ({"scenes": {"1": {"split": "dev"}}}, "found split 'dev' for scene 1"),
        (
            {"scenes": {"1": {"split": "test"}, "7": {"split": "train"}}},
            "names 1 of 2 scenes that are not there, scene 7 for one",
        ),
    ],
)
def test_manifests_that_cannot_be_obeyed(tmp_path: Path, content: Any, message: str) -> None:
    path = write_manifest(tmp_path, GIVEN)
    if isinstance(content, dict):
        content = json.dumps({**json.loads(path.read_text()), **content})
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        split(tmp_path)


def test_an_unfinished_dataset_is_none(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(UserError, match=r"is an unfinished dataset without manifest\.json"):
        split(tmp_path)
