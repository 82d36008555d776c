from collections.abc import Callable

import numpy as np

from synthesis.toy.derivation.scene_frames import SceneFrames
from synthesis.toy.scene import make_scene
from synthesis.toy.settings import LatentSettings


def test_a_scene_gives_frames_as_its_product_would(settings: Callable[..., LatentSettings]) -> None:
    scene = make_scene(settings(), None)
    frames = SceneFrames(scene)
    assert (frames.shape, frames.frame_indices, frames.horizon, frames.num_cells) == (
        (40, 48, 3), [0, 1, 2, 3], 4, 6,
    )  # fmt: skip
    np.testing.assert_array_equal(frames.frame(2), scene.frame(2))
    assert frames.annotation(0) is frames.annotation(3)
