from typing import Any

import pytest

from errors import UserError
from synthesis.toy.derivation.frame_selection import FrameSelection
from synthesis.toy.derivation.stage import Draws

DRAWS = Draws(1, 0, "product", 300)


def test_every_k_th_frame_keeps_its_number() -> None:
    assert FrameSelection(every=10).choose(range(30), DRAWS) == [0, 10, 20]
    assert FrameSelection(every=2).choose([1, 2, 5, 8], DRAWS) == [2, 8]
    assert FrameSelection().choose(range(4), DRAWS) == [0, 1, 2, 3]


def test_frames_are_dropped_at_random_and_independently() -> None:
    selection = FrameSelection(drop_probability=0.3)
    kept = selection.choose(range(300), DRAWS)
    assert len(kept) == pytest.approx(210, abs=25)  # three standard deviations
    assert selection.choose(range(50), DRAWS) == [index for index in kept if index < 50]
    assert selection.choose(range(300), Draws(2, 0, "product", 300)) != kept
    assert kept == sorted(kept)


def test_one_frame_always_stays() -> None:
    assert len(FrameSelection(drop_probability=1).choose(range(5), DRAWS)) == 1


@pytest.mark.parametrize("options", [{"every": 0}, {"every": 1.5}, {"drop_probability": 2}])
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"frame_selection.{next(iter(options))} is"):
        FrameSelection(**options)
