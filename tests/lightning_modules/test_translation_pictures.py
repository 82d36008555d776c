"""Pictures of a translation."""

import pytest
import torch

from lightning_modules import translation_pictures
from lightning_modules.translation_pictures import draw_translation


@pytest.mark.parametrize(("bands", "shown"), [((6, 3), (3, 3)), ((1, 1), (1, 1)), ((2, 5), (1, 3))])
def test_pictures_are_images_whatever_the_bands(bands, shown):
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.rand(2, count, 16, 24, generator=generator) * 3 - 1 for count in bands)
    valid = torch.ones(2, 1, 16, 24, dtype=torch.bool)
    valid[1, :, :4] = False
    pictures = draw_translation(source, target + 0.1, torch.where(valid, target, torch.nan), valid)
    assert list(pictures) == ["source", "prediction", "target", "error"]
    assert [picture.shape[1] for picture in pictures.values()] == [shown[0], shown[1], shown[1], 1]
    for picture in pictures.values():
        assert picture.shape[2:] == (16, 24)
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1
    assert float(pictures["error"][1, :, :4].max()) == 0


def test_the_stretch_is_that_of_the_target():
    target = torch.linspace(0, 1, 10_001).view(1, 1, 1, -1)
    valid = torch.ones_like(target, dtype=torch.bool)
    pictures = draw_translation(target, target + 0.024, target, valid)
    assert float(pictures["target"][0, 0, 0, 5000]) == pytest.approx(0.5, abs=1e-3)
    assert float(pictures["source"][0, 0, 0, 9801]) == pytest.approx(1, abs=1e-3)
    assert float(pictures["error"].mean()) == pytest.approx(4 * 0.024 / 0.96, rel=1e-3)


def test_large_images_are_sampled_for_their_percentiles(monkeypatch):
    monkeypatch.setattr(translation_pictures, "LARGEST_SAMPLE", 100)
    target = torch.linspace(0, 1, 10_000).view(1, 1, 100, 100)
    pictures = draw_translation(target, target, target, torch.ones(1, 1, 100, 100, dtype=torch.bool))
    assert float(pictures["target"].mean()) == pytest.approx(0.5, abs=0.02)


def test_a_target_without_any_valid_pixel():
    nothing = torch.full((1, 1, 8, 8), torch.nan)
    pictures = draw_translation(
        torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8), nothing, torch.isfinite(nothing)
    )
    assert all(torch.isfinite(picture).all() for picture in pictures.values())
