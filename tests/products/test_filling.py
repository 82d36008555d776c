from pathlib import Path

import numpy as np

from products.filling import FILL_MARGIN, fill, read_filled
from products.grid import Grid
from products.product import Product
from products.sensor import Sensor
from products.window import Window


class InMemory(Product):
    """One band that is an array."""

    def __init__(self, pixels: np.ndarray) -> None:
        bands = {"B1": {"ground_sample_distance_m": 10}}
        sensor = Sensor(name="toy", bands=bands, dtype="uint16", nodata=0, valid_range=[1, 65535], readers=[])
        super().__init__(Path("a"), "a", sensor, {10: Grid(*pixels.shape[1:])}, offsets={"B1": -1000})
        self.pixels = pixels

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        rows, columns = window.inside(Window(0, 0, *self.pixels.shape[1:]))
        return self.pixels[:, rows, columns]


def test_nothing_is_changed_where_all_is_data():
    pixels = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert fill(pixels, np.ones(pixels.shape, bool)) is pixels


def test_a_hole_takes_the_level_of_its_surroundings_band_by_band():
    pixels = np.stack([np.full((30, 30), 500), np.full((30, 30), 9000)]).astype(np.float32)
    valid = np.ones(pixels.shape, bool)
    valid[0, 8:20, 8:20] = False
    pixels[~valid] = np.nan
    filled = fill(pixels, valid)
    np.testing.assert_allclose(filled[0], 500, rtol=1e-3)
    assert np.array_equal(filled[1], pixels[1])


def test_tiles_read_with_the_margin_agree():
    generator = np.random.default_rng(1)
    pixels = generator.uniform(0, 4000, (1, 20, 160)).astype(np.float32)
    valid = generator.random(pixels.shape) > 0.2
    valid[:, :, 60:90] = False
    whole = fill(pixels, valid)
    cut = slice(70 - FILL_MARGIN, 80 + FILL_MARGIN)
    part = fill(pixels[:, :, cut], valid[:, :, cut])[:, :, FILL_MARGIN:-FILL_MARGIN]
    np.testing.assert_allclose(part, whole[:, :, 70:80], rtol=1e-6)


def test_far_from_all_data_it_is_dark():
    pixels = np.full((1, 1, 200), 900, np.float32)
    valid = np.zeros(pixels.shape, bool)
    valid[..., :3] = True
    assert np.abs(fill(pixels, valid)[0, 0, 3 + FILL_MARGIN :]).max() < 1e-6


def test_a_window_of_a_product_is_filled_as_the_whole():
    stored = np.random.default_rng(2).integers(1, 4000, (1, 20, 160)).astype(np.uint16)
    stored[:, :, 60:90] = 0
    product = InMemory(stored)
    whole, valid = read_filled(product, 10, Window(0, 0, 20, 160))
    part, known = read_filled(product, 10, Window(0, 70, 20, 30))
    np.testing.assert_allclose(part, whole[:, :, 70:100], rtol=1e-5, atol=1e-3)
    assert np.array_equal(known, valid[:, :, 70:100])
    assert np.array_equal(part[known], stored[:, :, 70:100][known].astype(np.float32) - 1000)
