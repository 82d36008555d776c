from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.pipeline import DerivedFrames, SceneFrames, derive
from synthesis.toy.layout import open_product
from synthesis.toy.scene import Scene, make_scene
from synthesis.toy.settings import LatentSettings

EVERYTHING: dict[str, Any] = {
    "frame_selection": {"every": 2},
    "clouds": {},
    "brightness": {"multiply": [0.9, 1.1], "add": [-0.1, 0.1]},
    "distortion": {},
    "aggregation": {"size": [20, 18]},
    "blur": {"sigma_px": 0.8},
    "salt_and_pepper": {"fraction": [0.1, 0.2]},
    "speckle": {"looks": 4},
    "stripes": {"period_px": 8, "width_px": 2},
}


@pytest.fixture(scope="module")
def scene(settings: Callable[..., LatentSettings]) -> Scene:
    return make_scene(settings(), None)


def test_without_stages_nothing_changes(scene: Scene) -> None:
    derived = DerivedFrames(SceneFrames(scene), {}, seed=1, name="same")
    np.testing.assert_array_equal(derived.frame(1), scene.frame(1))
    assert derived.annotation(1) is scene.annotation


def test_all_stages_together(scene: Scene) -> None:
    derived = DerivedFrames(SceneFrames(scene), EVERYTHING, seed=1, name="all")
    assert (derived.shape, derived.frame_indices, derived.horizon) == ((20, 18, 3), [0, 2], 4)
    frame = derived.frame(2)
    assert (frame.shape, frame.dtype) == ((20, 18, 3), np.float32)
    assert np.isnan(frame).any(axis=-1).mean() == pytest.approx(0.25, abs=0.1)
    labels = derived.annotation(2)
    assert (labels.shape, labels.dtype) == ((20, 18, 2), np.int16)
    assert labels is derived.annotation(0)
    for read in (derived.frame, derived.annotation):
        with pytest.raises(KeyError):
            read(1)


def test_labels_never_contradict_themselves(scene: Scene) -> None:
    derived = DerivedFrames(SceneFrames(scene), EVERYTHING, seed=1, name="all")
    class_of = {int(cell): int(kind) for cell, kind in scene.annotation.reshape(-1, 2)}
    assert {(int(c), int(k)) for c, k in derived.annotation(0).reshape(-1, 2)} <= set(class_of.items())


def test_stages_are_applied_in_the_published_order(scene: Scene) -> None:
    """Brightness comes before distortion: outside of the image stays 0."""
    stages = {"distortion": {}, "brightness": {"multiply": [1, 1], "add": [0.5, 0.5]}}
    frame = DerivedFrames(SceneFrames(scene), stages, seed=1, name="x").frame(0)
    assert (frame[:, 0] == 0).all()
    bright = DerivedFrames(SceneFrames(scene), {"brightness": stages["brightness"]}, seed=1, name="x")
    again = DerivedFrames(bright, {"distortion": {}}, seed=1, name="x")
    np.testing.assert_array_equal(frame, again.frame(0))


def test_frames_depend_on_seed_name_and_number_alone(scene: Scene) -> None:
    def frame(index: int, seed: int = 1, name: str = "a") -> np.ndarray:
        return DerivedFrames(SceneFrames(scene), {"clouds": {}}, seed=seed, name=name).frame(index)

    forwards = DerivedFrames(SceneFrames(scene), {"clouds": {}}, seed=1, name="a")
    for index in (3, 0, 3):
        np.testing.assert_array_equal(forwards.frame(index), frame(index))
    for other in (frame(2), frame(3, seed=2), frame(3, name="b")):
        assert not np.allclose(other, frame(3), atol=0.05)


def test_kept_frames_are_computed_once(scene: Scene) -> None:
    derived = DerivedFrames(SceneFrames(scene), {"blur": {"sigma_px": 1}}, seed=1, name="x", keep=True)
    assert derived.frame(0) is derived.frame(0)


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_a_product_is_written_and_can_be_derived_from(tmp_path: Path, scene: Scene, layout: str) -> None:
    told: list[int] = []
    clean = derive(
        SceneFrames(scene), {"frame_selection": {"every": 3}, "distortion": {}}, seed=1, name="clean",
        folder=tmp_path / "clean", layout=layout, advance=told.append,
    )  # fmt: skip
    assert told == [1, 1]
    product = open_product(tmp_path / "clean")
    assert (product.frame_indices, product.horizon, product.num_cells) == ([0, 3], 4, 6)
    np.testing.assert_allclose(product.frame(3), clean.frame(3), atol=0 if layout == "published" else 3e-5)
    np.testing.assert_array_equal(product.annotation(3), clean.annotation(3))
    from_disk, from_memory = (
        DerivedFrames(source, {"clouds": {}}, seed=1, name="clouded") for source in (product, clean)
    )
    assert from_disk.frame_indices == [0, 3]
    np.testing.assert_allclose(from_disk.frame(3), from_memory.frame(3), atol=3e-5)


def test_an_interrupted_product_goes_on_with_the_same_bytes(tmp_path: Path, scene: Scene) -> None:
    def run(name: str, advance: Callable[[int], None] | None = None) -> dict[str, bytes]:
        stages = {"clouds": {}, "salt_and_pepper": {"fraction": [0.1, 0.2]}}
        folder = tmp_path / name
        derive(
            SceneFrames(scene), stages, seed=1, name="x", folder=folder, layout="published", advance=advance
        )
        return {path.name: path.read_bytes() for path in folder.rglob("*.*")}

    def interrupt(_: int) -> None:
        if (tmp_path / "broken" / "frames" / "frame_1.h5").exists():
            raise KeyboardInterrupt

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("broken", interrupt)
    kept = tmp_path / "broken" / "frames" / "frame_0.h5"
    before = kept.stat().st_mtime_ns
    assert len(list(kept.parent.iterdir())) == 2
    assert run("broken") == whole
    assert kept.stat().st_mtime_ns == before


def test_unknown_stages_are_refused(scene: Scene) -> None:
    with pytest.raises(UserError, match="fog is no stage"):
        DerivedFrames(SceneFrames(scene), {"fog": {}}, seed=1, name="x")
