import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from datamodules.segmentation_augmentation import Augmentation
from datamodules.segmentation_reading import Patch
from errors import UserError


def patch(side=8):
    rows, columns = np.indices((side, side))
    image = np.stack([100 * rows + columns, 1000 + 100 * rows + columns]).astype(np.float32)
    valid = rows > 0
    mask = np.where(valid, columns // 2, 255).astype(np.uint8)
    return Patch(image * valid, valid, mask)


def seen(kind, **options):
    augmentation = Augmentation(kind, **options)
    return [augmentation(np.random.default_rng(seed), patch()) for seed in range(64)]


@pytest.mark.parametrize(("kind", "variants"), [("none", 1), ("flips", 4), ("dihedral", 8)])
def test_all_arrays_turn_alike(kind, variants):
    found = seen(kind)
    assert len({each.image.tobytes() for each in found}) == variants
    for each in found:
        columns = each.image[0] % 100
        assert (each.mask[each.valid] == columns[each.valid] // 2).all() and (
            each.mask[~each.valid] == 255
        ).all()
        assert (each.image[:, ~each.valid] == 0).all()


def test_gains_leave_layers_alone_and_order_of_pixels():
    found = seen("none", gain_spread=0.3, spectral=[True, False])
    plain = patch()
    ratios = np.array([each.image[0, 4, 4] / plain.image[0, 4, 4] for each in found])
    assert ratios.min() < 0.9 and ratios.max() > 1.1 and np.abs(np.log(ratios)).max() <= 0.3 * np.sqrt(2)
    for each, ratio in zip(found, ratios, strict=True):
        np.testing.assert_allclose(each.image[0], plain.image[0] * ratio, rtol=1e-5)
        np.testing.assert_array_equal(each.image[1], plain.image[1])


def test_transforms_of_torchvision_fill_with_no_data():
    before = torch.random.get_rng_state()
    found = seen("none", transforms=v2.RandomAffine(degrees=0, translate=(0.4, 0.4)))
    assert torch.equal(before, torch.random.get_rng_state())
    assert len({each.mask.tobytes() for each in found}) > 10
    for each in found:
        assert (each.mask[~each.valid] == 255).all() and not each.image[:, ~each.valid].any()
        columns = each.image[0] % 100
        assert (each.mask[each.valid] == columns[each.valid] // 2).all()
    again = seen("none", transforms=v2.RandomAffine(degrees=0, translate=(0.4, 0.4)))
    assert all(one.image.tobytes() == other.image.tobytes() for one, other in zip(found, again, strict=True))


def test_transforms_that_lose_bands():
    with pytest.raises(UserError, match=r"data\.transforms: found an image"):
        Augmentation("none", transforms=lambda image, mask: (image[:1], mask))(
            np.random.default_rng(0), patch()
        )
