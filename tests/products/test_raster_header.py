import pytest

from errors import UserError
from products.raster_header import RasterInfo
from products.window import Window


def header(**values):
    return RasterInfo(
        **{
            "path": "a.png", "driver": "PNG", "height": 4, "width": 6, "dtype": "uint16",
            "indexes": (1, 2, 3), "band_names": ("red", "green", "blue"), "alpha": 4,
        }
        | values
    )  # fmt: skip


def test_sizes():
    assert header().shape == (3, 4, 6)
    assert header().num_bytes == 144
    assert header().window == Window(0, 0, 4, 6)
    assert str(Window(1, 2, 3, 4)) == "1,2,3,4"


def test_selecting_alpha_makes_it_a_band():
    assert header().select(None) == header()
    assert header().select((2,)).alpha == 4
    chosen = header().select((4, 1))
    assert chosen.band_names == ("band_4", "red")
    assert chosen.alpha is None
    with pytest.raises(UserError, match=r"asks for band 0, but a\.png has bands 1, 2, 3, 4"):
        header().select((0,))
