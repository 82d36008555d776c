import json
from pathlib import Path

import pytest

from errors import UserError
from synthesis.toy.claim import claim, plain

SETTINGS = {"seed": 1, "stages": {"blur": {"sigma_px": 1.5}, "clouds": None}}


def test_a_new_folder_is_claimed_and_goes_on_until_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "product"
    assert claim(folder, SETTINGS, False) is False
    assert json.loads((folder / "settings.json").read_text()) == SETTINGS
    (folder / "frames").mkdir()
    assert claim(folder, SETTINGS, False) is False
    (folder / "index.json").write_text("{}")
    assert claim(folder, SETTINGS, False) is True


def test_another_product_is_named_by_what_differs(tmp_path: Path) -> None:
    claim(tmp_path, SETTINGS, False)
    other = {"seed": 1, "stages": {"blur": {"sigma_px": 2.0}, "clouds": None}}
    with pytest.raises(UserError, match=r"generator\.stages\.blur\.sigma_px \(1\.5 instead of 2\.0\)"):
        claim(tmp_path, other, False)
    with pytest.raises(UserError, match=r"generator\.seed \(1 instead of None\)"):
        claim(tmp_path, {"stages": SETTINGS["stages"]}, False)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(UserError, match=r"generator\.seed \(None instead of 1\)"):
        claim(tmp_path, SETTINGS, False)


def test_overwriting_removes_the_product_and_nothing_else(tmp_path: Path) -> None:
    claim(tmp_path, SETTINGS, False)
    (tmp_path / "frames").mkdir()
    for name in ("index.json", "scene.h5", "frames.h5", "frames/frame_0.h5", "notes.txt"):
        (tmp_path / name).write_text("x")
    assert claim(tmp_path, {"seed": 2}, True) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "settings.json"]


def test_what_has_no_record_is_a_strangers(tmp_path: Path) -> None:
    (tmp_path / "frames.h5").write_text("x")
    with pytest.raises(UserError, match=r"holds a product without settings\.json"):
        claim(tmp_path, SETTINGS, False)
    (tmp_path / "frames.h5").rename(tmp_path / "mine")
    with pytest.raises(UserError, match=r"without settings\.json"):
        claim(tmp_path, SETTINGS, False, complete="manifest.json", files=("mine",), folders=())


def test_plain_gives_json_types() -> None:
    assert plain({1: (1, [2, {"a": None}]), "b": "text"}) == {"1": [1, [2, {"a": None}]], "b": "text"}
