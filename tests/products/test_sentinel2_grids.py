import logging

import pytest
from rasterio.crs import CRS

from errors import UserError
from products.grid import GridRelation
from products.raster_handles import RasterHeader
from products.sentinel2_grids import grids_of
from products.sentinel2_metadata import parse_tile
from tests.fakes import sentinel2 as fakes

UTM = CRS.from_epsg(32633).to_wkt()
NATIVE = {band: m for m, group in fakes.GROUPS.items() for band in group}


def header(band, *, shape=None, crs=UTM, left=fakes.LEFT, top=fakes.TOP, pixel=None):
    m = pixel or NATIVE[band]
    height, width = shape or (96 * 10 // NATIVE[band], 108 * 10 // NATIVE[band])
    return RasterHeader(height, width, "uint16", crs, None if left is None else (m, 0, left, 0, -m, top))


def grids(tile=fakes.tile_metadata(), everything=None, **changed):  # noqa: B008  (text)
    headers = {band: header(band, **(everything or {})) for band in NATIVE}
    headers |= {band: header(band, **options) for band, options in changed.items()}
    return grids_of(fakes.sensor(), headers, tile and parse_tile(tile.encode(), "MTD_TL.xml"), "p")


@pytest.mark.parametrize("tile", [fakes.tile_metadata(), None])
def test_grids_of_images(tile):
    found = grids(tile)
    assert {m: grid.shape for m, grid in found.items()} == {10: (96, 108), 20: (48, 54), 60: (16, 18)}
    assert found[20].transform == (20, 0, fakes.LEFT, 0, -20, fakes.TOP)
    assert CRS.from_wkt(found[60].crs).to_epsg() == 32633
    assert found[10].relation(found[60], 6) == GridRelation(6)


def test_images_without_georeference_take_the_metadata():
    assert grids(everything={"left": None, "crs": ""}) == grids()


def test_rounding_in_files_is_undone():
    assert grids(everything={"left": fakes.LEFT + 1e-6}) == grids()


def test_a_part_of_a_granule(caplog):
    shapes = {10: (60, 72), 20: (30, 36), 60: (10, 12)}
    place = {"left": fakes.LEFT + 60, "top": fakes.TOP - 120}
    with caplog.at_level(logging.WARNING):
        found = grids(**{band: {"shape": shapes[m], **place} for band, m in NATIVE.items()})
    assert found[10].shape == (60, 72)
    assert caplog.messages == ["p: its images are 60 x 72 pixels from 400020, 5699880, a part of the granule"]


def test_crops_that_are_no_multiples():
    shapes = {10: (444, 456), 20: (221, 227), 60: (73, 75)}
    found = grids(None, **{band: {"shape": shapes[m]} for band, m in NATIVE.items()})
    assert found[60].shape == (73, 75)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"B6": {"shape": (36, 42)}},
            "p: B6: found 36 x 42 pixels from .*, expected 48 x 54 pixels .* as B5 has",
        ),
        ({"B6": {"shape": (49, 54)}}, "p: B6: found 49 x 54 .* as the granule's metadata says"),
        (
            {"B6": {"left": fakes.LEFT - 20}},
            "p: B6: .*found .* from 399940, .* as the granule's metadata says",
        ),
        ({"B6": {"crs": CRS.from_epsg(32634).to_wkt()}}, "p: B6: found EPSG:32634, expected EPSG:32633"),
        ({"B6": {"pixel": 10}}, "p: B6: found pixels of 10 m, expected 20 m as the sensor's config says"),
        (
            {"B6": {"left": None, "shape": (9, 9)}},
            "p: B6: found 9 x 9 pixels without georeference, expected 48 x 54",
        ),
    ],
)
def test_images_that_do_not_fit_are_refused(changed, message):
    with pytest.raises(UserError, match=message):
        grids(**changed)


def test_without_metadata_images_are_held_against_each_other():
    for changed, message in (
        (
            {"B1": {"shape": (9, 9)}, "B9": {"shape": (9, 9)}},
            "found 9 x 9 pixels of 60 m beside 96 x 108 of 10 m",
        ),
        ({"B6": {"left": fakes.LEFT + 20}}, "expected 48 x 54 pixels .* as B5 has"),
        ({"B6": {"left": None}}, "B6: found no georeference"),
        ({"B6": {"crs": ""}}, "B6: found no coordinate reference system"),
        ({"B1": {"left": 0}, "B9": {"left": 0}}, "its grids begin"),
    ):
        with pytest.raises(UserError, match=message):
            grids(None, **changed)


@pytest.mark.parametrize("crs", ["EPSG:x", "EPSG:99999999", "https://example.org/crs", "+proj=longlat"])
def test_a_reference_system_that_nobody_knows(crs):
    with pytest.raises(UserError, match=r"p: HORIZONTAL_CS_CODE: found .*expected a code such as EPSG:32633"):
        grids(fakes.tile_metadata(crs=crs))
