"""Errors against closed forms, and against figures measured with other programs on a real scene."""

import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from evaluation.image_metrics import ergas, mse, spectral_angle
from evaluation.super_resolution_metrics import ErrorSums, signal_to_error
from products.degradation import degrade
from products.grid import GridRelation
from products.resampling import upsample
from products.window import Window

BANDS, SIDE = 3, 40


def _pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.normal(3000, 400, (BANDS, SIDE, SIDE)).astype(np.float32)
    return target + rng.normal(0, 50, target.shape).astype(np.float32), target


def test_a_constant_error_has_known_scores() -> None:
    target = np.full((2, 16, 16), 1000.0, np.float32)
    target[1] = 500.0
    errors = np.array([10.0, -20.0], np.float32)[:, None, None]
    sums = ErrorSums.of(target + errors, target, np.ones(target.shape, bool))
    rows = sums.bands()
    assert [row["rmse"] for row in rows] == [10.0, 20.0]
    assert rows[0]["sre"] == pytest.approx(40.0) and rows[1]["sre"] == pytest.approx(20 * math.log10(25))
    scores = sums.scores(ratio=2)
    assert scores["rmse"] == 15.0 and scores["sre"] == pytest.approx(20 + 20 * math.log10(5))
    assert scores["ergas"] == pytest.approx(100 / 2 * math.sqrt((0.01**2 + 0.04**2) / 2))
    angle = math.degrees(math.atan2(500, 1000) - math.atan2(480, 1010))
    assert scores["sam"] == pytest.approx(angle, rel=1e-4)


def test_pooled_sums_are_those_of_the_whole_image() -> None:
    prediction, target = _pair()
    valid = np.ones(target.shape, bool)
    whole = ErrorSums.of(prediction, target, valid).scores(6)
    halves = [slice(0, 24), slice(24, SIDE)]
    parts = [ErrorSums.of(prediction[:, rows], target[:, rows], valid[:, rows]) for rows in halves]
    pooled = (parts[0] + parts[1]).scores(6)
    for name in ("rmse", "sre", "sam", "ergas"):
        assert pooled[name] == pytest.approx(whole[name], rel=1e-6)
    assert whole["rmse"] == pytest.approx(
        np.mean(
            [math.sqrt(mse(target[band : band + 1], prediction[band : band + 1])) for band in range(BANDS)]
        )
    )
    assert whole["sam"] == pytest.approx(spectral_angle(target, prediction))
    assert whole["ergas"] == pytest.approx(ergas(target, prediction, 6))


def test_pixels_without_data_and_what_lies_around_do_not_count() -> None:
    prediction, target = _pair(1)
    expected = ErrorSums.of(prediction, target, np.ones(target.shape, bool)).scores(2)
    ring = ((0, 0), (5, 7), (3, 9))
    valid = np.pad(np.ones(target.shape, bool), ring)
    spoiled = np.pad(prediction, ring, constant_values=np.nan)
    wider = np.pad(target, ring, constant_values=-5.0)
    assert ErrorSums.of(spoiled, wider, valid).scores(2) == expected
    wider[:, 20, 20] = np.nan  # a target that is no number is a hole
    assert ErrorSums.of(spoiled, wider, valid).pixels.tolist() == [SIDE**2 - 1] * BANDS


def test_each_band_has_its_own_mask() -> None:
    prediction, target = _pair(2)
    valid = np.ones(target.shape, bool)
    valid[1, :, 8:] = False
    prediction[1, :, 8:] = np.inf
    sums = ErrorSums.of(prediction, target, valid)
    assert sums.pixels.tolist() == [SIDE**2, SIDE * 8, SIDE**2] and sums.is_finite
    assert sums.bands()[0] == ErrorSums.of(prediction[:1], target[:1], valid[:1]).bands()[0]
    assert sums.spectra == SIDE * 8  # a spectrum needs all bands
    valid[1] = False
    left = ErrorSums.of(prediction, target, valid)
    others = ErrorSums.of(prediction[::2], target[::2], valid[::2]).scores(2)
    assert left.bands()[1] == {"rmse": None, "sre": None, "uiq": None}
    assert left.scores(2) == {**others, "sam": None}


def test_a_prediction_that_is_no_number_is_not_averaged_away() -> None:
    prediction, target = _pair(3)
    prediction[2, 4, 4] = np.nan
    sums = ErrorSums.of(prediction, target, np.ones(target.shape, bool))
    assert not sums.is_finite and set(sums.scores(2).values()) == {None}
    assert sums.bands()[2]["rmse"] is None and sums.bands()[0]["rmse"] is not None


def test_nothing_valid_has_no_scores() -> None:
    prediction, target = _pair(4)
    sums = ErrorSums.of(prediction, target, np.zeros(target.shape, bool))
    assert set(sums.scores(2).values()) == {None}
    with pytest.raises(ValueError, match="one shape"):
        ErrorSums.of(prediction, target, np.ones(target.shape[1:], bool))


def test_an_exact_band_has_100_db() -> None:
    assert signal_to_error(1000.0, 0.0) == 100.0 and signal_to_error(0.0, 1.0) is None
    assert signal_to_error(-1000.0, 1e6) == 0.0


@pytest.mark.real
def test_the_baselines_of_a_real_scene(real_data: Path) -> None:
    """Malmo, 40 to 20 m, as measured with scikit-image, a Matlab-compatible bicubic and a quality index of their own.

    That bilinear mirrors the image without repeating its edge; cells are added here so that ours does the same.
    """
    with h5py.File(real_data / "s2_dsen2_demo" / "S2A_MSIL1C_20170527_T33UUB.mat") as file:
        target = np.asarray(file["im20"], np.float32).transpose(0, 2, 1)
    coarse = degrade(target, 2)
    fine, relation = Window(0, 0, *target.shape[1:]), GridRelation(2)
    valid = np.ones(target.shape, bool)

    def scores(pixels: np.ndarray, window: Window, order: str) -> dict[str, float | None]:
        image = upsample(pixels, relation, window, fine, order=order)  # type: ignore[arg-type]
        return ErrorSums.of(image, target, valid).scores(2)

    inside = Window(0, 0, *coarse.shape[1:])
    bicubic = scores(coarse, inside, "bicubic")
    mirrored = scores(np.pad(coarse, ((0, 0), (1, 1), (1, 1)), mode="reflect"), inside.expand(1), "bilinear")
    assert round(bicubic["rmse"], 1) == 146.4 and round(bicubic["sre"], 2) == 23.95
    assert round(bicubic["sam"], 2) == 1.45 and round(bicubic["uiq"], 3) == 0.884
    assert round(mirrored["rmse"], 1) == 175.4 and round(mirrored["sre"], 1) == 22.3
    assert mirrored["sam"] == pytest.approx(1.75, abs=0.006) and round(mirrored["uiq"], 3) == 0.837
    bilinear = scores(coarse, inside, "bilinear")  # what data and networks use: edges repeated
    assert bilinear["rmse"] == pytest.approx(174.5, abs=0.1)


@pytest.mark.real
def test_the_bicubic_baseline_of_60_m(real_data: Path) -> None:
    with h5py.File(real_data / "s2_dsen2_demo" / "S2A_MSIL1C_20170527_T33UUB.mat") as file:
        target = np.asarray(file["im60"], np.float32).transpose(0, 2, 1)[:, :96, :96]
    image = upsample(
        degrade(target, 6), GridRelation(6), Window(0, 0, 16, 16), Window(0, 0, 96, 96), order="bicubic"
    )
    assert round(ErrorSums.of(image, target, np.ones(target.shape, bool)).scores(6)["rmse"], 1) == 105.5
