"""Leaves frames out: every k-th is kept, and of these some are dropped at random."""

from collections.abc import Sequence
from dataclasses import dataclass

from synthesis.toy.derivation.option_checks import is_whole, require, require_share
from synthesis.toy.derivation.stage import Draws


@dataclass(frozen=True)
class FrameSelection:
    """Which frames a derived product has; they keep their numbers.

    Attributes:
        every: frames whose number is a multiple of it are kept.
        drop_probability: chance of each of these to be left out; at least one always stays.

    Raises:
        UserError: an impossible value.
    """

    every: int = 1
    drop_probability: float = 0.0

    def __post_init__(self) -> None:
        require(
            is_whole(self.every) and self.every >= 1,
            "frame_selection.every",
            self.every,
            "a whole number of at least 1",
        )
        require_share("frame_selection.drop_probability", self.drop_probability)

    def choose(self, frame_indices: Sequence[int], draws: Draws) -> list[int]:
        """The frames that are kept, of those that there are."""
        regular = [index for index in frame_indices if index % self.every == 0]
        luck = {index: draws.frame(index).random() for index in regular}
        kept = [index for index in regular if luck[index] >= self.drop_probability]
        return kept or sorted(regular, key=luck.__getitem__)[-1:]
