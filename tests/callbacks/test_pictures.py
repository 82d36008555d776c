import numpy as np
from PIL import Image

from callbacks.pictures import draw_panel, save_png


def test_panel_has_a_cell_per_picture(tmp_path):
    grey, colour = np.zeros((2, 1, 8, 16)), np.ones((2, 3, 8, 16))
    panel = draw_panel({"grey": grey, "colour": colour}, size=32, gap=4)
    assert panel.shape == (18 + 2 * 36 - 4, 2 * 36 - 4, 3)
    assert panel[18 + 2, 2].tolist() == [0, 0, 0]
    assert panel[18 + 2, 36 + 2].tolist() == [255, 255, 255]
    save_png(panel, tmp_path / "a" / "panel.png")
    assert Image.open(tmp_path / "a" / "panel.png").size == (panel.shape[1], panel.shape[0])


def test_values_outside_and_not_numbers_do_not_break_a_panel():
    panel = draw_panel({"x": np.array([[[[-1.0, np.nan], [2.0, 0.5]]]])}, size=2, gap=0)
    assert panel[18:, :, 0].tolist() == [[0, 0], [255, 128]]
