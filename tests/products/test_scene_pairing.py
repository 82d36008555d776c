import logging

import numpy as np
import pytest

from errors import UserError
from products.scene_pairing import Pair, pair
from products.scene_reader import SceneReader
from tests.fakes import masks, sentinel2
from tests.products.test_scene_reader import SENSOR


def files(folder, *names):
    return [masks.raster(folder / name, np.ones((1, 4, 4), np.uint8)) for name in names]


def paired(pairing):
    """Names of what belongs together."""
    return [
        (found.image.name, found.mask.name if found.key is None else found.key) for found in pairing.pairs
    ]


def test_names_decide_whatever_stands_before_or_behind(tmp_path):
    images = files(tmp_path / "i", "a.tif", "b_image.tif", "scene_c.tif", "d.tif", "gt.tif")
    files(tmp_path / "m", "a.tif", "b_mask.tif", "labels-c.tif", "e.tif", "gt.tif")
    pairing = pair(images, tmp_path / "m")
    assert paired(pairing) == [
        ("a.tif", "a.tif"), ("b_image.tif", "b_mask.tif"), ("scene_c.tif", "labels-c.tif"), ("gt.tif", "gt.tif"),
    ]  # fmt: skip
    assert pairing.unpaired_images == [tmp_path / "i" / "d.tif"]
    assert pairing.unpaired_masks == [str(tmp_path / "m" / "e.tif")]


def test_equal_names_belong_together_whatever_they_are(tmp_path):
    images = files(tmp_path / "i", "scene_1.tif", "image_2.tif", "img-3.tif", "1.tif")
    files(tmp_path / "m", "scene_1.tif", "image_2.tif", "img-3.tif", "mask_1.tif")
    assert paired(pair(images, tmp_path / "m")) == [
        ("scene_1.tif", "scene_1.tif"), ("image_2.tif", "image_2.tif"), ("img-3.tif", "img-3.tif"), ("1.tif", "mask_1.tif"),
    ]  # fmt: skip


def test_what_is_left_over_is_named_in_the_log(tmp_path, caplog):
    images = files(tmp_path / "i", "a.tif", "d.tif")
    files(tmp_path / "m", "a.tif", "e.tif")
    with caplog.at_level(logging.WARNING):
        pair(images, tmp_path / "m")
    assert [record.message.split(" is left out")[0] for record in caplog.records] == [
        str(tmp_path / "i" / "d.tif"),
        str(tmp_path / "m" / "e.tif"),
    ]


def test_affixes_can_be_chosen(tmp_path):
    images = files(tmp_path / "i", "a_rgb.tif", "b_rgb.tif")
    masks_of = files(tmp_path / "m", "a_truth.tif", "b_truth.tif")
    assert len(pair(images, masks_of, mask_affixes=("truth",), image_affixes=("rgb",)).pairs) == 2
    with pytest.raises(UserError):
        pair(images, masks_of)


def test_images_and_masks_in_one_folder(tmp_path):
    files(tmp_path, "a.tif", "a_mask.tif", "b.tif", "b_mask.tif", "c.tif")
    pairing = pair(SceneReader().find(tmp_path), tmp_path)
    assert paired(pairing) == [("a.tif", "a_mask.tif"), ("b.tif", "b_mask.tif")]
    assert pairing.unpaired_images == [tmp_path / "c.tif"]
    assert pairing.unpaired_masks == []


def test_tile_and_time_decide_where_names_differ(tmp_path):
    first = "S2A_MSIL1C_20210126T102311_N0209_R065_T32TNS_20210126T122207"
    images = files(
        tmp_path / "i", f"{first}.tif", "S2B_20210126T102311_T32TMS.tif", "T32TNS_20210210T102311.tif"
    )
    files(tmp_path / "m", "T32TMS_20210126T102311.tif", "T32TNS_20210126T102311.tif", "32TNS_2021-02-10.tif")
    assert dict(paired(pair(images, tmp_path / "m"))) == {
        f"{first}.tif": "T32TNS_20210126T102311.tif",
        "S2B_20210126T102311_T32TMS.tif": "T32TMS_20210126T102311.tif",
        "T32TNS_20210210T102311.tif": "32TNS_2021-02-10.tif",
    }


def test_two_acquisitions_of_one_day_are_told_apart_or_left_out(tmp_path):
    images = files(
        tmp_path / "i",
        "T32TNS_20210126T102311.tif",
        "T32TNS_20210126T104311.tif",
        "T32TNS_20210210T102311.tif",
    )
    files(tmp_path / "m", "x_T32TNS_20210126T104311.tif", "x_T32TNS_20210210.tif")
    assert paired(pair(images, tmp_path / "m")) == [
        ("T32TNS_20210126T104311.tif", "x_T32TNS_20210126T104311.tif"),
        ("T32TNS_20210210T102311.tif", "x_T32TNS_20210210.tif"),
    ]
    files(tmp_path / "n", "x_T32TNS_20210126.tif", "x_T32TNS_20210210.tif")
    pairing = pair(images, tmp_path / "n")
    assert len(pairing.pairs) == 1
    assert pairing.unpaired_images == images[:2]


def test_published_archives_hold_a_mask_for_each_date_of_a_tile(tmp_path):
    images = files(
        tmp_path / "i",
        "T32TNS_20210126T102311.tif",
        "T32TNS_20210210T102311.tif",
        "T33UUU_20210126T102311.tif",
    )
    masks.published(tmp_path / "32TNS" / "10m.npz", ["20210126", "20210210", "20210302"], 4, 4)
    pairing = pair(images, tmp_path / "32TNS")
    assert paired(pairing) == [
        ("T32TNS_20210126T102311.tif", "20210126"), ("T32TNS_20210210T102311.tif", "20210210"),
    ]  # fmt: skip
    assert pairing.unpaired_images == images[2:]
    assert pairing.unpaired_masks == [f"{tmp_path / '32TNS' / '10m.npz'}, 20210302"]


def test_without_masks_images_hold_their_own(tmp_path, caplog):
    masks.annotated(tmp_path / "a.npz", 4, 4)
    np.savez(tmp_path / "b.npz", img=np.ones((4, 4, 3)))
    images = [tmp_path / "a.npz", tmp_path / "b.npz", *files(tmp_path, "c.tif")]
    pairing = pair(images, None)
    assert pairing.pairs == [Pair(tmp_path / "a.npz", tmp_path / "a.npz", "msk")]
    assert pairing.unpaired_images == images[1:]
    assert pair(images[:1], tmp_path / "a.npz").pairs == pairing.pairs  # named as masks too
    with pytest.raises(UserError, match=r"masks: found none, and none in .*b\.npz"):
        pair(images[1:], None)


def test_one_image_and_one_mask_belong_together_unless_their_times_differ(tmp_path):
    (image,) = files(tmp_path / "i", "T32TNS_20210126T102311.tif")
    (mask,) = files(tmp_path / "m", "osm.tif")
    assert pair([image], mask).pairs == [Pair(image, mask)]
    (other,) = files(tmp_path / "m", "T32TNS_20210210.tif")
    with pytest.raises(UserError, match=r"images .*T32TNS_20210126T102311.tif; masks .*T32TNS_20210210.tif"):
        pair([image], other)


def test_scenes_without_a_telling_name_are_opened_for_their_time(tmp_path):
    safe = sentinel2.safe(tmp_path / "x").rename(tmp_path / "renamed.SAFE")
    other = sentinel2.safe(tmp_path / "y", tile="T33UUV").rename(tmp_path / "again.SAFE")
    files(tmp_path / "m", "T33UUU_20230908T093041.tif", "T33UUV_20230908.tif")
    reader = SceneReader(sensor=SENSOR)
    assert paired(pair([safe, other], tmp_path / "m", reader)) == [
        ("renamed.SAFE", "T33UUU_20230908T093041.tif"), ("again.SAFE", "T33UUV_20230908.tif"),
    ]  # fmt: skip
    with pytest.raises(UserError):
        pair([safe, other], tmp_path / "m")


def test_nothing_in_common_names_the_beginnings_of_both(tmp_path):
    images = files(tmp_path / "i", *(f"a{number}.tif" for number in range(8)))
    files(tmp_path / "m", "x.tif", "y.tif")
    with pytest.raises(
        UserError, match=r"a0.tif.*\(8 in all\); masks .*x.tif, .*y.tif; expected common names"
    ) as told:
        pair(images, tmp_path / "m")
    assert "a7.tif" not in str(told.value)


@pytest.mark.real
def test_real_archives_hold_their_masks(real_data):
    reader = SceneReader()
    found = reader.find(real_data / "cloudmask_ukis_csmask")
    pairing = pair(found, None, reader)
    assert [item.key for item in pairing.pairs] == ["msk"] * len(found)
