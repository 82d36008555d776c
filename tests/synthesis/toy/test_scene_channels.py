from pathlib import Path

import numpy as np
import pytest

from synthesis.toy.derivation.aggregation import Aggregation
from synthesis.toy.layout import open_product
from synthesis.toy.scene_channels import HistoryChannels, ProductChannels, RaisedChannels, frames_of_all
from tests.fakes.toy_scenes import SIDE, pixels, write_product


def test_history_is_the_newest_earlier_frame_of_the_revisits(tmp_path: Path) -> None:
    product = open_product(
        write_product(tmp_path / "1" / "sharp", frames=[0, 1, 2, 3, 4, 5, 7, 9], horizon=10)
    )
    history = HistoryChannels("history", product, revisit=3)
    # Frames 0, 3 and 9 are taken; 6 is not there.
    assert [history.taken_for(frame) for frame in range(12)] == [None, 0, 0, 0, 3, 3, 3, 3, 3, 3, 9, 9]
    assert [frame for frame in range(12) if history.has(frame)] == list(range(1, 12))
    np.testing.assert_allclose(
        history.read(4, (1, 2, 3, 4)), pixels("1", "sharp", 3)[1:4, 2:6].transpose(2, 0, 1), atol=1e-4
    )
    with pytest.raises(KeyError):
        history.read(0)


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_a_hole_is_nan(tmp_path: Path, layout: str) -> None:
    product = open_product(write_product(tmp_path / "p", frames=[2], layout=layout, holes={2: (3, 4)}))
    channels = ProductChannels("p", product)
    assert (channels.num_bands, channels.has(2), channels.has(1)) == (3, True, False)
    missing = np.isnan(channels.read(2))
    assert missing.sum() == 3
    assert missing[:, 3, 4].all()


def test_a_window_of_a_raised_product_is_a_part_of_the_whole(tmp_path: Path) -> None:
    product = open_product(write_product(tmp_path / "low", side=4, frames=[0]))
    raised = RaisedChannels("low", product, (SIDE, 12))
    assert raised.read(0).shape == (3, SIDE, 12)
    np.testing.assert_allclose(raised.read(0, (5, 1, 7, 9)), raised.read(0)[:, 5:12, 1:10], atol=1e-6)


def test_a_coarse_frame_made_of_a_sharp_one(tmp_path: Path) -> None:
    product = open_product(write_product(tmp_path / "1" / "sharp", frames=[0]))
    made = RaisedChannels("low", product, (SIDE, SIDE), Aggregation(block_px=4))
    blocks = pixels("1", "sharp", 0).reshape(4, 4, 4, 4, 3).mean((1, 3))
    middle = made.read(0)[:, 4:12, 4:12]
    assert middle.min() > blocks.min() - 0.1
    assert middle.max() < blocks.max() + 0.1
    np.testing.assert_array_equal(made.read(0), made.read(0))


def test_frames_that_every_source_has(tmp_path: Path) -> None:
    one = ProductChannels("a", open_product(write_product(tmp_path / "a", frames=[0, 1, 3, 4])))
    other = HistoryChannels("h", open_product(write_product(tmp_path / "b", frames=[2, 4])), 2)
    assert frames_of_all([4, 0, 3, 1, 5, 3], [one, other]) == [3, 4]
