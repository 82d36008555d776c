"""All stages in the order in which they are applied, and how they are built from a config."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from errors import UserError
from synthesis.toy.claim import plain
from synthesis.toy.derivation.aggregation import Aggregation
from synthesis.toy.derivation.blur import Blur
from synthesis.toy.derivation.brightness import Brightness
from synthesis.toy.derivation.clouds import Clouds
from synthesis.toy.derivation.distortion import Distortion
from synthesis.toy.derivation.frame_selection import FrameSelection
from synthesis.toy.derivation.salt_and_pepper import SaltAndPepper
from synthesis.toy.derivation.speckle import Speckle
from synthesis.toy.derivation.stage import Stage
from synthesis.toy.derivation.stripes import Stripes

SELECTION = "frame_selection"
# The published order. A stage's place is part of its random draws.
STAGES: dict[str, Any] = {
    SELECTION: FrameSelection,
    "clouds": Clouds,
    "brightness": Brightness,
    "distortion": Distortion,
    "aggregation": Aggregation,
    "blur": Blur,
    "salt_and_pepper": SaltAndPepper,
    "speckle": Speckle,
    "stripes": Stripes,
}


@dataclass(frozen=True)
class Stages:
    """The stages of one derivation.

    Attributes:
        selection: which frames there are.
        pixels: the others in their order, with their number.
    """

    selection: FrameSelection
    pixels: tuple[tuple[int, Stage], ...]


def build_stages(options: Mapping[str, Mapping[str, Any] | None]) -> Stages:
    """Check the options of a derivation.

    Args:
        options: `conf/derivation/*.yaml`: for each stage its options, or None where it is left out; stages that are not
            mentioned are left out.

    Raises:
        UserError: an unknown stage or option, a missing one, or an impossible value.
    """
    unknown = [name for name in options if name not in STAGES]
    if unknown:
        raise UserError(f"{unknown[0]} is no stage of a derivation: expected some of {', '.join(STAGES)}")
    built = {
        name: _build(name, stage, options[name])
        for name, stage in STAGES.items()
        if options.get(name) is not None
    }
    selection = built.pop(SELECTION, FrameSelection())
    return Stages(selection, tuple((list(STAGES).index(name), stage) for name, stage in built.items()))


def _build(name: str, stage: Any, given: Any) -> Any:
    if not isinstance(given, Mapping):
        raise UserError(f"{name} is {given}: expected null or its options")
    known = {field.name: field for field in fields(stage)}
    for key in given:
        if key not in known:
            raise UserError(f"{name}.{key} is no option: expected some of {', '.join(known)}")
    for key, field in known.items():
        if key not in given and field.default is MISSING:
            raise UserError(f"{name}.{key} is not given: expected a value")
    return stage(**plain(given))
