"""Rasters read on other grids."""

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import transform

from errors import UserError
from products.grid import Grid
from products.window import Window
from synthesis.labels.aligned_raster import AlignedRaster, NumberFacts
from tests.fakes import exolabs
from tests.fakes.exolabs import LEFT, TOP

UTM, DEGREES = CRS.from_epsg(32632).to_wkt(), CRS.from_epsg(4326).to_wkt()
BILINEAR = NumberFacts(resampling="bilinear")


def grid(height, width, side=10.0, down=0, right=0, crs=UTM):
    """A grid whose corner lies some pixels from that of the tile."""
    return Grid(height, width, crs, (side, 0.0, LEFT + right * side, 0.0, -side, TOP - down * side))


def numbers(height=20, width=24, top=100, seed=0):
    return np.random.default_rng(seed).integers(0, top, (height, width)).astype(np.uint8)


def read(path, on, window=None, **options):
    with AlignedRaster(path, on, "layer=FILE", **options) as raster:
        return raster.read(window or Window(0, 0, *on.shape))


@pytest.mark.parametrize("facts", [None, BILINEAR])
def test_on_the_same_pixels_numbers_stay_as_they_are(tmp_path, facts):
    array = numbers()
    path = exolabs.write(tmp_path / "a.tif", array)
    found, known = read(path, grid(20, 24), facts=facts)
    np.testing.assert_array_equal(found[0], array)
    assert known.all()


def test_another_corner_is_a_shift_and_what_lies_outside_is_not_known(tmp_path):
    array = numbers()
    path = exolabs.write(tmp_path / "a.tif", array)
    found, known = read(path, grid(20, 24, down=-2, right=3))
    np.testing.assert_array_equal(found[0, 2:, :-3], array[:-2, 3:])
    assert known[0, 2:, :-3].all() and not known[0, :2].any() and not known[0, :, -3:].any()


def test_windows_are_parts_of_the_whole(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", numbers(40, 40), crs="EPSG:32633", left=410_000, top=5_300_000)
    x, y = transform(CRS.from_epsg(32633), CRS.from_epsg(32632), [410_050], [5_299_950])
    on = Grid(30, 30, UTM, (7.0, 0.0, x[0], 0.0, -7.0, y[0]))
    whole, known = read(path, on)
    assert known.any() and len(np.unique(whole[known])) > 20
    part, part_known = read(path, on, Window(5, 7, 11, 13))
    np.testing.assert_array_equal(part, whole[:, 5:16, 7:20])
    np.testing.assert_array_equal(part_known, known[:, 5:16, 7:20])


def test_nearest_takes_the_number_at_the_centre_and_bilinear_a_mean(tmp_path):
    array = np.array([[0, 100], [0, 100]], np.uint8)
    path = exolabs.write(tmp_path / "a.tif", array, resolution=20)
    nearest, _ = read(path, grid(4, 4))
    np.testing.assert_array_equal(nearest[0, 0], [0, 0, 100, 100])
    bilinear, known = read(path, grid(4, 4), facts=BILINEAR)
    np.testing.assert_allclose(bilinear[0, 1], [0, 25, 75, 100], atol=1e-4)
    assert known.all() and bilinear.dtype == np.float32


def test_another_reference_system_is_followed(tmp_path):
    """Each pixel holds its own column: east of the other UTM zone's grid they must rise eastwards in steps of one."""
    columns = np.tile(np.arange(200, dtype=np.uint8), (200, 1))
    # 9.06 degrees east, 47.85 north, as longitude and latitude.
    place = Affine(1e-4, 0, 9.06, 0, -1e-4, 47.85)
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        count=1,
        height=200,
        width=200,
        dtype="uint8",
        crs="EPSG:4326",
        transform=place,
    ) as file:
        file.write(columns, 1)
    x, y = to_utm(9.065, 47.845)
    on = Grid(20, 20, UTM, (10.0, 0.0, x, 0.0, -10.0, y))
    found, known = read(tmp_path / "a.tif", on)
    assert known.all()
    # 10 m are 1.338 pixels of 1e-4 degrees here.
    np.testing.assert_allclose(found[0, 0].astype(float), 50 + 1.338 * (np.arange(20) + 0.5) - 0.5, atol=1.5)


def to_utm(longitude, latitude):
    x, y = transform(CRS.from_epsg(4326), CRS.from_epsg(32632), [longitude], [latitude])
    return x[0], y[0]


def test_numbers_that_mean_nothing_are_not_known_and_do_not_blend(tmp_path):
    array = np.full((4, 4), 40, np.uint8)
    array[:, 2:] = 255
    path = exolabs.write(tmp_path / "a.tif", array, resolution=20)
    facts = NumberFacts(valid_range=(0, 100), nodata=(255,), resampling="bilinear")
    found, known = read(path, grid(8, 8), facts=facts)
    np.testing.assert_allclose(found[known], 40, atol=1e-4)
    assert known[0, :, :4].all() and not known[0, :, 5:].any()


def test_declared_nodata_that_means_something_is_believed_to_be_a_number(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", np.zeros((4, 4), np.uint8), nodata=0, resolution=20)
    for on in (grid(4, 4, 20.0), grid(8, 8)):
        found, known = read(path, on, facts=NumberFacts(valid_range=(0, 100)))
        assert known.all() and not found.any()


def test_nan_is_not_known(tmp_path):
    array = np.full((4, 4), 0.5, np.float32)
    array[0] = np.nan
    path = exolabs.write(tmp_path / "a.tif", array, resolution=20)
    for on in (grid(4, 4, 20.0), grid(8, 8)):
        _, known = read(path, on, facts=NumberFacts(valid_range=(0, 1), resampling="bilinear"))
        assert not known[0, 0].any() and known[0, on.height // 4 :].all()


def test_without_georeference_the_sizes_must_agree(tmp_path):
    array = numbers()
    path = exolabs.write(tmp_path / "a.tif", array, crs=None)
    np.testing.assert_array_equal(read(path, grid(20, 24))[0][0], array)
    with pytest.raises(
        UserError, match=r"layer=FILE: found 20 x 24 pixels without a common georeference, expected 20 x 25"
    ):
        read(path, grid(20, 25))


def test_how_much_is_covered(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", numbers())

    def covered(on):
        with AlignedRaster(path, on, "layer=FILE") as raster:
            return raster.overlap()

    assert covered(grid(20, 24)) == pytest.approx(1)
    assert covered(grid(20, 24, right=12)) == pytest.approx(0.5)
    assert covered(grid(20, 24, right=100)) == 0


def test_a_raster_that_does_not_cover_the_grid_is_refused_with_both_places(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", numbers())
    with AlignedRaster(path, grid(22, 26, down=-1, right=-1), "water=FILE") as raster:
        raster.check_covers(slack_px=3)
    with (
        AlignedRaster(path, grid(20, 24, right=10), "water=FILE") as raster,
        pytest.raises(
            UserError,
            match=r"water=FILE: found a raster of x 399960 to 400200, .* in EPSG:32632, expected one that covers x 400060",
        ),
    ):
        raster.check_covers(slack_px=3)


@pytest.mark.parametrize(
    ("make", "bands", "words"),
    [
        (
            lambda path: path.write_bytes(b"no raster"),
            (1,),
            "layer=FILE: cannot be read .*, expected a raster file",
        ),
        (lambda path: exolabs.write(path, numbers()), (1, 2), "layer=FILE: found 1 bands, expected 2"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, make, bands, words):
    make(tmp_path / "a.tif")
    with pytest.raises(UserError, match=words):
        AlignedRaster(tmp_path / "a.tif", grid(20, 24), "layer=FILE", bands=bands)


def test_a_damaged_file_is_one_sentence(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", numbers(600, 600), tiled=True, blockxsize=256, blockysize=256)
    path.write_bytes(path.read_bytes()[:150_000])
    with pytest.raises(UserError, match=r"layer=FILE: (found damaged pixels|cannot be read)"):
        read(path, grid(600, 600))
