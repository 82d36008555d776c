import numpy as np
import pytest

from datamodules.segmentation_blocks import BlockOptions, ClassProfiles, cut_into_blocks
from errors import UserError

FRACTIONS = {"val": 0.15, "test": 0.15}


def options(**changed):
    given = {"margin": 16, "block": 128, "seed": 0, "place": 0, "name": "scene.tif"}
    return BlockOptions(**{**given, **changed})


def painted(blocks, shape):
    """Number of the set of each pixel, 0 where nobody reads."""
    image = np.zeros(shape, int)
    for number, name in enumerate(("train", "val", "test"), start=1):
        for window in blocks.get(name, ()):
            part = image[window.row : window.bottom, window.column : window.right]
            assert part.shape == (window.height, window.width) and not part.any()
            part[...] = number
    return image


@pytest.mark.parametrize("shape", [(512, 256), (333, 2049), (64, 64), (1000, 1300), (40, 300)])
@pytest.mark.parametrize("seed", range(3))
def test_sets_are_apart_and_have_their_share(shape, seed):
    image = painted(cut_into_blocks(shape, FRACTIONS, options(seed=seed)), shape)
    used = (image > 0).mean()
    assert used > 0.7
    for number in (2, 3):
        assert 0.09 < (image == number).mean() / used < 0.21
    margin = min(16, max(1, int(max(shape) / 32)))
    for axis in (0, 1):
        line = np.moveaxis(image, axis, 0)
        for gap in range(1, margin):  # between two sets lie pixels that nobody reads
            one, other = line[:-gap], line[gap:]
            assert not ((one != other) & (one > 0) & (other > 0)).any()


def test_large_scenes_take_turns():
    blocks = cut_into_blocks((8000, 6000), FRACTIONS, options())
    assert len(blocks["val"]) == len(blocks["test"]) > 3
    assert min(window.height for name in ("val", "test") for window in blocks[name]) >= 120


def test_every_set_shows_the_classes():
    """Cloud only at the left: strips along the columns would leave two sets without it."""
    classes = np.zeros((400, 400), int)
    classes[:, :60] = 1
    rows = np.stack([(classes == label).sum(1) for label in (0, 1)], 1)
    columns = np.stack([(classes == label).sum(0) for label in (0, 1)], 1)
    for seed in range(4):
        blocks = cut_into_blocks((400, 400), FRACTIONS, options(seed=seed), [ClassProfiles(rows, columns)])
        image = painted(blocks, (400, 400))
        for number in (1, 2, 3):
            assert (classes[image == number] == 1).mean() == pytest.approx(0.15, abs=0.02)


def test_the_seed_decides():
    found = {str(cut_into_blocks((300, 300), FRACTIONS, options(seed=seed))) for seed in range(8)}
    assert len(found) > 2
    assert cut_into_blocks((300, 300), FRACTIONS, options()) == cut_into_blocks(
        (300, 300), FRACTIONS, options()
    )


def test_a_set_less():
    assert set(cut_into_blocks((100, 100), {"test": 0.2}, options())) == {"train", "test"}


def test_too_small_a_scene():
    with pytest.raises(UserError, match=r"scene.tif: found 12 x 12 pixels, too few .* train, val, test"):
        cut_into_blocks((12, 12), FRACTIONS, options())
