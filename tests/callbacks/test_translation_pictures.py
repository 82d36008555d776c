"""What the pictures show, read back from their pixels."""

from pathlib import Path

import numpy as np
from PIL import Image

from callbacks import translation_pictures as pictures

SIDE = pictures.CELL_PX


def test_one_stretch_for_all_frames_of_a_scene() -> None:
    target = np.linspace(0, 1, 2 * 3 * 50 * 40).reshape(2, 3, 50, 40).astype(np.float32)
    valid = np.ones((2, 50, 40), bool)
    stretch = pictures.Stretch(target, valid)
    colours = stretch.colours(target)
    assert colours.shape == (2, 50, 40, 3) and colours.dtype == np.uint8
    assert colours[0].mean() < 80 and colours[1].mean() > 175  # a dark frame stays dark
    brighter = stretch.colours(target + 10)
    assert brighter.min() == 255
    sar = stretch.colours(np.full((2, 1, 50, 40), 7.0, np.float32) + target[:, :1])
    assert sar.min() == 0 and sar.max() == 255  # other bands, their own stretch
    assert np.all(sar[..., 0] == sar[..., 2])


def test_pixels_without_data_do_not_stretch() -> None:
    target = np.zeros((1, 3, 10, 10), np.float32)
    target[..., :5] = np.linspace(0.4, 0.6, 5)
    target[..., 5:] = 1e6
    valid = np.zeros((1, 10, 10), bool)
    valid[..., :5] = True
    colours = pictures.Stretch(target, valid).colours(target)
    assert colours[0, 0, 0, 0] == 0 and colours[0, 0, 4, 0] == 255
    assert pictures.Stretch(target, ~valid & valid).colours(target).shape == (1, 10, 10, 3)


def test_errors_have_one_scale() -> None:
    target = np.zeros((1, 2, 4, 4), np.float32)
    prediction = target.copy()
    prediction[0, :, 0] = [[0.5] * 4, [0.5] * 4]
    prediction[0, :, 1] = np.nan
    valid = np.ones((1, 4, 4), bool)
    valid[0, 3] = False
    colours = pictures.error_colours(prediction, target, valid)
    brightest, darkest = colours[0, 0, 0], colours[0, 2, 0]
    assert brightest.sum() > 600 and darkest.sum() < 20
    np.testing.assert_array_equal(colours[0, 1, 0], brightest)  # no number is the worst number
    assert colours[0, 3].tolist() == [[128] * 3] * 4


def test_a_strip_has_a_row_for_each_name_and_a_column_for_each_frame() -> None:
    red = np.zeros((3, 20, 20, 3), np.uint8)
    red[..., 0] = 255
    shown = pictures.strip({"red": red, "dark_blue": red[..., ::-1] // 2}, ["a", "b", "c"], "title", "footer")
    step, top, left = SIDE + pictures.GAP_PX, 2 * pictures.HEADER_PX, pictures.MARGIN_PX
    assert shown.shape == (top + 2 * step + pictures.HEADER_PX, left + 3 * step, 3)
    for column in range(3):
        middle = left + column * step + SIDE // 2
        assert shown[top + SIDE // 2, middle].tolist() == [255, 0, 0]
        assert shown[top + step + SIDE // 2, middle].tolist() == [0, 0, 127]
    assert (shown[top : top + SIDE, :left] < 128).any()  # the names are there
    assert (shown[: pictures.HEADER_PX] < 128).any() and (shown[-pictures.HEADER_PX :] < 128).any()


def test_class_maps_have_their_colours_and_a_legend() -> None:
    truth = np.repeat([0, 1, 255, 5], 8).reshape(4, 8)
    colours = pictures.class_colours(truth)
    assert [f"#{''.join(f'{part:02X}' for part in colours[row, 0])}" for row in range(4)] == [
        "#E69F00", "#56B4E9", "#DDDDDD", "#D55E00",
    ]  # fmt: skip
    drawn = pictures.class_maps({"truth": truth, "model": truth}, "scene")
    legend = drawn[-pictures.HEADER_PX :].reshape(-1, 3)
    for colour in colours[:, 0]:
        assert (legend == colour).all(1).any()


def test_an_animation_has_every_frame(tmp_path: Path) -> None:
    frames = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (0, 120, 240)])
    path = tmp_path / "new" / "scene.gif"
    pictures.animation({"prediction": frames, "truth": frames}, ["0", "1", "2"], "scene", path)
    with Image.open(path) as image:
        assert image.n_frames == 3 and image.info["duration"] == pictures.FRAME_MILLISECONDS
        middle = []
        for number in range(3):
            image.seek(number)
            middle.append(image.convert("L").getpixel((SIDE // 2, 2 * pictures.HEADER_PX + SIDE // 2)))
    assert np.allclose(middle, [0, 120, 240], atol=6)
    assert [each.name for each in path.parent.iterdir()] == ["scene.gif"]
