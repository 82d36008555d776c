"""Pictures of a segmentation: which bands, which colours, what is unknown."""

import pytest
import torch

from lightning_modules.segmentation_pictures import draw_segmentation, shown_bands


@pytest.mark.parametrize(
    ("bands", "shown"),
    [
        (["B1", "B2", "B3", "B4"], [3, 2, 1]),
        (["blue", "green", "red", "nir"], [2, 1, 0]),
        (["x", "y", "z", "w"], [2, 1, 0]),
        (["B8", "altitude"], [0]),
    ],
)
def test_true_colours_where_there_are_some(bands: list[str], shown: list[int]) -> None:
    assert shown_bands(bands) == shown


def test_what_is_drawn() -> None:
    image = torch.arange(64.0).view(1, 1, 8, 8).expand(1, 2, 8, 8) * 10 + 5000
    valid = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    valid[..., 0] = False
    mask = torch.zeros(1, 8, 8, dtype=torch.int64)
    mask[:, 4:] = 1
    mask[:, 7] = 255
    probabilities = torch.full((1, 2, 8, 8), 0.2)
    probabilities[:, 0] = 0.8
    colours = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])
    drawn = draw_segmentation(image, valid, mask, probabilities, ["B8", "B9"], colours)
    assert drawn["image"].shape == (1, 1, 8, 8)
    assert (drawn["image"][..., 0] == 0).all()
    assert drawn["image"][0, 0, 0, 1] < 0.05 and drawn["image"][0, 0, 7, 7] > 0.95
    assert drawn["truth"][0, :, 0, 3].tolist() == [1, 0, 0] and drawn["truth"][0, :, 5, 3].tolist() == [
        0,
        0,
        1,
    ]
    assert drawn["truth"][0, :, 7, 3].tolist() == [0.25] * 3
    assert drawn["prediction"][0, :, 5, 3].tolist() == [1, 0, 0]
    assert drawn["prediction"][0, :, 5, 0].tolist() == [0.25] * 3
    assert drawn["error"][0, 0, :, 3].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]
    assert drawn["confidence"][0, 0, 2, 3] == pytest.approx(0.8) and drawn["confidence"][0, 0, 2, 0] == 0


def test_a_scene_without_any_data() -> None:
    drawn = draw_segmentation(
        torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4, dtype=torch.bool), torch.full((1, 4, 4), 255),
        torch.full((1, 2, 4, 4), 0.5), ["a", "b", "c"], torch.zeros(2, 3),
    )  # fmt: skip
    assert all(torch.isfinite(picture).all() for picture in drawn.values())
    assert (drawn["image"] == 0).all() and (drawn["error"] == 0).all()
