"""Baselines are what they say, on frames of known values."""

import numpy as np
import pytest

from errors import UserError
from evaluation.translated_scene import TranslatedScene
from evaluation.translation_baselines import NoBaseline, predict_baseline


def scene(frames: list[int], history: bool = False) -> TranslatedScene:
    """The target of frame t is t everywhere (band 1: 10 t); clouded is 100 + t; sar has one band; history as it should be."""
    t = np.array(frames, np.float32)[:, None, None, None]
    target = np.concatenate([t, 10 * t], axis=1) * np.ones((1, 1, 2, 3), np.float32)
    last = np.array([(frame - 1) // 4 * 4 for frame in frames], np.float32)[:, None, None, None]
    parts = {"clouded": target + 100, "sar": target[:, :1]}
    if history:
        parts["history"] = np.concatenate([last, 10 * last], axis=1) * np.ones_like(target)
    layout, first = {}, 0
    for name, part in parts.items():
        layout[name] = (first, first := first + part.shape[1])
    valid = np.ones((len(frames), 2, 3), bool)
    valid[0, 0, 0] = False
    return TranslatedScene(
        "s", np.array(frames), np.concatenate(list(parts.values()), 1), target, valid, target, None, layout
    )


def test_copy_and_median() -> None:
    example = scene([0, 1, 5])
    np.testing.assert_array_equal(predict_baseline({"copy": "clouded"}, example), example.target + 100)
    median = predict_baseline({"median": "clouded"}, example)
    assert median.shape == example.target.shape
    assert set(median[:, 0].ravel()) == {101.0} and set(median[:, 1].ravel()) == {110.0}


def test_means_leave_out_what_is_not_valid() -> None:
    example = scene([0, 1, 5])
    example.target[0, :, 0, 0] = 1000
    means = predict_baseline({"mean": "target"}, example)
    np.testing.assert_allclose(means[:, 1, 1, 2], [0, 10, 50])
    over_time = predict_baseline({"scene_mean": "target"}, example)
    np.testing.assert_allclose(over_time[:, 0], (5 * 0 + 6 * 1 + 6 * 5) / 17, rtol=1e-6)


def test_interpolation_never_uses_the_frame_itself() -> None:
    example = scene(list(range(1, 11)), history=True)
    found = predict_baseline({"interpolate": "target"}, example, revisit=4)
    # Linear growth comes back exactly between 0, 4 and 8, even at 4 and 8 themselves; beyond, the last one is held.
    assert found[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 4, 8, 8]
    np.testing.assert_array_equal(found[:, 1], 10 * found[:, 0])
    example.target[3] = 77  # frame 4: known to its neighbours
    found = predict_baseline({"interpolate": "target"}, example, revisit=4)
    assert found[3, 0, 0, 0] == 4 and found[2, 0, 0, 0] == pytest.approx(0.25 * 0 + 0.75 * 77)


def test_interpolation_without_history_takes_what_the_scene_has() -> None:
    found = predict_baseline({"interpolate": "target"}, scene([0, 1, 2, 4, 5]), revisit=4)
    assert found[:, 0, 0, 0].tolist() == [4, 1, 2, 0, 4]
    with pytest.raises(NoBaseline, match="frame 1 has no target at a multiple of 4"):
        predict_baseline({"interpolate": "target"}, scene([1, 2, 3]), revisit=4)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"copy": "sar"}, r"sar has 1 band\(s\), and the target has 2"),
        ({"median": "radar"}, "radar is none of the sources"),
        ({"interpolate": "sar"}, "only frames of the target"),
    ],
)
def test_why_there_is_no_baseline(rule: dict[str, str], words: str) -> None:
    with pytest.raises(NoBaseline, match=words):
        predict_baseline(rule, scene([0, 1]))


def test_an_unknown_rule_is_one_sentence() -> None:
    for rule in ({"guess": "sar"}, {}, {"copy": "sar", "mean": "target"}):
        with pytest.raises(UserError, match="expected one of copy, median"):
            predict_baseline(rule, scene([0, 1]))
