import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from errors import UserError
from inference.raster_output import StagedOutput, check_driver, convert, data_path, driver_of, write_archive


def write(path, pixels, **facts):
    bands, height, width = pixels.shape
    layout = {"count": bands, "height": height, "width": width, "dtype": pixels.dtype, "crs": "EPSG:32633"}
    with rasterio.open(
        path, "w", driver="GTiff", **layout, transform=Affine(10, 0, 5, 0, -10, 7), **facts
    ) as file:
        file.write(pixels)
        file.update_tags(LEVEL="L1C")
    return path


@pytest.mark.parametrize(
    "name, driver, expected",
    [
        ("a.tif", None, "GTiff"),
        ("a.tiff", "cog", "COG"),
        ("a.npz", None, "npz"),
        ("a.hdr", None, "ENVI"),
        ("a.img", None, "HFA"),
        ("a.whatever", None, "GTiff"),
        ("a", "Npz", "npz"),
        ("a.npz", "gtiff", "GTiff"),
    ],
)
def test_the_driver_is_the_one_asked_for_or_fits_the_name(name, driver, expected):
    assert driver_of(Path(name), driver) == expected


def test_envis_header_is_not_its_data():
    assert data_path(Path("x/a.hdr"), "ENVI") == Path("x/a.bin")
    assert data_path(Path("x/a.img"), "ENVI") == Path("x/a.img")
    assert data_path(Path("x/a.hdr"), "GTiff") == Path("x/a.hdr")


def test_files_appear_together_and_what_an_older_raster_left_goes(tmp_path):
    for name in ("a.tif", "a.tif.aux.xml", "a.tif.ovr", "b.tif.ovr"):
        (tmp_path / name).write_text("old")
    with StagedOutput(tmp_path / "a.tif") as folder:
        (folder / "a.tif").write_text("new")
        (folder / "a.geolocation.tif").write_text("new")
        assert (tmp_path / "a.tif").read_text() == "old"
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"a.tif": "new", "a.geolocation.tif": "new", "b.tif.ovr": "old"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_a_failure_changes_nothing(tmp_path, error):
    (tmp_path / "a.tif").write_text("old")
    (tmp_path / "a.tif.ovr").write_text("old")
    with pytest.raises(error), StagedOutput(tmp_path / "a.tif") as folder:
        (folder / "a.tif").write_text("new")
        (folder / "deeper").mkdir()
        raise error
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a.tif": "old",
        "a.tif.ovr": "old",
    }


def test_an_archive_has_arrays_and_says_where_they_lie(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 9, (2, 700, 5)).astype(np.int16)
    source = write(tmp_path / "a.tif", pixels, nodata=-9)
    write_archive(source, tmp_path / "a.npz", ["B1", "SRB2"], {"longitude": np.ones((700, 5), np.float32)})
    assert not source.exists()
    with np.load(tmp_path / "a.npz") as archive:
        assert list(archive) == ["B1", "SRB2", "longitude"]
        np.testing.assert_array_equal(archive["B1"], pixels[0])
        np.testing.assert_array_equal(archive["SRB2"], pixels[1])
        assert archive["SRB2"].dtype == np.int16 and archive["longitude"].dtype == np.float32
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        facts = json.loads(archive.comment)
    assert facts["transform"] == [10, 0, 5, 0, -10, 7] and facts["nodata"] == -9
    assert rasterio.crs.CRS.from_wkt(facts["crs"]).to_epsg() == 32633 and facts["tags"]["LEVEL"] == "L1C"


def test_a_copy_in_another_format_with_its_options(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 9999, (1, 600, 600)).astype(np.uint16)
    convert(
        write(tmp_path / "a.tif", pixels), tmp_path / "b.tif", "COG", {"BLOCKSIZE": 256, "COMPRESS": "LZW"}
    )
    assert [path.name for path in tmp_path.iterdir()] == ["b.tif"]
    with rasterio.open(tmp_path / "b.tif") as file:
        np.testing.assert_array_equal(file.read(), pixels)
        assert file.block_shapes == [(256, 256)] and file.profile["compress"] == "lzw"
        assert file.overviews(1) == [2, 4]


@pytest.mark.parametrize("driver", ["JPEG", "PNG", "SAFE"])
def test_formats_that_cannot_hold_the_bands_are_refused_at_once(tmp_path, driver):
    with pytest.raises(UserError, match=f"x cannot be written with driver={driver}"):
        check_driver(driver, tmp_path, "x", 6, "uint16")
    for fitting in ("COG", "ENVI", "HFA"):
        with StagedOutput(tmp_path / "out") as folder:
            check_driver(fitting, folder, "x", 6, "uint16")
            assert list(folder.iterdir()) == []
