import shutil
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
import rasterio

from errors import UserError
from products.demonstration_mat import DemonstrationMatReader
from products.raster_folder import RasterFolderReader
from products.sensor import Sensor
from products.sentinel2 import Sentinel2Reader
from serving.uploaded_product import ArchiveLimits, UploadedProduct
from tests.fakes import sentinel2
from tests.fakes.demonstration_mat import write_mat

LIMITS = ArchiveLimits(members=100, unpacked_bytes=10_000_000)
BANDS = {"A": {"ground_sample_distance_m": 10}, "B": {"ground_sample_distance_m": 20}}


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    return sentinel2.safe(tmp_path_factory.mktemp("safe"))


@pytest.fixture
def unpacked(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def sensor():
    readers = [Sentinel2Reader(), DemonstrationMatReader(), RasterFolderReader(["*_{band}.tif"])]
    return sentinel2.sensor(readers=readers)


def rasters(folder, names=("x_A.tif", "x_B.tif")):
    folder.mkdir(parents=True)
    for name, side in zip(names, (8, 4), strict=True):
        facts = {"count": 1, "height": side, "width": side, "dtype": "uint16", "driver": "GTiff"}
        place = rasterio.Affine(80 / side, 0, 0, 0, -80 / side, 80)
        with rasterio.open(folder / name, "w", crs="EPSG:32633", transform=place, **facts) as file:
            file.write(np.ones((1, side, side), np.uint16))
    return folder


def two_grids():
    return Sensor(
        name="two", bands=BANDS, dtype="uint16", nodata=0, valid_range=[1, 9], readers=[RasterFolderReader(["*_{band}.tif"])]
    )  # fmt: skip


def test_a_zipped_safe_is_read_where_it_lies(safe, tmp_path, unpacked):
    file = sentinel2.zipped(safe, tmp_path / "upload")
    found = UploadedProduct(file, sensor(), unpacked, LIMITS)
    assert found.path == file
    assert list(unpacked.iterdir()) == []
    assert sensor().open(found.path).grids.keys() == {10, 20, 60}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tarred_safe(safe, tmp_path, unpacked, mode):
    file = sentinel2.tarred(safe, tmp_path / "upload", mode)
    found = UploadedProduct(file, sensor(), unpacked, LIMITS)
    with sensor().open(found.path) as product:
        assert product.grids.keys() == {10, 20, 60}


@pytest.mark.parametrize("top", ["scene/", "", "out/er/"])
def test_a_zipped_folder_of_rasters_is_unpacked(tmp_path, unpacked, top):
    folder = rasters(tmp_path / "scene")
    with zipfile.ZipFile(tmp_path / "upload", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"{top}{file.name}")
    found = UploadedProduct(tmp_path / "upload", two_grids(), unpacked, LIMITS)
    with two_grids().open(found.path) as product:
        assert product.grids[20].shape == (4, 4)


def test_a_single_file_and_a_single_raster(tmp_path, unpacked):
    write_mat(
        tmp_path / "a.mat", {10: np.ones((4, 36, 36)), 20: np.ones((6, 18, 18)), 60: np.ones((2, 6, 6))}
    )
    assert UploadedProduct(tmp_path / "a.mat", sensor(), unpacked, LIMITS).path == tmp_path / "a.mat"
    raster = rasters(tmp_path / "scene") / "x_A.tif"
    only = Sensor(
        name="one", bands={"A": BANDS["A"]}, dtype="uint16", nodata=0, valid_range=[1, 9],
        readers=[RasterFolderReader(["*_{band}.tif"])],
    )  # fmt: skip
    assert UploadedProduct(raster, only, unpacked, LIMITS).path == unpacked


def test_what_is_no_product_is_told(tmp_path, unpacked):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UserError, match=r"a.txt: not recognised; expected a zip or tar"):
        UploadedProduct(tmp_path / "a.txt", sensor(), unpacked, LIMITS)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(UserError, match=r"b.zip: found no product of Sentinel-2"):
        UploadedProduct(tmp_path / "b.zip", sensor(), unpacked, LIMITS)


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..\\outside"])
def test_members_outside_refuse_the_archive(tmp_path, unpacked, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x_A.tif", "x")
        archive.writestr(name, "x")
    with tarfile.open(tmp_path / "a.tar", "w"):
        pass
    sentinel2.add_tar_member(tmp_path / "a.tar", "x_A.tif")
    sentinel2.add_tar_member(tmp_path / "a.tar", name)
    for file in ("a.zip", "a.tar"):
        with pytest.raises(UserError, match="outside"):
            UploadedProduct(tmp_path / file, two_grids(), unpacked, LIMITS)
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "a.tar", "unpacked"}
    assert not list(unpacked.iterdir())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_refuse_the_archive(safe, tmp_path, unpacked, kind):
    file = sentinel2.tarred(safe, tmp_path / "a.tar")
    sentinel2.add_tar_member(file, "x_B.tif", kind, "/etc/passwd", b"")
    with pytest.raises(UserError, match="link or device"):
        UploadedProduct(file, two_grids(), unpacked, LIMITS)


def test_bombs_are_refused_before_they_unpack(safe, tmp_path, unpacked):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_A.tif", bytes(11_000_000))
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        (tmp_path / "zeros").write_bytes(bytes(11_000_000))
        archive.add(tmp_path / "zeros", "x_A.tif")
    for file in ("a.zip", "a.tgz"):
        assert (tmp_path / file).stat().st_size < 20_000
        with pytest.raises(UserError, match=r"10000000"):
            UploadedProduct(tmp_path / file, two_grids(), unpacked, LIMITS)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(101):
            archive.writestr(f"{number}", "")
    with pytest.raises(UserError, match="found 101 files, expected at most 100"):
        UploadedProduct(tmp_path / "many.zip", two_grids(), unpacked, LIMITS)
    assert not list(unpacked.iterdir())


@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_damaged_archives_are_told(tmp_path, unpacked, keep):
    shutil.make_archive(str(tmp_path / "a"), "gztar", rasters(tmp_path / "scene"))
    shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "scene")
    for file in ("a.tar.gz", "a.zip"):
        path = tmp_path / file
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
        with pytest.raises(UserError, match=r"damaged|found"):
            UploadedProduct(path, two_grids(), unpacked, LIMITS)


def test_hdf5_that_reads_other_files_is_refused_wherever_it_lies(tmp_path, unpacked):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file.create_dataset("im10", (4, 36, 36), "uint8", external=[("/etc/passwd", 0, 4 * 36 * 36)])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.mat", "inner/a.mat")
    for name in ("a.mat", "a.zip"):
        with pytest.raises(UserError, match="in another file"):
            UploadedProduct(tmp_path / name, sensor(), unpacked, LIMITS)
