import numpy as np
import pytest
import rasterio

from errors import UserError
from inference.segmentation_output import SegmentationFiles, provenance
from inference.segmentation_views import Channels
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, grid, key, scene
from tests.fakes.small_segmenters import small_segmenter

GRID = grid(40, 600)
CHANNELS = Channels(4, "probabilities", "entropy")


def means():
    values = np.random.default_rng(0).dirichlet((1, 1, 1, 1), GRID.shape).transpose(2, 0, 1)
    return np.concatenate([values, np.ones((1, *GRID.shape))])


def written(path, **options):
    files = SegmentationFiles(path, GRID, CLOUDS, CHANNELS, {"A": "b"}, probabilities=True, **options)
    with files.open() as maps:
        maps.write(Window(0, 0, *GRID.shape), means())
    return sorted(file.name for file in path.parent.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "driver", "layout"),
    [
        ("out.tif", {}, "GTiff", "COG"), ("out", {}, "GTiff", "COG"), ("out.tif", {"driver": "GTiff"}, "GTiff", None),
        ("out.img", {}, "HFA", None),
    ],
)  # fmt: skip
def test_formats_that_gdal_writes(tmp_path, name, options, driver, layout):
    stem, _, suffix = name.partition(".")
    ending = f".{suffix}" if suffix else ""
    found = [file for file in written(tmp_path / name, **options) if not file.endswith(".xml")]
    assert found == sorted([name, f"{stem}_probabilities{ending}", f"{stem}_uncertainty{ending}"])
    for file, values in ((name, means()[:4].argmax(0)), (f"{stem}_probabilities{ending}", means()[:4])):
        with rasterio.open(tmp_path / file) as raster:
            assert raster.driver == driver and raster.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == layout
            np.testing.assert_allclose(raster.read().squeeze(), values, atol=1e-6)
            if layout == "COG":
                assert raster.overviews(1) == [2]


def test_overviews_of_classes_hold_classes(tmp_path):
    written(tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif", overview_level=0) as raster:
        expected = means()[:4].argmax(0)
        small = raster.read(1)
    blocks = expected.reshape(20, 2, 300, 2)
    assert all(small[i, j] in blocks[i, :, j] for i in range(20) for j in range(0, 300, 17))


def test_arrays_for_those_who_want_no_raster(tmp_path):
    assert written(tmp_path / "out.npz") == ["out.npz", "out_probabilities.npz", "out_uncertainty.npz"]
    with np.load(tmp_path / "out.npz") as archive:
        np.testing.assert_array_equal(archive["class"], means()[:4].argmax(0))
    with np.load(tmp_path / "out_probabilities.npz") as archive:
        assert set(archive) == set(CLOUDS.names)


def test_a_format_that_cannot_hold_probabilities_is_refused_before_anything_is_computed(tmp_path):
    files = SegmentationFiles(tmp_path / "out.png", GRID, CLOUDS, CHANNELS, {}, probabilities=True)
    with pytest.raises(UserError, match="driver=PNG"), files.open():
        raise AssertionError("opened")
    assert not list(tmp_path.iterdir())


def test_all_files_or_none(tmp_path):
    files = SegmentationFiles(tmp_path / "out.tif", GRID, CLOUDS, CHANNELS, {}, probabilities=True)
    with pytest.raises(KeyboardInterrupt), files.open() as maps:
        maps.write(Window(0, 0, *GRID.shape), means())
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_provenance_says_what_was_made_from_what():
    opened = scene("S1", bands=3)
    opened.key, opened.synthetic, opened.tags = key("T32TNS", "20210126"), True, {"LEVEL": "L1C"}
    tags = provenance(
        opened, [small_segmenter(), small_segmenter()], {"altitude": "/x/dem.tif", "lakes": None}, {"seed": 3}
    )
    assert (
        tags["NADIR_SCENE"] == "S1"
        and tags["NADIR_SCENE_KEY"] == "T32TNS_20210126"
        and tags["LEVEL"] == "L1C"
    )
    assert tags["NADIR_SYNTHETIC"] == "1" and tags["NADIR_SEED"] == "3"
    assert tags["NADIR_AUXILIARY"] == '{"altitude": "dem.tif"}' and "/x" not in str(tags)
    assert "NADIR_NETWORK_2" in tags and "NADIR_NETWORK" not in tags
