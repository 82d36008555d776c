import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy import latent
from synthesis.toy.latent import generate
from synthesis.toy.layout import open_product, write_published_frame

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, phenology: dict[str, Any]) -> Make:
    """Generates a small product in `tmp_path/NAME`."""

    def run(name: str = "product", **keys: Any) -> Path:
        small = {
            "seed": 1, "num_frames": 4, "width": 48, "height": 40, "num_bands": 3, "num_cells": 6,
            "num_classes": 2, "phenology": phenology,
        }  # fmt: skip
        return generate(tmp_path / name, **{**small, **keys})

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("layout", ["published", "compact"])
@pytest.mark.parametrize("rng", ["nadir", "published"])
def test_the_same_settings_give_the_same_bytes(make: Make, layout: str, rng: str) -> None:
    first, again = (
        make("first", layout=layout, rng=rng, seed=0),
        make("again", layout=layout, rng=rng, seed=0),
    )
    assert contents(first) == contents(again)
    other = make("other", layout=layout, rng=rng, seed=1)
    assert not np.array_equal(open_product(first).frame(0), open_product(other).frame(0))


def test_layouts_hold_the_same_scene(make: Make) -> None:
    published, compact = (open_product(make(layout, layout=layout)) for layout in ("published", "compact"))
    np.testing.assert_array_equal(published.frame(2), compact.frame(2))
    np.testing.assert_array_equal(published.annotation(2), compact.annotation(2))


def test_an_interrupted_generation_goes_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(make("whole"))
    written: list[int] = []

    def interrupted(folder: Path, scene: Any, index: int) -> None:
        if index == 2:
            raise KeyboardInterrupt
        write_published_frame(folder, scene, index)

    def counted(folder: Path, scene: Any, index: int) -> None:
        before = (folder / f"frames/frame_{index}.h5").exists()
        write_published_frame(folder, scene, index)
        if not before:
            written.append(index)

    with monkeypatch.context() as patch:
        patch.setattr(latent, "write_published_frame", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make("broken")
    folder = make("whole").parent / "broken"
    with pytest.raises(UserError, match="interrupted"):
        open_product(folder)
    with monkeypatch.context() as patch:
        patch.setattr(latent, "write_published_frame", counted)
        make("broken")
    assert written == [2, 3]
    assert contents(folder) == whole


def test_a_finished_product_is_left_alone(make: Make) -> None:
    folder = make()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    make()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_another_product_is_replaced_only_when_asked(make: Make) -> None:
    before = contents(make(seed=1))
    with pytest.raises(UserError, match=r"another generator\.seed \(1 instead of 2\).*overwrite=true"):
        make(seed=2)
    folder = make(seed=1)
    assert contents(folder) == before
    make(seed=2, layout="compact", overwrite=True)
    assert contents(folder) == contents(make("fresh", seed=2, layout="compact"))


def test_a_strangers_folder_is_not_touched(make: Make, tmp_path: Path) -> None:
    (tmp_path / "product" / "frames").mkdir(parents=True)
    (tmp_path / "product" / "frames" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match=r"without settings\.json"):
        make()
    assert [path.name for path in (tmp_path / "product").rglob("*")] == ["frames", "holiday.jpg"]


def test_several_scenes_have_a_folder_each(make: Make) -> None:
    folder = make(seed=5, num_scenes=3, layout="compact")
    assert sorted(path.name for path in folder.iterdir()) == ["5", "6", "7"]
    assert contents(folder / "6") == contents(make("alone", seed=6, layout="compact"))


def test_preview_is_drawn_only_when_asked(make: Make) -> None:
    folder = make()
    assert not list(folder.glob("*.png"))
    make(preview=True)
    assert (folder / "preview.png").is_file()


def test_settings_are_recorded(make: Make) -> None:
    record = json.loads((make(seed=7) / "settings.json").read_text(encoding="utf-8"))
    assert (record["seed"], record["layout"], record["time_series"]) == (7, "published", [])


def test_series_of_files(make: Make, tmp_path: Path, ts_file: Callable[..., Path]) -> None:
    rows = ["0,1,2,3:0,0,0,0:a", "4,5,6,7:0,1,0,1:b"]
    path = str(ts_file(tmp_path / "x.ts", rows))
    product = open_product(make(time_series=path, phenology=None, num_bands=2, layout="compact"))
    assert product.shape == (40, 48, 2)
    with pytest.raises(UserError, match=r"generator\.num_frames is 5: .* have 4 steps"):
        make("long", time_series=[path], num_bands=2, num_frames=5)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"num_cells": 0}, r"generator\.num_cells is 0"),
        ({"num_frames": 0}, r"generator\.num_frames is 0"),
        ({"layout": "zip"}, r"generator\.layout is zip: expected one of published, compact"),
        ({"num_scenes": 0}, r"generator\.num_scenes is 0"),
        ({"time_series": ["missing.ts"]}, r"missing\.ts does not exist"),
        ({"num_classes": 9, "num_cells": 200}, r"generator\.num_classes is 9"),
        ({"num_bands": 13}, r"generator\.num_bands is 13"),
    ],
)
def test_bad_values_are_named_and_leave_no_product(
    make: Make, tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(**keys)
    assert not (tmp_path / "product").exists()
