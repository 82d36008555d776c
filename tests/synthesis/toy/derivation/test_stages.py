from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from errors import UserError
from synthesis.toy.derivation.blur import Blur
from synthesis.toy.derivation.frame_selection import FrameSelection
from synthesis.toy.derivation.stages import STAGES, build_stages


def test_stages_come_in_the_published_order_with_a_number_of_their_own() -> None:
    built = build_stages(
        {"blur": {"sigma_px": 2}, "distortion": {}, "clouds": None, "frame_selection": {"every": 3}}
    )
    assert built.selection == FrameSelection(every=3)
    assert [number for number, _ in built.pixels] == [3, 5]
    assert built.pixels[1][1] == Blur(2)
    alone = build_stages({"blur": {"sigma_px": 2}})
    assert alone.pixels == built.pixels[1:]
    assert alone.selection == FrameSelection()
    assert build_stages({}).pixels == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cloud": {}}, "cloud is no stage of a derivation: expected some of frame_selection, clouds"),
        ({"blur": {"sigma": 1}}, r"blur\.sigma is no option: expected some of sigma_px"),
        ({"blur": {}}, r"blur\.sigma_px is not given"),
        ({"blur": 3}, "blur is 3: expected null or its options"),
        ({"speckle": {"looks": -1}}, r"speckle\.looks is -1"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_stages(options)


def test_the_catalogue_names_every_stage(repository: Path) -> None:
    """A stage that `none.yaml` lacks could not be switched on from the command line."""
    none = OmegaConf.load(repository / "conf" / "derivation" / "none.yaml")
    assert list(none) == list(STAGES)
    assert all(options is None for options in none.values())
