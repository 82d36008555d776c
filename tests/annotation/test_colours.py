import numpy as np
import pytest

from annotation.colours import Colours
from errors import UserError
from tests.fakes.annotation_server import COLOURS, ROLES

BANDS = ("B12", "B2", "B3", "B4")


def test_pictures_are_those_whose_bands_are_there():
    assert COLOURS.names(("B2", "B3", "B4", "B8", "B12")) == ("rgb", "false_colour")
    assert COLOURS.names(BANDS) == ("rgb",)
    assert COLOURS.names(("radar",)) == ("rgb",)


def test_bands_are_found_by_name():
    image = np.stack([np.full((4, 4), value, np.float32) for value in (9000, 0, 500, 1000)])
    picture = COLOURS.picture("rgb", image, np.ones((4, 4), bool), BANDS)
    assert picture[0, 0].tolist() == [255, 128, 0]
    small = COLOURS.picture("rgb", image / 1e4, np.ones((4, 4), bool), BANDS)
    np.testing.assert_allclose(small, picture, atol=1)  # reflectance from 0 to 1 looks alike
    grey = COLOURS.picture("rgb", image[:1] * np.linspace(0, 1, 4), np.ones((4, 4), bool), ("radar",))
    assert (grey == grey[..., :1]).all()
    assert (grey[0, 0].max(), grey[0, 3].min()) == (0, 255)


def test_even_ground_stays_even():
    image = np.full((4, 6, 6), 3000, np.float32) + np.random.default_rng(0).normal(0, 5, (4, 6, 6)).astype(
        np.float32
    )
    picture = COLOURS.picture("rgb", image, np.ones((6, 6), bool), BANDS)
    assert np.ptp(picture.astype(int)) < 40
    assert COLOURS.picture("rgb", image, np.zeros((6, 6), bool), BANDS).max() == 0
    assert np.ptp(COLOURS.picture("rgb", 0 * image, np.ones((6, 6), bool), BANDS)) == 0


def test_roles_that_nobody_knows_are_refused():
    with pytest.raises(
        UserError, match=r"pictures\.heat: found \['red', 'thermal', 'blue'\], expected three of blue"
    ):
        Colours(roles=ROLES, pictures={"heat": ["red", "thermal", "blue"]})
