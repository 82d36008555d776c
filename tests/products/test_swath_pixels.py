import sys

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.crs import CRS

from errors import UserError
from products.swath_pixels import SLACK, SwathPixels
from products.window import Window
from tests.fakes import swaths

UTM = CRS.from_epsg(32633)


def test_scans_are_strips_with_map_coordinates(tmp_path):
    window = Window(30, 4, 60, 40)
    with swaths.sensor("modis").open(swaths.write(tmp_path, scans=3)) as product:
        pixels = SwathPixels(product, window, 250, UTM)
        place = product.geolocation(250, window)
    assert [strip.window[:] for strip in pixels.strips] == [(0, 0, 10, 40), (10, 0, 40, 40), (50, 0, 10, 40)]
    x, y = Transformer.from_crs(4326, 32633, always_xy=True).transform(place.longitude, place.latitude)
    found = (
        np.concatenate([strip.x for strip in pixels.strips]),
        np.concatenate([strip.y for strip in pixels.strips]),
    )
    np.testing.assert_allclose(found[0] + pixels.origin[0], x, atol=0.01)
    np.testing.assert_allclose(found[1] + pixels.origin[1], y, atol=0.01)


def test_a_footprint_reaches_half_its_diagonal(tmp_path):
    with swaths.sensor("viirs").open(swaths.write(tmp_path, "viirs")) as product:
        pixels = SwathPixels(product, Window(0, 0, 64, 64), 375, UTM)
    for strip in pixels.strips:
        np.testing.assert_allclose(strip.reach, SLACK * 375 / np.sqrt(2), rtol=0.01)
    assert pixels.largest_reach == pytest.approx(SLACK * 375 / np.sqrt(2), rel=0.01)


def test_a_product_without_positions_cannot_be_resampled(tmp_path):
    with (
        swaths.sensor("modis").open(swaths.write(tmp_path, geolocation=None)) as product,
        pytest.raises(UserError, match=r"MOD09.*found no positions and no geolocation product beside it"),
    ):
        SwathPixels(product, Window(0, 0, 80, 64), 250, UTM)


def test_pixels_off_the_map_are_told(tmp_path):
    north = CRS.from_proj4("+proj=gnom +lat_0=-90")  # shows the southern hemisphere only
    with (
        swaths.sensor("modis").open(swaths.write(tmp_path)) as product,
        pytest.raises(UserError, match="none of its pixels lies on the map"),
    ):
        SwathPixels(product, Window(0, 0, 80, 64), 250, north)


def test_without_pyresample_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyresample", None)
    with (
        swaths.sensor("modis").open(swaths.write(tmp_path)) as product,
        pytest.raises(UserError, match=r"found no pyresample .*uv sync --extra products"),
    ):
        SwathPixels(product, Window(0, 0, 80, 64), 250, UTM)
