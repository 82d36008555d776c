from datetime import datetime
from pathlib import Path

import pytest

from products.scene import SceneKey
from products.scene_names import key_of, key_of_path, stem_of, tile_of

SECOND, DAY = datetime(2023, 9, 8, 9, 30, 41), datetime(2021, 1, 26)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("S2A_MSIL1C_20230908T093041_N0509_R136_T34TET_20230908T114330.SAFE", SceneKey("T34TET", SECOND)),
        ("S2A_MSIL1C_20230908T093041_N0509_R136_T34TET_20230908T114330.zip", SceneKey("T34TET", SECOND)),
        ("T34TET_20230908T093041_B02.jp2", SceneKey("T34TET", SECOND)),
        ("T34TET_20230908T093041_B8A_20m.jp2", SceneKey("T34TET", SECOND)),
        ("20230908T093041_20230908T093533_T34TET", SceneKey("T34TET", SECOND)),
        ("20230908T093041", SceneKey("", SECOND)),
        ("20230908T093041_1", SceneKey("", SECOND)),
        (
            "L1C_T34TET_A042890_20230908T093533",
            SceneKey("T34TET", datetime(2023, 9, 8), day_only=True),
        ),
        (
            "S2A_OPER_PRD_MSIL1C_PDMC_20160226T153321_R022_V20160225T101020_20160225T101020.SAFE",
            SceneKey("", datetime(2016, 2, 25, 10, 10, 20)),
        ),
        (
            "S2A_OPER_PRD_MSIL1C_PDMC_20160226T153321_R022_V20160225T101020_20160225T101020_T33UUU",
            SceneKey("T33UUU", datetime(2016, 2, 25, 10, 10, 20)),
        ),
        ("S2A_OPER_MSI_L1C_TL_EPA__20160226T101020_A003533_T33UUU_B02.jp2", None),
        ("S2_32TNS_2021-01-26_S2_10m_SnowClass.tif", SceneKey("T32TNS", DAY, day_only=True)),
        ("32TNS____2021_01_26_10m_SnowClass.tif", SceneKey("T32TNS", DAY, day_only=True)),
        ("s2cloudless_20210126.tif", SceneKey("", DAY, day_only=True)),
        ("20210126", SceneKey("", DAY, day_only=True)),
        ("2021-01-26T09-30-41", SceneKey("", datetime(2021, 1, 26, 9, 30, 41))),
        ("patch_20211326", None),
        ("12345678901", None),
        ("field", None),
    ],
)
def test_tile_and_time_in_a_name(name, key):
    assert key_of(name) == key


def test_a_folder_may_name_the_tile():
    assert key_of_path(Path("labels/32TNS/10m.npz"), "20210126") == SceneKey("T32TNS", DAY, day_only=True)
    assert key_of_path(Path("/T32TNS/x/20210126.tif")) == SceneKey("T32TNS", DAY, day_only=True)
    assert key_of_path(Path("all_of_32TNS/20210126.tif")) == SceneKey("", DAY, day_only=True)
    assert key_of_path(Path("T32TNS/T33UUU_20210126.tif")) == SceneKey("T33UUU", DAY, day_only=True)


@pytest.mark.parametrize("name", ["T00TET", "61TET", "T34IET", "10m", "AT34TETB", "34TETX"])
def test_what_is_no_tile(name):
    assert tile_of(name) == ""


def test_stems_leave_out_what_tells_the_format():
    assert stem_of(Path("a/X.SAFE")) == stem_of(Path("X.SAFE.zip")) == stem_of(Path("X.tar.gz")) == "X"
    assert stem_of(Path("v1.2.tif")) == "v1.2"
    assert stem_of(Path("a#b.npz")) == "a_b"
