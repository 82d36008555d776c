"""Runs of a quality sweep joined into one curve."""

import math

import pytest

from errors import UserError
from evaluation.joined_runs import join_rate_distortion
from evaluation.results import problem_of


def _point(codec: str, setting: float, rate: float, factor: float, **more: object) -> dict:
    return {
        "codec": codec, "setting": setting, "images": 4, "pixels": 4096, "bytes": round(512 * rate * factor),
        "bits_per_pixel": rate * factor, "payload_bits_per_pixel": rate * factor,
        "psnr": 30 + 6 * math.log2(rate), "ms_ssim": None, **more,
    }  # fmt: skip


def _result(quality: int, network: str = "a", ladder: bool = False) -> dict:
    rates = {1: 0.2, 2: 0.4, 3: 0.8, 4: 1.6}
    points = [_point("learned", quality, rates[quality], 0.8, network=network)]
    if ladder:
        points += [_point("jpeg", setting, setting / 10, 1.0) for setting in (1, 2, 4, 8, 16, 32)]
    return {
        "schema": "nadir-results/1", "experiment": "sweep", "data": {}, "metrics": {"psnr": 30.0},
        "rate_distortion": points, "unsupported": {"webp": "holds at most 8 bits"} if ladder else {},
    }  # fmt: skip


def test_four_runs_make_one_curve_with_its_bd_rate() -> None:
    joined = join_rate_distortion([_result(3), _result(1, ladder=True), _result(4), _result(2, ladder=True)])
    assert (
        problem_of({"schema": "nadir-results/1", "experiment": "sweep", "data": {}, "metrics": {}, **joined})
        is None
    )
    learned = [point["setting"] for point in joined["rate_distortion"] if point["codec"] == "learned"]
    assert learned == [1, 2, 3, 4]
    assert sum(point["codec"] == "jpeg" for point in joined["rate_distortion"]) == 6
    assert joined["bd_rate"]["jpeg"] == pytest.approx(-20, abs=1e-6)
    assert joined["rate_saving_at_equal_psnr"]["jpeg"] == pytest.approx(20, abs=1e-6)
    assert joined["unsupported"] == {"webp": "holds at most 8 bits"}


def test_networks_become_separate_curves() -> None:
    joined = join_rate_distortion([_result(1, "a", ladder=True), _result(2, "b")])
    codecs = dict.fromkeys(point["codec"] for point in joined["rate_distortion"])
    assert list(codecs) == ["learned:a", "learned:b", "jpeg"]
    assert joined["bd_rate"] == {}


def test_runs_that_do_not_belong_together_are_refused() -> None:
    other = _result(2)
    other["rate_distortion"][0]["images"] = 5
    with pytest.raises(UserError, match="5 images"):
        join_rate_distortion([_result(1), other])
    with pytest.raises(UserError, match="no learned point"):
        join_rate_distortion([_result(1), {**_result(2), "rate_distortion": []}])
