import gc
import pickle
import sys
import zipfile

import h5netcdf
import numpy as np
import pytest

from errors import UserError
from products.slstr_files import SlstrFiles, Stored, decoded
from products.window import Window
from tests.fakes import slstr

LIMIT = 2**20


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return slstr.write(tmp_path_factory.mktemp("slstr"), bands=("S1",), empty=("geodetic_tx.nc",))


@pytest.fixture(scope="module", params=["folder", "deflated", "stored"])
def files(request, product):
    if request.param == "folder":
        return SlstrFiles(product, LIMIT)
    kind = zipfile.ZIP_STORED if request.param == "stored" else zipfile.ZIP_DEFLATED
    return SlstrFiles(slstr.zipped(product, product.parent / f"{request.param}.zip", kind), LIMIT)


def test_variables_attributes_and_windows_are_the_same_in_folders_and_archives(files):
    assert files.folder == slstr.NAME
    assert {"flags_an.nc", "xfdumanifest.xml"} <= files.names
    assert files.shapes("flags_an.nc")["confidence_an"] == (60, 76)
    assert files.attributes("flags_an.nc")["resolution"] == "[ 500 500 ]"
    whole = files.read("S1_radiance_an.nc", "S1_radiance_an")
    part = files.read("S1_radiance_an.nc", "S1_radiance_an", Window(5, 7, 11, 13))
    assert (whole.shape, part.shape) == ((60, 76), (60, 76))
    np.testing.assert_array_equal(part.values, whole.values[5:16, 7:20])


def test_files_can_be_handed_to_another_process(files):
    again = pickle.loads(pickle.dumps(files))
    assert again.shapes("flags_in.nc") == files.shapes("flags_in.nc")


def test_numbers_are_scaled_and_fills_unknown():
    attributes = {"scale_factor": np.array([0.5]), "add_offset": 10.0, "_FillValue": np.int16(-32768)}
    values = decoded(Stored(np.array([2, -32768], "i2"), attributes, (2,)), np.float32)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, [11, np.nan])
    np.testing.assert_array_equal(decoded(Stored(np.array([2], "u1"), {}, (1,)), np.float64), [2])


def test_a_missing_file_is_named_with_its_purpose(files):
    with pytest.raises(UserError, match=r"found no S3_radiance_an\.nc, expected it for a picture"):
        files.require("S3_radiance_an.nc", "a picture")


def test_a_file_without_variables_is_named(files):
    with pytest.raises(UserError, match=r"geodetic_tx\.nc: found no variables, expected 'latitude_tx'"):
        files.read("geodetic_tx.nc", "latitude_tx")


def test_a_missing_variable_is_named_with_those_that_are_there(files):
    with pytest.raises(UserError, match=r"flags_an\.nc: found only cloud_an, .*expected 'bayes_an'"):
        files.read("flags_an.nc", "bayes_an")


@pytest.mark.parametrize("damage", ["cut", "text", "inside"])
def test_a_damaged_file_is_named(product, tmp_path, damage):
    folder = tmp_path / slstr.NAME
    folder.mkdir()
    content = (product / "S1_radiance_an.nc").read_bytes()
    with h5netcdf.File(product / "S1_radiance_an.nc") as file:
        place = file._h5file["S1_radiance_an"].id.get_chunk_info(0).byte_offset
    broken = {
        "cut": content[: len(content) // 2],
        "text": b"version https://git-lfs.github.com/spec/v1\n",
        "inside": content[: place + 20] + bytes(40) + content[place + 60 :],
    }[damage]
    (folder / "S1_radiance_an.nc").write_bytes(broken)
    with pytest.raises(
        UserError, match=r"S1_radiance_an\.nc: found no readable netCDF-4 file \(.*expected a whole one"
    ):
        SlstrFiles(folder, LIMIT).read("S1_radiance_an.nc", "S1_radiance_an")


def test_any_damage_is_a_sentence_and_nothing_else(product, tmp_path, monkeypatch):
    printed = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    folder = tmp_path / slstr.NAME
    folder.mkdir()
    content = (product / "flags_in.nc").read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(15):
        broken = bytearray(content)
        for place in generator.integers(0, 6000, 6):
            broken[place] = generator.integers(256)
        (folder / "flags_in.nc").write_bytes(bytes(broken))
        try:
            SlstrFiles(folder, LIMIT).read("flags_in.nc", "confidence_in")
        except UserError:
            refused += 1
    gc.collect()
    assert refused > 5
    assert not printed  # tracebacks of objects that could not even be closed


def test_a_large_member_is_not_read_into_memory(product):
    files = SlstrFiles(slstr.zipped(product, product.parent / "large.zip"), 1000)
    with pytest.raises(UserError, match=r"flags_an\.nc: found \d+ bytes, expected at most 1000"):
        files.read("flags_an.nc", "cloud_an")


def test_what_is_no_product_is_refused(product, tmp_path):
    empty, text = tmp_path / "empty", tmp_path / "text.zip"
    empty.mkdir()
    text.write_text("no archive")
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        for folder in ("a.SEN3", "b.SEN3"):
            archive.write(product / "flags_in.nc", f"{folder}/flags_in.nc")
    outside = tmp_path / "outside.zip"
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr("../flags_in.nc", b"x")
    for path, said in (
        (empty, "found no netCDF files"),
        (text, "found a file, expected a SEN3 folder"),
        (two, "found 2 folders with SEN3 files, expected one"),
        (outside, "lies outside"),
        (tmp_path / "absent", "found nothing there"),
    ):
        with pytest.raises(UserError, match=said):
            SlstrFiles(path, LIMIT)
