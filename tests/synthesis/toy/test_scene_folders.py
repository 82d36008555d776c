from pathlib import Path

import pytest

from errors import UserError
from synthesis.toy.scene_folders import find_scenes, natural, products_in, scenes_in
from tests.fakes.toy_scenes import write_product, write_scenes


def test_scenes_in_natural_order(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["10", "2", "1"], ["sar", "clean_optical"], frames=[0])
    write_product(tmp_path / "notes" / ".hidden", frames=[0])
    write_product(tmp_path / ".cache" / "sar", frames=[0])
    (tmp_path / "empty").mkdir()
    (tmp_path / "manifest.json").write_text("{}")
    assert scenes_in(tmp_path) == {name: ["clean_optical", "sar"] for name in ("1", "2", "10")}
    assert list(scenes_in(tmp_path)) == ["1", "2", "10"]


def test_an_unfinished_product_is_none(tmp_path: Path) -> None:
    write_product(tmp_path / "1" / "sar", frames=[0])
    write_product(tmp_path / "1" / "clean_optical", frames=[0])
    (tmp_path / "1" / "sar" / "index.json").unlink()
    assert products_in(tmp_path / "1") == ["clean_optical"]
    assert products_in(tmp_path / "nowhere") == []


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["scene10", "scene9", "b", "a2", "7", "10", "a10"]
    assert sorted(names, key=natural) == ["7", "10", "a2", "a10", "b", "scene9", "scene10"]


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.root=.*nowhere: there is no such folder"):
        find_scenes(tmp_path / "nowhere", "data.root")
    with pytest.raises(
        UserError, match=r"data\.root=.* holds no toy scenes: expected folders <scene>/<product>"
    ):
        find_scenes(tmp_path, "data.root")
    write_scenes(tmp_path, ["1"], ["sar"], frames=[0])
    with pytest.raises(UserError, match=r"it is one scene, with sar: give the folder above it"):
        find_scenes(tmp_path / "1", "data.root")
