import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from errors import UserError
from products.grid import GridRelation
from products.region import finest_window, usable
from products.window import Window
from tests.fakes import landsat
from tests.fakes.raster_folder import noise, write_raster

LEVEL_1 = ["pre_collection", "collection_1", "collection_2"]
WHOLE = Window(0, 0, 20, 24)


@pytest.mark.parametrize("layout", LEVEL_1)
def test_every_collection_is_read(tmp_path: Path, layout):
    folder, pixels = landsat.product(tmp_path / "scene", layout)
    with landsat.sensor().open(folder) as product:
        assert product.name == landsat.IDENTIFIERS[layout]
        assert {m: grid.shape for m, grid in product.grids.items()} == {15: (41, 48), 30: (20, 24)}
        assert product.relation(30) == GridRelation(2, 0.5, 0.5)
        window = Window(3, 5, 11, 12)
        stored = product.read(30, window)
        assert stored.dtype == np.uint16
        for band, layer in zip(product.sensor.group(30), stored, strict=True):
            np.testing.assert_array_equal(layer, pixels[band.name][3:14, 5:17])
        np.testing.assert_array_equal(product.read(15, window)[0], pixels["B8"][3:14, 5:17])


@pytest.mark.parametrize("name", ["scene.tar", "scene.tar.gz", "scene.zip", "no_suffix.tar"])
def test_archives_are_read_as_folders_are(tmp_path: Path, name):
    folder, pixels = landsat.product(tmp_path / "scene", quality=np.full((20, 24), 22280))
    archive = landsat.packed(folder, tmp_path / name)
    if name.startswith("no_suffix"):
        archive = archive.rename(tmp_path / "no_suffix")
    before = set(tmp_path.iterdir())
    with landsat.sensor().open(archive) as product:
        np.testing.assert_array_equal(product.read(30, WHOLE)[3], pixels["B4"])
        np.testing.assert_array_equal(product.read(15, Window(1, 2, 9, 9))[0], pixels["B8"][1:10, 2:11])
        assert product.quality("cloud", WHOLE).all()
        assert set(tmp_path.iterdir()) == before


def test_the_metadata_file_stands_for_its_product(tmp_path: Path):
    folder, _ = landsat.product(tmp_path / "scene")
    metadata = next(folder.glob("*_MTL.txt"))
    assert landsat.sensor().open(metadata).grids == landsat.sensor().open(folder).grids


def test_renamed_files_are_found_by_their_ending(tmp_path: Path):
    folder, pixels = landsat.product(tmp_path / "scene", "pre_collection")
    for file in folder.iterdir():
        file.rename(folder / f"l8_{file.name.split('_')[-1].replace('TIF', 'tif')}")
    with landsat.sensor().open(folder) as product:
        np.testing.assert_array_equal(product.read(30, WHOLE)[0], pixels["B1"])


def test_physical_values_come_from_the_metadata(tmp_path: Path):
    product = landsat.sensor().open(landsat.product(tmp_path)[0])
    assert product.scales == {"B10": 3.342e-4, "B11": 3.342e-4}
    assert product.physical_offsets == {"B10": 0.1, "B11": 0.1}
    assert product.offsets == {}
    assert product.tags["SUN_ELEVATION"] == "64.74360932"
    assert product.tags["REFLECTANCE_MULT_BAND_4"] == "2.0000E-05"


def test_level_2_is_read_by_its_own_sensor(tmp_path: Path):
    folder, pixels = landsat.product(tmp_path, "level_2", quality=np.full((20, 24), 21952))
    with landsat.sensor("landsat_l2sp").open(folder) as product:
        assert list(product.grids) == [30]
        np.testing.assert_array_equal(
            product.read(30, WHOLE)[[0, 7]], np.stack([pixels["SR_B1"], pixels["ST_B10"]])
        )
        assert product.scales == {"ST_B10": 0.00341802}
        assert product.physical_offsets == {"ST_B10": 149.0}
        assert product.quality("water", WHOLE).all()


def test_levels_are_not_mixed_up(tmp_path: Path):
    with pytest.raises(
        UserError,
        match=r"level L2SP, which has no panchromatic band to sharpen with; .* or sensor=landsat_l2sp",
    ):
        landsat.sensor().open(landsat.product(tmp_path / "2", "level_2")[0])
    with pytest.raises(
        UserError, match=r"found a product of level L1TP; expected level 2 .* or sensor=landsat8"
    ):
        landsat.sensor("landsat_l2sp").open(landsat.product(tmp_path / "1")[0])
    with pytest.raises(
        UserError, match="landsat_l2sp has no 15 m bands to sharpen; expected one of a sensor with two grids"
    ):
        landsat.sensor("landsat_l2sp").inputs_of(15)


def test_quality_by_name(tmp_path: Path):
    stored = np.full((20, 24), 21824)
    stored[5:9, 7:11] = 22280
    product = landsat.sensor().open(landsat.product(tmp_path, quality=stored)[0])
    assert "cloud" in product.quality_names
    mask = product.quality(["cloud", "fill"], Window(4, 6, 10, 10))
    assert mask.shape == (10, 10)
    assert mask.sum() == 16
    assert mask[1:5, 1:5].all()


def test_without_a_quality_band_nothing_else_is_missing(tmp_path: Path):
    product = landsat.sensor().open(landsat.product(tmp_path)[0])
    assert product.quality_names == ()
    with pytest.raises(
        UserError, match=r"found no quality band, expected a file \*_BQA.TIF or \*_QA_PIXEL.TIF"
    ):
        product.quality("cloud", WHOLE)


def test_an_opened_product_can_be_sent_to_another_process(tmp_path: Path):
    folder, pixels = landsat.product(tmp_path / "p")
    product = landsat.sensor().open(landsat.packed(folder, tmp_path / "a.tar"))
    other = pickle.loads(pickle.dumps(product))
    product.close()
    np.testing.assert_array_equal(other.read(30, WHOLE)[1], pixels["B2"])


def drop(folder, pattern):
    next(folder.glob(pattern)).unlink()


def cut(folder, pattern):
    file = next(folder.glob(pattern))
    os.truncate(file, file.stat().st_size // 2)


def empty(folder, pattern):
    next(folder.glob(pattern)).write_bytes(b"")


def replaced(folder, pattern, pixels, **place):
    file = next(folder.glob(pattern))
    file.unlink()  # writing over it, GDAL would delete the metadata file too
    write_raster(file, pixels, left=landsat.LEFT, epsg=landsat.EPSG, **place)


def smaller(folder, pattern):
    replaced(folder, pattern, noise(1, 19, 24), pixel_m=30, top=landsat.TOP)


def elsewhere(folder, pattern):
    replaced(folder, pattern, noise(1, 41, 48), pixel_m=15, top=0)


@pytest.mark.parametrize(
    ("damage", "pattern", "message"),
    [
        (drop, "*_MTL.txt", r"found no metadata, expected a file \*_MTL\.txt"),
        (drop, "*_B8.TIF", r"found no file of band B8, expected .*_02_T1_B8\.TIF or \*_B8\.TIF"),
        (drop, "*_B11.TIF", "found no file of band B11"),
        (cut, "*_B4.TIF", r"_B4\.TIF: found (no readable image|damaged pixels)"),
        (cut, "*_MTL.txt", r"_MTL\.txt: found the end of the file amid the metadata"),
        (empty, "*_B8.TIF", r"_B8\.TIF: found no image, expected GeoTIFF"),
        (smaller, "*_B5.TIF", r"_B5\.TIF: found 19 x 24 pixels that lie otherwise than 20 x 24 of B1"),
        (elsewhere, "*_B8.TIF", "its grids begin"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "tar"])
def test_damaged_products_are_told_in_a_sentence(tmp_path: Path, damage, pattern, message, packed):
    path, _ = landsat.product(tmp_path / "scene")
    damage(path, pattern)
    if packed:
        path = landsat.packed(path, tmp_path / "scene.tar")
    with pytest.raises(UserError, match=message) as error:
        landsat.sensor().open(path)
    assert "\n" not in str(error.value)


def test_other_satellites_are_refused(tmp_path: Path):
    folder, _ = landsat.product(tmp_path, spacecraft="LANDSAT_7")
    with pytest.raises(UserError, match="found a product of LANDSAT_7, expected LANDSAT_8 or LANDSAT_9"):
        landsat.sensor().open(folder)


def test_archives_with_members_outside_are_refused(tmp_path: Path):
    folder, _ = landsat.product(tmp_path / "scene")
    archive = landsat.packed(folder, tmp_path / "scene.tar")
    with tarfile.open(archive, "a") as file:
        file.add(next(folder.glob("*_B1.TIF")), "../outside_B1.TIF")
    with pytest.raises(UserError, match="lies outside of it"):
        landsat.sensor().open(archive)


@pytest.fixture(scope="module")
def alabama(real_data):
    with landsat.sensor().open(real_data / "landsat8_sattestdata_L1") as product:
        yield product


@pytest.mark.real
def test_the_real_scene_is_read_whole(alabama):
    assert alabama.name == "LC80200392015216LGN00"
    assert {m: grid.shape for m, grid in alabama.grids.items()} == {15: (1207, 1254), 30: (603, 627)}
    assert alabama.relation(30) == GridRelation(2, 0.5, 0.5)
    assert usable(alabama, [15, 30]) == Window(0, 0, 1207, 1254)
    pixels, valid = alabama.read_harmonised(30, Window(0, 0, 603, 627))
    assert valid.all()
    assert pixels.shape == (10, 603, 627)


@pytest.mark.real
def test_real_pan_pixels_lie_where_the_relation_says(alabama):
    """Sums of pan pixels are most alike to the 30 m bands at half a pixel: not earlier, not later.

    Where there are no clouds: those are seen from another angle by each band, and seem to move along the track.
    """
    pan = alabama.read(15, Window(0, 0, 1207, 1254))[0].astype(float)
    bands = alabama.read(30, Window(0, 0, 603, 627)).astype(float)
    rows, columns = np.arange(10, 590), np.arange(10, 610)
    clear = (maximum_filter(bands[0], size=15) < np.quantile(bands[0], 0.5))[np.ix_(rows, columns)]
    seen = bands[2:4].mean(axis=0)[np.ix_(rows, columns)][clear]  # green and red: what pan sees
    smooth = (pan[:-2] + 2 * pan[1:-1] + pan[2:]) / 4  # centred on pixel 1, 2, ...
    smooth = (smooth[:, :-2] + 2 * smooth[:, 1:-1] + smooth[:, 2:]) / 4

    def likeness(down, right):  # of pan pixels; 0, 0 is an offset of 0.5
        there = smooth[np.ix_(2 * rows + down, 2 * columns + right)]
        return np.corrcoef(there[clear], seen)[0, 1]

    here = likeness(0, 0)
    assert here > 0.92
    for other in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        assert likeness(*other) < here - 0.005


@pytest.mark.real
def test_the_real_scenes_quality_band_sees_its_clouds(alabama):
    window = Window(0, 0, 603, 627)
    cloud = alabama.quality("cloud", window)
    bright = alabama.read(30, window)[1]
    assert 0.03 < cloud.mean() < 0.12  # 11 % of the whole scene
    assert bright[cloud].mean() > 1.3 * bright[~cloud].mean()
    assert not alabama.quality("fill", window).any()


@pytest.mark.real
def test_a_box_of_the_real_scene_in_degrees(alabama):
    window = finest_window(alabama, [15, 30], lonlat=[-87.40, 30.75, -87.38, 30.73])
    left, top = 452467.5 + 15 * window.column, 3408652.5 - 15 * window.row
    # 87.40 W, 30.75 N of zone 16: by the scale of the projection there, 0.4 degrees west of the meridian 87 W.
    assert abs(left - (500_000 - 0.9996 * 0.4 * 95_770)) < 60
    assert 120 < window.width < 135  # 0.02 degrees are 1914 m
    assert 144 < window.height < 154  # 0.02 degrees are 2217 m
    assert top > 3_400_000
