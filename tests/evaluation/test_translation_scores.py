"""Scores of frames by their definitions, and the order in which they are averaged."""

import math
import time

import numpy as np
import pytest

from evaluation.image_metrics import ergas, psnr, spectral_angle, ssim
from evaluation.translation_scores import ScoreBoard, frame_scores, mean_scores


def _frame(side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    target = rng.normal(0.5, 0.3, (3, side, side)).astype(np.float32)
    return (target + rng.normal(0.1, 0.1, target.shape)).astype(np.float32), target


def test_scores_of_a_frame() -> None:
    prediction, target = _frame()
    assert target.min() < 0 and target.max() > 1  # nothing is clamped
    found = frame_scores(prediction, target, published=False)
    assert found == {
        "psnr": pytest.approx(psnr(target, prediction, 1.0), abs=1e-4),
        "ssim": pytest.approx(ssim(target, prediction, 1.0), abs=1e-6),
        "mae": pytest.approx(np.abs(prediction - target).mean(), rel=1e-5),
        "mse": pytest.approx(np.square(prediction - target).mean(), rel=1e-5),
        "sam": pytest.approx(spectral_angle(target, prediction), abs=1e-4),
        "ergas": pytest.approx(ergas(target, prediction), rel=1e-4),
    }
    with_published = frame_scores(prediction, target)
    assert set(with_published) - set(found) == {
        f"{name}_published" for name in ("psnr", "ssim", "mae", "mse", "sam")
    }
    assert with_published["mae_published"] == pytest.approx(2 * found["mae"], rel=1e-5)


def test_errors_are_in_units_of_the_declared_range() -> None:
    prediction, target = _frame()
    expected = frame_scores(prediction, target)
    found = frame_scores(40 * prediction - 3, 40 * target - 3, value_range=(-3.0, 37.0))
    assert found == {name: pytest.approx(value, rel=1e-3) for name, value in expected.items()}


def test_an_exact_frame_has_a_finite_psnr() -> None:
    _, target = _frame()
    found = frame_scores(target, target)
    assert (found["psnr"], found["mse"], found["sam"], found["ergas"]) == (100.0, 0.0, 0.0, 0.0)
    assert found["ssim"] == pytest.approx(1.0)
    assert found["psnr_published"] == 100.0 and found["sam_published"] > 0.05


def test_pixels_without_data_do_not_count() -> None:
    prediction, target = _frame()
    expected = frame_scores(prediction[:, 8:], target[:, 8:])
    holed, spoiled = target.copy(), prediction.copy()
    holed[1, :4] = np.nan  # found by themselves
    spoiled[:, :8] = np.nan
    valid = np.ones((32, 32), bool)
    valid[4:8] = False
    found = frame_scores(spoiled, holed, valid)
    assert found == {name: pytest.approx(value, abs=1e-5, rel=1e-4) for name, value in expected.items()}
    assert frame_scores(prediction, target, np.zeros((32, 32), bool)) is None


def test_black_spectra_do_not_spoil_the_angle() -> None:
    prediction, target = _frame()
    target[:, 0, :3] = 0
    assert math.isfinite(frame_scores(prediction, target)["sam"])
    assert frame_scores(prediction, np.zeros_like(target))["sam"] is None
    assert frame_scores(prediction[:1], target[:1])["sam"] is None


def test_a_prediction_that_is_not_finite_has_no_score() -> None:
    prediction, target = _frame()
    prediction[0, 3, 3] = np.inf
    assert all(math.isnan(value) for value in frame_scores(prediction, target).values())


def test_the_mean_is_over_frames_then_over_scenes() -> None:
    board = ScoreBoard()
    board.add(
        "model",
        [{"psnr": 10.0, "sam": None}, {"psnr": 20.0, "sam": 4.0}],
        {"jaccard": 0.2, "jaccard_real": 0.8},
    )
    board.add("model", [{"psnr": 30.0, "sam": None}], {"jaccard": 0.6, "jaccard_real": 0.8})
    means, spread = board.means()["model"], board.deviations()["model"]
    assert means == {
        "psnr": 22.5, "sam": 4.0, "jaccard": pytest.approx(0.4), "jaccard_real": 0.8, "jaccard_ratio": pytest.approx(0.5),
    }  # fmt: skip
    assert spread["psnr"] == pytest.approx(15 / math.sqrt(2)) and spread["sam"] is None
    board.add("model", [{"psnr": math.nan, "sam": 1.0}])
    assert board.means()["model"]["psnr"] is None  # a failure is not averaged away
    assert mean_scores([]) == {}


def test_a_frame_costs_less_than_a_tenth_of_a_second() -> None:
    rng = np.random.default_rng(0)
    prediction, target = (rng.random((3, 256, 256), dtype=np.float32) for _ in range(2))
    frame_scores(prediction, target)
    start = time.thread_time()
    frame_scores(prediction, target)
    assert time.thread_time() - start < 0.1
