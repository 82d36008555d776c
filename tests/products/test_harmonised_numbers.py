import numpy as np

from products.harmonised_numbers import harmonised

WHOLE = np.array([[[0, 1], [2, 3]], [[4, 0], [6, 7]]], np.uint16)


def test_whole_numbers_have_no_data_where_any_band_has_the_number_of_no_data():
    pixels, valid = harmonised(WHOLE, 1.0, 0.0, 0)
    assert valid.tolist() == [[False, False], [True, True]]
    assert pixels.dtype == np.float32
    assert pixels.tolist() == [[[0, 0], [2, 3]], [[0, 0], [6, 7]]]


def test_floats_have_no_data_where_all_bands_have_it_or_one_is_not_finite():
    floats = WHOLE.astype(np.float32)
    floats[:, 0, 0] = 0
    floats[1, 1, 1] = np.nan
    floats[0, 1, 0] = -np.inf
    pixels, valid = harmonised(floats, 10_000.0, -5.0, 0)
    assert valid.tolist() == [[False, True], [False, False]]
    assert pixels[:, 0, 1].tolist() == [9995, -5]
    assert np.isfinite(pixels).all()


def test_without_a_number_of_no_data_all_whole_numbers_are_data():
    pixels, valid = harmonised(WHOLE, 1.0, -1000.0, None)
    assert valid.all()
    assert pixels[0, 0, 0] == -1000


def test_bands_have_scales_of_their_own():
    scale, offset = np.array([1.0, 2.0])[:, None, None], np.array([0.0, 1.0])[:, None, None]
    pixels, _ = harmonised(WHOLE + np.uint16(1), scale, offset, 0)
    assert pixels.tolist() == [[[1, 2], [3, 4]], [[11, 3], [15, 17]]]
