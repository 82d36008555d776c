import pytest
import torch

from inference.orientations import ORIENTATIONS, Orientation


def test_eight_different_orientations_of_a_square_and_one_that_leaves_it():
    image = torch.arange(9.0).reshape(1, 3, 3)
    seen = {tuple(orientation.apply(image).flatten().tolist()) for orientation in ORIENTATIONS[8]}
    assert len(seen) == 8 and tuple(image.flatten().tolist()) in seen
    assert torch.equal(ORIENTATIONS[1][0].apply(image), image)


@pytest.mark.parametrize("orientation", ORIENTATIONS[8])
def test_undoing_gives_back_what_was_there(orientation):
    image = torch.rand(2, 3, 4, 6)
    turned = orientation.apply(image)
    assert turned.shape[-2:] == ((6, 4) if orientation.quarter_turns % 2 else (4, 6))
    assert torch.equal(orientation.undo(turned), image)


def test_a_quarter_turn_is_counter_clockwise_and_comes_after_mirroring():
    image = torch.tensor([[1, 2], [3, 4]])
    assert Orientation(1).apply(image).tolist() == [[2, 4], [1, 3]]
    assert Orientation(1, mirrored=True).apply(image).tolist() == [[1, 3], [2, 4]]
