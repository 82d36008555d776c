"""The eight orientations of a square: four rotations, each as it is and mirrored."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Orientation:
    """One way to lay an image, (..., H, W); a turn by 90 or 270 degrees swaps its sides.

    Attributes:
        quarter_turns: counter-clockwise, 0 to 3, after mirroring.
        mirrored: whether left and right are swapped first.
    """

    quarter_turns: int = 0
    mirrored: bool = False

    def apply(self, image: Tensor) -> Tensor:
        """The image in this orientation."""
        if self.mirrored:
            image = image.flip(-1)
        return image.rot90(self.quarter_turns, (-2, -1)) if self.quarter_turns else image

    def undo(self, image: Tensor) -> Tensor:
        """The image as it was before `apply`."""
        if self.quarter_turns:
            image = image.rot90(-self.quarter_turns, (-2, -1))
        return image.flip(-1) if self.mirrored else image


ORIENTATIONS = {
    1: (Orientation(),),
    8: tuple(Orientation(turns, mirrored) for mirrored in (False, True) for turns in range(4)),
}
