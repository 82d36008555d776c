import logging
import os
import subprocess
import sys

import pytest

from errors import UserError
from products.image_files import infer_specification, plan_images, preflight
from products.image_folder import ImageFolder
from products.raster import read_info
from tests.fakes import images


def plan(root, **arguments):
    return plan_images(ImageFolder(**({"root": str(root), "patch_size": 32} | arguments)))


def test_nothing_to_find(tmp_path):
    with pytest.raises(UserError, match=r"data\.root=.*nowhere does not exist"):
        preflight(root=tmp_path / "nowhere", patch_size=32)
    (tmp_path / "notes.txt").write_text("no images yet")
    with pytest.raises(UserError, match="holds no images"):
        preflight(root=tmp_path, patch_size=32)


def test_a_corrupt_image_among_good_ones(tmp_path, caplog):
    images.aid(tmp_path)
    images.cut_in_half(tmp_path / "Beach" / "beach_2.jpg")
    with pytest.raises(
        UserError, match=r"1 of 12 images cannot be read: .*beach_2\.jpg is corrupt.*on_error=skip"
    ):
        preflight(root=tmp_path, patch_size=32)
    with caplog.at_level(logging.WARNING):
        skipped = plan(tmp_path, on_error="skip")
    assert "beach_2.jpg" in caplog.text
    assert len(skipped.infos) == 11


def test_a_corrupt_image_moves_no_other_to_another_side(tmp_path):
    def sides(split):
        return [{piece.name for piece in side} for side in (split.train, split.val, split.test)]

    images.aid(tmp_path, per_class=8)
    before = sides(plan(tmp_path).split)
    images.cut_in_half(tmp_path / "Beach" / "beach_2.jpg")
    after = sides(plan(tmp_path, on_error="skip").split)
    assert after == [side - {"Beach/beach_2.jpg"} for side in before]


def test_only_corrupt_images(tmp_path):
    images.cut_in_half(images.jpeg(tmp_path / "a.jpg"))
    with pytest.raises(UserError, match="1 of 1 images cannot be read"):
        preflight(root=tmp_path, patch_size=32, on_error="skip")


def test_mixed_bands_and_large_patch(tmp_path):
    images.aid(tmp_path)
    with pytest.raises(UserError, match=r"data\.patch_size is 64, .* largest possible patch is 48"):
        preflight(root=tmp_path, patch_size=64)
    with pytest.raises(UserError, match=r"data\.test_patch_size is 64, .* largest possible patch is 48"):
        preflight(root=tmp_path, patch_size=32, test_patch_size=64)
    images.jpeg(tmp_path / "grey.jpg", mode="L")
    with pytest.raises(UserError, match="different numbers of bands"):
        preflight(root=tmp_path, patch_size=32)
    preflight(root=tmp_path, patch_size=32, bands=[1])


def specification(paths, **arguments):
    return infer_specification([read_info(path) for path in paths], **arguments)


def test_specification_of_bytes(tmp_path):
    spec = specification([images.jpeg(tmp_path / "a.jpg")])
    assert (spec.bands, spec.dtype, spec.value_range) == (("red", "green", "blue"), "uint8", (0, 255))


def test_specification_of_deep_images_is_noted(tmp_path, caplog):
    path = images.geotiff(tmp_path / "a.tif", images.scene(bands=2, dtype="uint16", high=4095), nodata=0)
    with caplog.at_level(logging.INFO):
        spec = specification([path])
    assert (spec.value_range, spec.nodata, spec.bits_per_sample) == ((0, 65535), 0, 16)
    assert "12 bits: [0, 4095]" in caplog.text
    assert specification([path], value_range=(0, 4095)).bits_per_sample == 12
    with pytest.raises(UserError, match=r"data\.value_range is \[0, 1, 2\]"):
        specification([path], value_range=(0, 1, 2))


def test_specification_of_floats_is_noted(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        spec = specification([images.geotiff(tmp_path / "a.tif", images.scene(dtype="float32"))])
    assert spec.value_range == (0, 1)
    assert "[0, 1]" in caplog.text


def test_what_images_disagree_on_is_left_open(tmp_path):
    one = images.geotiff(tmp_path / "1.tif", images.scene(bands=2), names=("red", "nir"), nodata=0)
    two = images.geotiff(tmp_path / "2.tif", images.scene(bands=2), names=("b3", "b8"))
    assert specification([one, one]).bands == ("red", "nir")
    spec = specification([one, two])
    assert spec.bands == ("band_1", "band_2")
    assert spec.nodata is None


def test_preflight_is_light_and_the_split_knows_no_hash_seed(tmp_path):
    images.aid(tmp_path, per_class=8)
    program = (
        "import sys; from products.image_files import plan_images; from products.image_folder import ImageFolder; "
        f"print([p.name for p in plan_images(ImageFolder(root={str(tmp_path)!r}, patch_size=32)).split.test]); "
        "assert 'torch' not in sys.modules"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert printed.pop().strip() == str([piece.name for piece in plan(tmp_path).split.test])
