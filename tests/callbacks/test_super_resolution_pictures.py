"""What the pictures show, read back from their pixels."""

import numpy as np

from callbacks import super_resolution_pictures as pictures


def test_false_colours_are_the_wanted_bands_or_the_first() -> None:
    names = ("B5", "B8A", "B11", "B12")
    assert pictures.shown_bands(names, ["B12", "B8A", "B5"]) == [3, 1, 0]
    assert pictures.shown_bands(names, ["B12", "B9", "B5"]) == [0, 1, 2]
    assert pictures.shown_bands(names, None) == [0, 1, 2]
    assert pictures.shown_bands(("B1", "B9"), ["B12", "B8A", "B5"]) == [0]


def test_one_stretch_from_the_valid_pixels() -> None:
    image = np.full((2, 10, 10), 1e6, np.float32)
    valid = np.zeros((10, 10), bool)
    valid[:, :5] = True
    image[1, :, :5] = np.linspace(1000, 2000, 5)
    stretch = pictures.Stretch(image, valid, [1])
    colours = stretch.colours(image)
    assert colours.shape == (10, 10, 3) and colours.dtype == np.uint8
    assert colours[0, 0].tolist() == [0, 0, 0] and colours[0, 4].tolist() == [255, 255, 255]
    assert abs(int(colours[0, 2, 0]) - 127) <= 1
    assert stretch.colours(image + 10000).min() == 255
    flat = np.where(valid, 7.0, np.nan)[None].repeat(3, 0)
    assert pictures.Stretch(flat, ~valid & valid, [0, 1, 2]).colours(flat).shape == (10, 10, 3)


def test_errors_share_the_scale_of_bicubic() -> None:
    target = np.zeros((2, 4, 4), np.float32)
    prediction = target.copy()
    prediction[:, 0] = np.array([[30.0], [50.0]])
    prediction[:, 1] = np.nan
    valid = np.ones((4, 4), bool)
    valid[3] = False
    error = pictures.mean_error(prediction, target)
    assert error[0, 0] == 40.0 and np.isinf(error[1, 0])
    brightest = pictures.brightest_error(error, valid)
    assert brightest == 40.0
    colours = pictures.error_colours(error, valid, brightest)
    assert colours[0, 0].sum() > 600 and colours[2, 0].sum() < 20
    np.testing.assert_array_equal(colours[1, 0], colours[0, 0])  # no number is the worst number
    assert colours[3].tolist() == [[128] * 3] * 4
    assert pictures.brightest_error(np.zeros((2, 2)), np.ones((2, 2), bool)) == 1.0
    assert pictures.brightest_error(np.full((2, 2), 1234.0), np.ones((2, 2), bool)) == 1200.0


def test_a_panel_enlarges_pixels_by_a_whole_number() -> None:
    red = np.zeros((100, 100, 3), np.uint8)
    red[..., 0] = 255
    rows = [[pictures.Cell("a", red), pictures.Cell("b", red)], [pictures.Cell("", None)]]
    shown = pictures.panel(rows, "title", "footer")
    step, left = 200 + pictures.GAP_PX, pictures.GAP_PX
    upper = 2 * pictures.LINE_PX + pictures.GAP_PX
    assert shown.shape[1] == left + 2 * step
    is_red = (shown == [255, 0, 0]).all(axis=-1)
    assert is_red.sum() == 2 * 200 * 200 and is_red[upper, left] and is_red[upper + 199, left + step + 199]
    assert (shown[: pictures.LINE_PX] < 128).any() and (shown[-pictures.LINE_PX :] < 128).any()
    large = pictures.panel([[pictures.Cell("", np.zeros((700, 350, 3), np.uint8))]], "")
    assert (large[upper : upper + 256, left : left + 128] == 0).all()
