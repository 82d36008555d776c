import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from errors import UserError
from synthesis.toy import latent
from synthesis.toy.derived import find_products, generate
from synthesis.toy.layout import open_product

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def presets() -> dict[str, Any]:
    """Those of the catalogue."""
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("generate", ["generator=toy_derived", "generator.input=none"])
    found = OmegaConf.to_container(config.generator.presets)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory, phenology: dict[str, Any]) -> Path:
    """Three small latent scenes."""
    return latent.generate(
        tmp_path_factory.mktemp("latent"), seed=9, num_scenes=3, num_frames=3, width=60, height=40, num_bands=3,
        num_cells=6, num_classes=2, layout="compact", phenology=phenology,
    )  # fmt: skip


@pytest.fixture
def make(tmp_path: Path, scenes: Path, presets: dict[str, Any]) -> Make:
    """Derives from the three scenes, or from `input`, into `tmp_path/NAME`."""

    def run(name: str = "derived", **keys: Any) -> Path:
        known = {"input": scenes, "preset": "clouded_optical", "presets": presets, "layout": "compact"}
        return generate(tmp_path / name, **{**known, **keys})

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


SIZES = {
    "none": (40, 60), "clean_optical": (40, 45), "clouded_optical": (40, 60), "sar": (40, 45),
    "optical_for_sar": (40, 45), "sar_for_optical": (40, 45), "low_resolution": (5, 6),
    "medium_resolution": (10, 11), "published_low": (50, 50), "published_medium": (256, 256),
    "published_sar": (128, 128),
}  # fmt: skip


def test_every_preset_makes_a_product(make: Make, scenes: Path, presets: dict[str, Any]) -> None:
    assert set(presets) == set(SIZES)
    for name, preset in presets.items():
        # The growth of published_low is for 2689 columns.
        small = preset if preset["distortion"] is None else {**preset, "distortion": {"axis": 1}}
        folder = make(name, input=scenes / "9", preset=name, presets={name: small})
        product = open_product(folder)
        assert product.shape == (*SIZES[name], 3), name
        assert product.frame_indices == ([0] if preset["frame_selection"] else [0, 1, 2])
        assert product.annotation(0)[..., 1].max() == 2


def test_a_folder_of_scenes_gives_a_product_each(make: Make, scenes: Path) -> None:
    folder = make()
    assert sorted(path.name for path in folder.iterdir()) == ["10", "11", "9"]
    clear, clouded = open_product(scenes / "10"), open_product(folder / "10")
    assert clouded.shape == clear.shape
    assert np.abs(clouded.frame(1) - 0.91526 * clear.frame(1) - 0.05598).mean() > 0.05
    ten, eleven = (open_product(folder / name).frame(0) for name in ("10", "11"))
    assert not np.allclose(ten, eleven, atol=0.05)


def test_any_number_of_processes_gives_the_same_files(make: Make) -> None:
    one = contents(make("one", layout="published"))
    assert contents(make("two", layout="published", num_workers=2)) == one
    assert len(one) == 3 * (2 * 3 + 2)


def test_a_finished_product_is_left_alone_and_another_one_refused(make: Make, scenes: Path) -> None:
    folder = make(input=scenes / "9")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    make(input=scenes / "9")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    for keys, message in (
        ({"seed": 2}, r"another generator\.seed \(1 instead of 2\)"),
        ({"preset": "sar"}, r"another generator\.preset \(clouded_optical instead of sar\)"),
        ({"input": scenes / "10"}, r"another generator\.input\.settings\.seed \(9 instead of 10\)"),
    ):
        with pytest.raises(UserError, match=message):
            make(**{"input": scenes / "9", **keys})
    replaced = make(input=scenes / "9", preset="sar", overwrite=True)
    assert contents(replaced) == contents(make("fresh", input=scenes / "9", preset="sar"))


def test_options_of_a_preset_can_be_changed(make: Make, scenes: Path, presets: dict[str, Any]) -> None:
    thin = {**presets["clouded_optical"], "clouds": {"density": 0.0}, "brightness": None}
    folder = make(input=scenes / "9", presets={"clouded_optical": thin})
    np.testing.assert_allclose(open_product(folder).frame(1), open_product(scenes / "9").frame(1), atol=3e-5)
    assert json.loads((folder / "settings.json").read_text())["stages"] == {"clouds": {"density": 0.0}}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"preset": "fog"}, r"generator\.preset is fog: expected one of none, clean_optical"),
        ({"layout": "zip"}, r"generator\.layout is zip"),
        ({"seed": -1}, r"generator\.seed is -1"),
        ({"num_workers": 0}, r"generator\.num_workers is 0"),
        ({"input": "nowhere"}, "input nowhere does not exist"),
        (
            {"preset": "x", "presets": {"x": {"blur": {"sigma_px": 0}}}},
            r"generator\.presets\.x\.blur\.sigma_px is 0",
        ),
    ],
)
def test_bad_values_are_named_and_leave_nothing(
    make: Make, tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(**keys)
    assert list(tmp_path.iterdir()) == []


def test_inputs_that_are_none_are_told(make: Make, tmp_path: Path, scenes: Path) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    with pytest.raises(
        UserError, match=r"holds no toy product: expected index\.json in it or in its sub-folders"
    ):
        make(input=folder)
    (folder / "half").mkdir()
    (folder / "half" / "settings.json").write_text("{}")
    with pytest.raises(UserError, match=r"half holds no toy product: .*interrupted"):
        make(input=folder)
    with pytest.raises(UserError, match="lies in the input"):
        make("input/derived", input=folder)
    assert list(find_products(scenes)) == ["9", "10", "11"]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_of_a_damaged_input_nothing_is_left(
    make: Make, scenes: Path, tmp_path: Path, num_workers: int
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(scenes, damaged)
    file = sorted(damaged.rglob("scene.h5"))[1]
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"scene\.h5 cannot be read"):
        make("bad", input=damaged, num_workers=num_workers)
    unfinished = [
        path for path in tmp_path.glob("bad*/**/settings.json") if not (path.parent / "index.json").exists()
    ]
    assert unfinished == []
