"""BD-rate and savings of curves whose answer is known."""

import math

import pytest

from evaluation.bjontegaard_rate import (
    NoRate,
    bd_rate,
    compare,
    monotone_curve,
    rate_at_psnr,
    rate_saving_at_equal_psnr,
)


def _curve(codec: str, rates: list[float], factor: float = 1.0, header: float = 0.0) -> list[dict]:
    """PSNR = 30 + 6 log2(rate): the points of a curve at `factor` of its rate, plus a header."""
    return [
        {
            "codec": codec,
            "bits_per_pixel": rate * factor + header,
            "payload_bits_per_pixel": rate * factor,
            "psnr": 30 + 6 * math.log2(rate) + 0.3 * math.sin(rate),
        }
        for rate in rates
    ]


LADDER = [0.1, 0.17, 0.3, 0.5, 0.8, 1.3, 2.1, 3.5]


def test_a_curve_at_four_fifths_of_the_rate_is_minus_twenty_percent() -> None:
    assert bd_rate(_curve("jpeg", LADDER), _curve("learned", LADDER, factor=0.8)) == pytest.approx(
        -20, abs=1e-6
    )
    assert bd_rate(_curve("jpeg", LADDER), _curve("learned", LADDER, factor=1.25)) == pytest.approx(
        25, abs=1e-6
    )


def test_different_sampling_of_the_same_curve_hardly_matters() -> None:
    learned = _curve("learned", [0.22, 0.45, 0.9, 1.7], factor=0.8)
    assert bd_rate(_curve("jpeg", LADDER), learned) == pytest.approx(-20, abs=0.6)


def test_too_few_points_and_disjoint_ranges_are_told() -> None:
    with pytest.raises(NoRate, match="3 points"):
        bd_rate(_curve("jpeg", LADDER), _curve("learned", [0.2, 0.4, 0.8]))
    with pytest.raises(NoRate, match="do not overlap"):
        bd_rate(_curve("jpeg", LADDER), _curve("learned", [9.0, 12.0, 15.0, 20.0]))


def test_points_that_cost_more_and_are_no_better_are_left_out() -> None:
    points = [*_curve("jpeg", [0.1, 0.5, 0.3]), {"codec": "jpeg", "bits_per_pixel": 0.4, "psnr": 12.0}]
    assert [point["bits_per_pixel"] for point in monotone_curve(points)] == [0.1, 0.3, 0.5]


def test_rate_saving_of_a_single_model() -> None:
    ladder = _curve("jpeg", LADDER)
    assert rate_at_psnr(ladder, ladder[3]["psnr"]) == pytest.approx(0.5)
    assert rate_at_psnr(ladder, 60.0) is None
    assert rate_saving_at_equal_psnr(ladder, _curve("learned", [0.5], factor=0.75)) == pytest.approx(25.0)
    assert rate_saving_at_equal_psnr(ladder, _curve("learned", [0.7], factor=1.1)) == pytest.approx(
        -10.0, abs=0.5
    )
    assert rate_saving_at_equal_psnr(ladder, _curve("learned", [50.0])) is None


def test_headers_are_compared_apart() -> None:
    points = _curve("learned", LADDER[1:-1], factor=0.8) + _curve("jpeg", LADDER, header=0.15)
    sections = compare(points)
    assert sections["bd_rate_payload"]["jpeg"] == pytest.approx(-20, abs=0.2)
    assert sections["bd_rate"]["jpeg"] < -35
    assert sections["bd_rate_notes"] == {}


def test_fewer_than_four_models_have_no_bd_rate_but_a_saving() -> None:
    sections = compare(
        _curve("learned", [0.5], factor=0.75) + _curve("jpeg", LADDER) + _curve("avif", [7.0, 9.0])
    )
    assert sections["bd_rate"] == sections["bd_rate_payload"] == {}
    assert sections["rate_saving_at_equal_psnr"] == {"jpeg": pytest.approx(25.0), "avif": None}
    assert "takes 4" in sections["bd_rate_notes"]["jpeg"]


def test_several_networks_are_told_apart() -> None:
    points = [
        *_curve("learned:a", LADDER, factor=0.8), *_curve("learned:b", LADDER, factor=0.5), *_curve("jpeg", LADDER),
    ]  # fmt: skip
    assert compare(points)["bd_rate"] == {
        "learned:a/jpeg": pytest.approx(-20, abs=1e-6),
        "learned:b/jpeg": pytest.approx(-50, abs=1e-6),
    }
