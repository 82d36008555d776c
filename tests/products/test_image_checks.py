import os

import pytest

from errors import UserError
from products.image_checks import check_size, check_uniform, inspect_images, name_broken
from products.image_folder import find_images
from products.raster import read_info
from tests.fakes import images


def inspect(root, decode_bytes=0, **arguments):
    return inspect_images(root, find_images(root), decode_bytes, **arguments)


def flip_byte(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_truncated_file_is_found_without_decoding_all(tmp_path, suffix):
    images.aid(tmp_path)
    path = tmp_path / "Beach" / f"cut.{suffix}"
    if suffix == "tif":
        images.geotiff(path, images.scene(height=480), compress="deflate")
    else:
        {"jpg": images.jpeg, "png": images.png}[suffix](path, height=480)
    images.cut_in_half(path)
    infos, broken = inspect(tmp_path)
    assert set(broken) == {f"Beach/cut.{suffix}"}
    assert str(path) in broken[f"Beach/cut.{suffix}"]
    assert len(infos) == 12


def test_damage_in_the_middle_is_found_within_the_budget(tmp_path):
    for number in range(4):
        images.png(tmp_path / f"{number}.png")
    path = tmp_path / "2.png"
    flip_byte(path, path.stat().st_size // 2)
    assert inspect(tmp_path)[1] == {}
    assert set(inspect(tmp_path, decode_bytes=10**6)[1]) == {"2.png"}
    assert set(inspect(tmp_path, decode_all_below=10**6)[1]) == {"2.png"}


def test_a_mended_file_is_looked_at_again(tmp_path):
    path = images.cut_in_half(images.jpeg(tmp_path / "a.jpg"))
    assert inspect(tmp_path)[1]
    images.jpeg(path)
    os.utime(path, (1, 1))
    assert not inspect(tmp_path)[1]


def test_a_few_broken_files_are_named_and_the_rest_counted():
    broken = {f"{number}.jpg": f"{number}.jpg is corrupt" for number in range(7)}
    assert name_broken(broken) == "; ".join(f"{n}.jpg is corrupt" for n in range(5)) + "; and 2 more"
    assert name_broken({"a": "a is corrupt"}) == "a is corrupt"


def test_images_of_one_kind(tmp_path):
    rgb = read_info(images.jpeg(tmp_path / "a.jpg"))
    grey = read_info(images.jpeg(tmp_path / "grey.jpg", mode="L"))
    deep = read_info(images.geotiff(tmp_path / "deep.tif", images.scene(dtype="uint16")))
    check_uniform([rgb, rgb])
    with pytest.raises(UserError, match=r"numbers of bands: .*a\.jpg has 3, .*grey\.jpg has 1"):
        check_uniform([rgb, grey])
    with pytest.raises(UserError, match=r"types of pixels: .*a\.jpg holds uint8, .*deep\.tif holds uint16"):
        check_uniform([rgb, deep])


def test_the_smallest_image_limits_the_patch(tmp_path):
    large = read_info(images.jpeg(tmp_path / "large.jpg", height=80, width=90))
    small = read_info(images.jpeg(tmp_path / "small.jpg", height=50, width=60))
    check_size([large, small], "patch_size", 50)
    with pytest.raises(
        UserError, match=r"data\.patch_size is 51, but .*small\.jpg has 50 x 60 .* patch is 50"
    ):
        check_size([large, small], "patch_size", 51)
