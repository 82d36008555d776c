"""The rule on spectra whose class is plain, and on a real scene."""

from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from evaluation.segmentation_metrics import count_pixels, segmentation_scores
from evaluation.spectral_rule import SpectralRule

BANDS = ("B2", "B3", "B4", "B8", "B11")
NAMES = ("cloud", "ground", "snow", "water")
# Top-of-atmosphere reflectance of BANDS: thick cloud, forest, bare soil, snow, clear water, turbid water.
SPECTRA = {
    (0.45, 0.44, 0.45, 0.50, 0.40): "cloud",
    (0.10, 0.08, 0.06, 0.28, 0.13): "ground",
    (0.13, 0.14, 0.17, 0.24, 0.30): "ground",
    (0.70, 0.68, 0.67, 0.62, 0.08): "snow",
    (0.10, 0.06, 0.04, 0.02, 0.01): "water",
    (0.12, 0.12, 0.10, 0.06, 0.02): "water",
}


@pytest.fixture
def rule(repository: Path) -> SpectralRule:
    node = OmegaConf.load(repository / "conf" / "callbacks" / "segmentation_scores.yaml").segmentation_scores
    node.roles = OmegaConf.load(repository / "conf" / "band_roles" / "default.yaml")
    return instantiate(node.spectral_rule)


def _image(spectra: list[tuple[float, ...]]) -> np.ndarray:
    return (np.array(spectra, np.float32).T * 1e4).reshape(len(spectra[0]), 1, len(spectra))


def test_plain_spectra_get_their_class(rule: SpectralRule) -> None:
    assert rule.problem(BANDS, NAMES) is None
    found = rule(_image(list(SPECTRA)), BANDS, NAMES)
    assert found.dtype == np.uint8 and found.shape == (1, len(SPECTRA))
    assert [NAMES[index] for index in found[0]] == list(SPECTRA.values())


def test_thin_cirrus_is_seen_by_its_band_alone(rule: SpectralRule) -> None:
    forest = (0.10, 0.08, 0.06, 0.28, 0.13)
    image = _image([(*forest, 0.001), (*forest, 0.03)])
    assert rule(image, (*BANDS, "B10"), NAMES)[0].tolist() == [1, 0]
    assert rule(image[:5], BANDS, NAMES)[0].tolist() == [1, 1]


def test_kinds_without_a_class_become_ground(rule: SpectralRule) -> None:
    found = rule(_image(list(SPECTRA)), BANDS, ("clear", "thick_cloud"))
    assert found[0].tolist() == [1, 0, 0, 0, 0, 0]


def test_it_says_why_it_cannot_run(rule: SpectralRule) -> None:
    assert rule.problem(("B2", "B3", "B4", "B8"), NAMES) == (
        "no band for swir16 (B11, swir16, swir1, swir); found B2, B3, B4, B8"
    )
    assert "no class for ground" in str(rule.problem(BANDS, ("farm", "water")))
    assert "no class for cloud, snow or water" in str(rule.problem(BANDS, ("ground", "forest")))


@pytest.mark.real
def test_a_real_scene_by_the_rule(rule: SpectralRule, real_data: Path) -> None:
    file = np.load(
        real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz", allow_pickle=False
    )
    image = np.moveaxis(file["img"], -1, 0) * np.float32(1e4)
    truth = (file["msk"][..., 0] == 4).astype(np.uint8)
    bands = ("Blue", "Green", "Red", "NIR", "SWIR16", "SWIR22")
    scores = segmentation_scores(
        count_pixels(truth, rule(image, bands, ("clear", "cloud")), 2), ("clear", "cloud")
    )
    assert scores["iou_cloud"] == pytest.approx(0.767, abs=0.005)
