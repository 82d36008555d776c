import random

import numpy as np
import torch

from callbacks.random_state import RandomState, capture, restore


def draw():
    return torch.rand(3).tolist(), np.random.rand(3).tolist(), [random.random() for _ in range(3)]  # noqa: NPY002


def test_captured_state_gives_the_same_numbers(tmp_path):
    torch.save({"state": capture()}, tmp_path / "state")
    first = draw()
    restore(torch.load(tmp_path / "state", weights_only=True)["state"])
    assert draw() == first


def test_validation_gives_the_numbers_back():
    callback = RandomState()
    torch.manual_seed(3)
    expected = torch.rand(2).tolist()
    torch.manual_seed(3)
    callback.on_validation_start(None, None)
    draw()
    callback.on_validation_end(None, None)
    assert torch.rand(2).tolist() == expected
