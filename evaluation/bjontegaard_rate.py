"""How much rate one codec saves over another: BD-rate, and the saving of a single model at equal PSNR."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

Point = dict[str, Any]
MINIMUM_POINTS = 4  # Bjontegaard, VCEG-M33: the fit of a curve takes four points


class NoRate(Exception):
    """The two curves cannot be compared; the message is the reason, for the result file."""


def monotone_curve(points: Sequence[Point], rate: str = "bits_per_pixel") -> list[Point]:
    """The points from the lowest rate up, without those that cost more and are no better.

    Args:
        points: with the keys `rate` and "psnr" (dB).
        rate: the key of the rate, in bits per pixel.
    """
    curve: list[Point] = []
    for point in sorted(points, key=lambda point: (point[rate], -point["psnr"])):
        if point[rate] > 0 and (
            not curve or (point["psnr"] > curve[-1]["psnr"] and point[rate] > curve[-1][rate])
        ):
            curve.append(point)
    return curve


def bd_rate(reference: Sequence[Point], test: Sequence[Point], rate: str = "bits_per_pixel") -> float:
    """Bjontegaard delta rate in percent: negative where `test` needs fewer bits at equal PSNR.

    Bjontegaard, "Calculation of average PSNR differences between RD-curves", VCEG-M33, 2001, with Akima
    interpolation (Herglotz et al., "The Bjontegaard bible", TIP 2024) by the library `bjontegaard`, over the
    range of PSNR that both curves cover.

    Raises:
        NoRate: fewer than four points that rise, or ranges of PSNR that do not overlap.
    """
    import bjontegaard

    anchor, curve = monotone_curve(reference, rate), monotone_curve(test, rate)
    for name, found in (("the learned curve", curve), ("the codec's ladder", anchor)):
        if len(found) < MINIMUM_POINTS:
            raise NoRate(f"{name} has {len(found)} points that rise, a BD-rate takes {MINIMUM_POINTS}")
    low = max(anchor[0]["psnr"], curve[0]["psnr"])
    high = min(anchor[-1]["psnr"], curve[-1]["psnr"])
    if low >= high:
        raise NoRate(
            f"the PSNR ranges do not overlap: learned {curve[0]['psnr']:.2f} to {curve[-1]['psnr']:.2f} dB, "
            f"codec {anchor[0]['psnr']:.2f} to {anchor[-1]['psnr']:.2f} dB"
        )
    with warnings.catch_warnings():
        # A ladder is always wider than a learned curve; that the overlap is small against both is expected.
        warnings.filterwarnings("ignore", message="Insufficient curve overlap")
        percent = bjontegaard.bd_rate(
            [point[rate] for point in anchor],
            [point["psnr"] for point in anchor],
            [point[rate] for point in curve],
            [point["psnr"] for point in curve],
            method="akima",
            require_matching_points=False,
            interpolators=False,
        )
    if not math.isfinite(percent):
        raise NoRate(f"the library found a rate of {percent}")
    return float(percent)


def rate_at_psnr(ladder: Sequence[Point], psnr: float) -> float | None:
    """Bits per pixel of a codec at a PSNR in dB, PCHIP through its ladder in the logarithm of the rate.

    None outside the ladder's range of PSNR: nothing is extrapolated.
    """
    curve = monotone_curve(ladder)
    if len(curve) < 2 or not curve[0]["psnr"] <= psnr <= curve[-1]["psnr"]:
        return None
    log_rate = PchipInterpolator(
        [point["psnr"] for point in curve], np.log([point["bits_per_pixel"] for point in curve])
    )
    return float(np.exp(log_rate(psnr)))


def rate_saving_at_equal_psnr(ladder: Sequence[Point], learned: Sequence[Point]) -> float | None:
    """Percent of a codec's rate that the learned points save at their own PSNR: positive is fewer bits.

    Several points are averaged in the logarithm of the ratio of rates; those outside the ladder's range of
    PSNR are left out, and None is what remains of none.
    """
    ratios = [
        math.log(point["bits_per_pixel"] / rate)
        for point in learned
        if point["bits_per_pixel"] > 0 and (rate := rate_at_psnr(ladder, point["psnr"])) is not None
    ]
    return 100.0 * (1.0 - math.exp(float(np.mean(ratios)))) if ratios else None


def compare(points: Sequence[Point]) -> dict[str, Any]:
    """The sections of `results.json` that hold the learned curve against every ladder.

    Args:
        points: learned ones (codec "learned", or "learned:<network>" where there are several networks) and
            those of the classical codecs.

    Returns:
        `bd_rate`, `bd_rate_payload` {codec: percent}, `bd_rate_notes` {codec: why there is none} and
        `rate_saving_at_equal_psnr` {codec: percent or None}. With several networks the keys are
        "learned:<network>/<codec>".
    """
    names = list(dict.fromkeys(point["codec"] for point in points))
    learned = [name for name in names if is_learned(name)]
    sections: dict[str, Any] = {
        "bd_rate": {},
        "bd_rate_payload": {},
        "bd_rate_notes": {},
        "rate_saving_at_equal_psnr": {},
    }
    for test in learned:
        curve = [point for point in points if point["codec"] == test]
        for codec in (name for name in names if not is_learned(name)):
            ladder = [point for point in points if point["codec"] == codec]
            key = codec if len(learned) == 1 else f"{test}/{codec}"
            sections["rate_saving_at_equal_psnr"][key] = rate_saving_at_equal_psnr(ladder, curve)
            _note(sections, "bd_rate", key, lambda: bd_rate(ladder, curve))  # noqa: B023
            _note(
                sections,
                "bd_rate_payload",
                key,
                lambda: bd_rate(ladder, curve, "payload_bits_per_pixel"),  # noqa: B023
            )
    return sections


def is_learned(codec: str) -> bool:
    """True for "learned" and "learned:<network>"."""
    return codec.split(":", maxsplit=1)[0] == "learned"


def _note(sections: dict[str, Any], section: str, key: str, rate: Callable[[], float]) -> None:
    try:
        sections[section][key] = rate()
    except NoRate as reason:
        sections["bd_rate_notes"].setdefault(key, str(reason))
