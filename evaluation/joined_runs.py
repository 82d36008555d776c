"""Several runs of a quality sweep as one learned curve."""

from collections.abc import Sequence
from typing import Any

from errors import UserError
from evaluation.bjontegaard_rate import Point, compare, is_learned


def join_rate_distortion(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The joint sections of the `results.json` contents of several runs.

    The learned points of one network make the curve "learned"; those of several networks make the curves
    "learned:<network>". The ladder of each classical codec is taken from the first run that has it.

    Args:
        results: contents of `results.json`, each with a section `rate_distortion`.

    Returns:
        `rate_distortion` (learned points by rising rate, then the ladders), `bd_rate`, `bd_rate_payload`,
        `bd_rate_notes`, `rate_saving_at_equal_psnr`, `unsupported`.

    Raises:
        UserError: a run without learned point, or runs tested on different images.
    """
    learned: list[Point] = []
    ladders: dict[str, list[Point]] = {}
    unsupported: dict[str, str] = {}
    tested: tuple[str, Any] | None = None
    for result in results:
        name = str(result.get("experiment", "a run"))
        points = result.get("rate_distortion") or []
        own = [point for point in points if is_learned(point["codec"])]
        if not own:
            raise UserError(
                f"{name} has no learned point in rate_distortion: expected the test of a learned codec"
            )
        learned += own
        for point in points:
            images = (point["images"], point["pixels"])
            if tested is None:
                tested = (name, images)
            elif images != tested[1]:
                raise UserError(
                    f"{name} was tested on {images[0]} images of {images[1]} pixels in all, {tested[0]} on "
                    f"{tested[1][0]} of {tested[1][1]}: one curve takes one test set"
                )
        for codec in dict.fromkeys(point["codec"] for point in points if not is_learned(point["codec"])):
            ladders.setdefault(codec, [point for point in points if point["codec"] == codec])
        unsupported.update(result.get("unsupported") or {})
    networks = {point.get("network") for point in learned}
    curves = [
        {**point, "codec": "learned" if len(networks) == 1 else f"learned:{point.get('network')}"}
        for point in learned
    ]
    curves.sort(key=lambda point: (point["codec"], point["bits_per_pixel"]))
    points = [*curves, *(point for ladder in ladders.values() for point in ladder)]
    return {"rate_distortion": points, **compare(points), "unsupported": unsupported}
