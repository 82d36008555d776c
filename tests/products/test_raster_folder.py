import json
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from products.raster_folder import RasterFolderReader
from products.sensor import Sensor
from products.window import Window
from tests.fakes.raster_folder import noise, write_raster

BANDS = {
    "F": {"ground_sample_distance_m": 10},
    "C1": {"ground_sample_distance_m": 20},
    "C2": {"ground_sample_distance_m": 20, "source": "band_two"},
}
WHOLE = Window(0, 0, 6, 8)


def sensor(patterns=None, bands=BANDS) -> Sensor:
    return Sensor(
        name="toy",
        bands=bands,
        dtype="uint16",
        nodata=0,
        valid_range=[1, 65535],
        readers=[RasterFolderReader(patterns)],
    )


def bands_of(folder, names):
    """A file for each name: fine ones begin with f."""
    pixels = {}
    for seed, name in enumerate(names):
        fine = "f" in Path(name).stem.lower()
        pixels[name] = noise(seed, 12, 16) if fine else noise(seed, 6, 8)
        write_raster(folder / name, pixels[name], pixel_m=10 if fine else 20)
    return pixels


def test_a_folder_with_a_card_and_a_file_for_each_band(tmp_path: Path):
    pixels = bands_of(tmp_path, ["x_F.tif", "x_c1.TIF", "x_band_two.tif"])
    (tmp_path / "product.json").write_text(json.dumps({"tags": {"LEVEL": "2"}, "offsets": {"C1": -5}}))
    with sensor().open(tmp_path) as product:
        assert list(product.grids) == [10, 20]
        assert product.relation(20).factor == 2
        assert product.tags == {"LEVEL": "2"}
        assert not product.synthetic
        assert product.name == tmp_path.name
        np.testing.assert_array_equal(product.read(20, WHOLE)[1], pixels["x_band_two.tif"])
        harmonised, valid = product.read_harmonised(20, WHOLE)
        np.testing.assert_array_equal(harmonised[0], pixels["x_c1.TIF"].astype("float32") - 5)
        assert valid.all()


def test_without_a_card_a_folder_is_recognised_by_patterns_only(tmp_path: Path):
    bands_of(tmp_path, ["a_F.tif", "a_C1.tif", "a_band_two.tif"])
    with pytest.raises(
        UserError,
        match=r"not recognised as a product of toy; expected a folder of rasters with product\.json",
    ):
        sensor().open(tmp_path)
    assert sensor(["a_{band}.tif"]).open(tmp_path).finest_m == 10
    with pytest.raises(UserError, match=r"expected a folder of files named \*\.{band}\.img"):
        sensor(["*.{band}.img"]).open(tmp_path)


def test_bands_beside_each_other_in_one_file(tmp_path: Path):
    coarse = noise(1, 3, 6, 8)
    write_raster(tmp_path / "S_VIS.tif", noise(2, 12, 16), pixel_m=10)
    write_raster(tmp_path / "S_IR.tif", coarse, pixel_m=20)
    bands = {
        "F": {"ground_sample_distance_m": 10, "source": "VIS"},
        "C1": {"ground_sample_distance_m": 20, "source": "IR:3"},
        "C2": {"ground_sample_distance_m": 20, "source": "IR:1"},
    }
    with sensor(["*_{band}.tif"], bands).open(tmp_path) as product:
        np.testing.assert_array_equal(product.read(20, WHOLE), coarse[[2, 0]])


def test_bands_found_by_their_descriptions(tmp_path: Path):
    coarse = noise(1, 2, 6, 8)
    write_raster(tmp_path / "fine.tif", noise(2, 12, 16), pixel_m=10, names=["F"])
    write_raster(tmp_path / "coarse.tif", coarse, pixel_m=20, names=["band_two", "C1"])
    (tmp_path / "product.json").write_text("{}")
    with sensor().open(tmp_path) as product:
        np.testing.assert_array_equal(product.read(20, WHOLE), coarse[::-1])


def test_a_card_names_files(tmp_path: Path):
    pixels = bands_of(tmp_path, ["f1.tif", "c.tif", "other.tif"])
    card = {"name": "named", "bands": {"F": "f1.tif", "C1": "other.tif:1", "C2": "c.tif"}, "synthetic": True}
    (tmp_path / "product.json").write_text(json.dumps(card))
    with sensor().open(tmp_path) as product:
        assert product.name == "named"
        assert product.synthetic
        np.testing.assert_array_equal(product.read(20, WHOLE)[0], pixels["other.tif"])


def test_a_files_own_tag_says_that_it_was_made_up(tmp_path: Path):
    bands_of(tmp_path, ["F.tif", "C1.tif"])
    write_raster(tmp_path / "band_two.tif", noise(1, 6, 8), pixel_m=20, tags={"NADIR_SYNTHETIC": "1"})
    assert sensor(["{band}.tif"]).open(tmp_path).synthetic


def test_a_grid_may_be_missing_but_not_the_finest(tmp_path: Path):
    write_raster(tmp_path / "F.tif", noise(1, 12, 16))
    assert list(sensor(["{band}.tif"]).open(tmp_path).grids) == [10]
    write_raster(tmp_path / "C1.tif", noise(1, 6, 8))
    with pytest.raises(UserError, match=r"found no file of band C2, expected a file named band_two\.tif"):
        sensor(["{band}.tif"]).open(tmp_path)
    write_raster(tmp_path / "band_two.tif", noise(1, 6, 8))
    (tmp_path / "F.tif").unlink()
    with pytest.raises(UserError, match="found no file of band F"):
        sensor(["{band}.tif"]).open(tmp_path)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"sensor": "landsat8"}, "found a product of sensor landsat8, expected toy"),
        ({"bands": {"Q": "F.tif"}}, "found band Q, expected one of F, C1, C2"),
        ({"bands": {"F": "G.tif"}}, "found G.tif for band F, expected a file of this folder"),
        ({"bands": {"F": "../F.tif"}}, r"found \.\./F.tif for band F, expected a file of this folder"),
    ],
)
def test_cards_that_do_not_fit_are_refused(tmp_path: Path, card, message):
    folder = tmp_path / "product"
    bands_of(folder, ["F.tif", "C1.tif", "band_two.tif"])
    write_raster(tmp_path / "F.tif", noise(1, 12, 16))
    (folder / "product.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match=message):
        sensor().open(folder)


def test_two_files_for_one_band_are_refused(tmp_path: Path):
    bands_of(tmp_path, ["a_F.tif", "b_F.tif", "a_C1.tif", "a_band_two.tif"])
    with pytest.raises(
        UserError, match=r"found a_F\.tif, b_F\.tif for F, expected one file named \*_{band}\.tif"
    ):
        sensor(["*_{band}.tif"]).open(tmp_path)


def test_a_truncated_file_is_told_when_it_is_read(tmp_path: Path):
    bands_of(tmp_path, ["F.tif", "C1.tif", "band_two.tif"])
    file = tmp_path / "C1.tif"
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(UserError, match=r"C1\.tif"):
        sensor(["{band}.tif"]).open(tmp_path).read(20, WHOLE)


def test_a_pattern_without_a_place_for_the_band_is_refused():
    with pytest.raises(UserError, match=r"found '\*\.tif', expected {band} in it"):
        RasterFolderReader(["*.tif"])
