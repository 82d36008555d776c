from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthesis.toy.preview import CLASS_COLOURS, MARGIN_PX, write_preview
from synthesis.toy.scene import make_scene
from synthesis.toy.settings import LatentSettings


@pytest.mark.parametrize("num_bands", [1, 2, 3, 5])
def test_preview_shows_two_frames_and_the_classes(
    tmp_path: Path, settings: Callable[..., LatentSettings], num_bands: int
) -> None:
    scene = make_scene(settings(num_bands=num_bands), None)
    write_preview(tmp_path / "preview.png", scene)
    assert [path.name for path in tmp_path.iterdir()] == ["preview.png"]
    picture = np.array(Image.open(tmp_path / "preview.png"))
    assert picture.shape == (40, 3 * 48 + 2 * MARGIN_PX, 3)
    np.testing.assert_array_equal(picture[:, -48:], CLASS_COLOURS[scene.annotation[..., 1]])
    first, middle = picture[:, :48].astype(int), picture[:, 48 + MARGIN_PX : 96 + MARGIN_PX].astype(int)
    assert first.max() - first.min() > 100
    assert np.abs(first - middle).max() > 10
    if num_bands < 3:
        np.testing.assert_array_equal(first[..., 0], first[..., 2])
