"""Which files the panels leave, and what is kept for them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from callbacks.super_resolution_panels import GUIDE, MEASURED, METHODS, TARGET, ScenePanels, repeated


def _images(seed: int, extra: str, side: int = 48) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = (*METHODS, extra, GUIDE)
    return {name: rng.normal(2000, 300, (2, side, side)).astype(np.float32) for name in names}


def test_each_of_the_first_scenes_gets_its_panels(tmp_path: Path) -> None:
    panels = ScenePanels(scenes=2, crop_px=24)
    valid = np.ones((2, 48, 48), bool)
    for scene in ("a b", "c/d", "third"):
        panels.keep(scene, _images(1, TARGET), valid)
        panels.keep_native(scene, _images(2, MEASURED), valid, 6)
    panels.draw(tmp_path / "new", ["B1", "B9"], [10, 20, 60])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["native_a_b.png", "native_c_d.png", "scene_a_b.png", "scene_c_d.png"]
    with Image.open(tmp_path / "new" / "scene_a_b.png") as image:
        assert image.width > 5 * 240 and image.height > 2 * 240  # 24 pixels, ten times as large
    panels.forget()
    panels.draw(tmp_path / "other", ["B1", "B9"], [10, 20, 60])
    assert not (tmp_path / "other").exists()


def test_a_more_telling_window_of_the_scene_takes_the_place() -> None:
    panels = ScenePanels(scenes=1, crop_px=24)
    valid = np.ones((2, 48, 48), bool)
    dull, lively = _images(3, TARGET), _images(3, TARGET)
    dull["bicubic"] = dull[TARGET] + 1
    lively["bicubic"] = lively[TARGET] + 500
    for images in (dull, lively, dull):
        panels.keep("scene", images, valid)
    (crop,) = panels._crops.values()
    assert crop.worth[1] == pytest.approx(500, abs=0.1)


def test_cells_are_repeated_to_the_shape_of_the_fine_image() -> None:
    cells = np.arange(4.0).reshape(1, 2, 2)
    assert repeated(cells, 2, (5, 3))[0].tolist() == [
        [0, 0, 1], [0, 0, 1], [2, 2, 3], [2, 2, 3], [2, 2, 3],
    ]  # fmt: skip
