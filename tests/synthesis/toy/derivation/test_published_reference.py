"""The published cloud-removal imagery: the original's statistics (seeds 1 to 10) on seeds that are not among them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from synthesis.toy.derivation.pipeline import DerivedFrames, SceneFrames
from synthesis.toy.published import make_published_scene
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import load_pool

pytestmark = pytest.mark.real
SEEDS = (23, 31)
Statistics = dict[str, np.ndarray]


def statistics(seed: int, published: Callable[..., LatentSettings], series: Path) -> Statistics:
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("generate", ["generator=toy_derived", "generator.input=none"])
    presets = OmegaConf.to_container(config.generator.presets)
    assert isinstance(presets, dict)

    def latent(name: str) -> SceneFrames:
        files = [series / name / f"{name}_{part}.ts" for part in ("TRAIN", "TEST")]
        pool = load_pool([str(path) for path in files], 3, 2, "per_file")
        return SceneFrames(make_published_scene(published(seed), pool))

    clean = DerivedFrames(latent("RacketSports"), presets["clean_optical"], seed=seed, name="clean_optical")
    clouded = DerivedFrames(clean, presets["clouded_optical"], seed=seed, name="clouded_optical")
    sar = DerivedFrames(latent("Epilepsy"), presets["sar"], seed=seed, name="sar")
    images = {
        name: np.stack([product.frame(index) for index in product.frame_indices[::3]])
        for name, product in (("clean", clean), ("clouded", clouded), ("sar", sar))
    }
    labels = clean.annotation(0)
    found = {f"{name} mean": image.mean(axis=(0, 1, 2)) for name, image in images.items()}
    found |= {f"{name} std": image.std(axis=(0, 1, 2)) for name, image in images.items()}
    for other in ("clouded", "sar"):
        pairs = zip(images["clean"], images[other], strict=True)
        found[f"correlation with {other}"] = np.mean(
            [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]
        )
    background = (images["clean"] == 0).all(axis=-1)
    assert np.unique(labels[..., 0]).tolist() == list(range(17))
    assert background[0].mean() < 0.04
    return found | {"range": np.array([images["clean"].min(), images["clean"].max()]),
                    "background": (labels[..., 0] == 0).mean()}  # fmt: skip


def test_scenes_are_like_the_originals(published: Callable[..., LatentSettings], real_data: Path) -> None:
    scenes = [statistics(seed, published, real_data / "time_series") for seed in SEEDS]
    mean = {name: np.mean([scene[name] for scene in scenes], axis=0) for name in scenes[0]}
    # Twice the standard error of the original's mean or more; the class mix moves means most.
    for name, expected, tolerance in (
        ("clean mean", [0.530, 0.485, 0.464], 0.015),
        ("clean std", [0.295, 0.287, 0.291], 0.006),
        ("clouded mean", [0.778, 0.761, 0.752], 0.015),
        ("clouded std", [0.191, 0.197, 0.202], 0.008),
        ("sar mean", [0.470, 0.448, 0.421], 0.03),
        ("sar std", [0.304, 0.306, 0.295], 0.01),
        ("correlation with clouded", 0.581, 0.02),
        ("correlation with sar", 0.079, 0.025),
        ("range", [-0.48, 1.48], 0.06),
        ("background", 0.0335, 0.006),
    ):
        np.testing.assert_allclose(mean[name], expected, atol=tolerance, err_msg=name)
