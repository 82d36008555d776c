"""The manifest of cloud tiles, and plain folders of masks."""

from dataclasses import replace

import numpy as np
import pytest

from errors import UserError
from products.binary_mask import png_bytes
from synthesis.clouds.tile_manifest import TileRecord, bucket_of, check_buckets, read_manifest, write_manifest


def tiles(folder, count=3):
    """Records with their files."""
    records = []
    for number in range(count):
        image, mask = (folder / place / f"t{number}.png" for place in ("images", "masks"))
        for path in (image, mask):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        cover = 100 / 3 * number
        records.append(
            TileRecord(
                f"t{number}",
                "P",
                200 * number,
                100,
                cover,
                bucket_of(cover),
                1.0,
                image,
                mask,
                "a",
                "b",
                "train",
            )
        )
    return records


def test_what_is_written_is_read(tmp_path):
    records = tiles(tmp_path)
    records[1] = replace(records[1], image=None, image_sha256="", content="masks", bits="drawn")
    write_manifest(tmp_path, records[::-1])
    found = read_manifest(tmp_path)
    assert [replace(record, cover_percent=0) for record in found] == [
        replace(r, cover_percent=0) for r in records
    ]
    assert [record.cover_percent for record in found] == [0, 33.3333, 66.6667]


def test_buckets_are_bounds_that_cover_does_not_exceed():
    assert [bucket_of(cover) for cover in (0, 0.01, 10, 10.01, 95, 95.5, 100)] == [
        0,
        10,
        10,
        95,
        95,
        100,
        100,
    ]
    assert check_buckets([0, 50, 100]) == (0, 50, 100)


@pytest.mark.parametrize("bounds", [[], [0, 10, 95], [10, 0, 100], [0, 0, 100], [-1, 100]])
def test_impossible_buckets_are_refused(bounds):
    with pytest.raises(UserError, match=r"generator\.buckets: found"):
        check_buckets(bounds)


def test_a_folder_of_masks_lists_itself(tmp_path):
    half = np.zeros((4, 4), np.uint8)
    half[:2] = 255
    (tmp_path / "a.png").write_bytes(png_bytes(half))
    (tmp_path / "b.png").write_bytes(png_bytes(np.full((4, 4), 255, np.uint8)))
    (tmp_path / "notes.txt").write_text("x")
    found = read_manifest(tmp_path)
    assert [(r.id, r.cover_percent, r.bucket, r.image, r.content) for r in found] == [
        ("a", 50, 95, None, "masks"),
        ("b", 100, 100, None, "masks"),
    ]


def test_masks_and_images_without_manifest_are_pairs(tmp_path):
    for place, name in (("masks", "a"), ("masks", "b"), ("images", "a")):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / f"{name}.png").write_bytes(png_bytes(np.zeros((4, 4), np.uint8)))
    assert [record.image for record in read_manifest(tmp_path)] == [tmp_path / "images" / "a.png", None]


def damaged(folder, change):
    path = write_manifest(folder, tiles(folder))
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("cover_percent", "cover"), "found no column cover_percent"),
        (lambda text: text.splitlines()[0], "found no rows"),
        (lambda text: text.replace(",200,", ",many,"), r"line 3: found row 'many', expected a number"),
        (lambda text: text.replace("masks/t1.png", "masks/t9.png"), r"line 3: found no mask 'masks/t9.png'"),
        (lambda text: text.replace("images/t1.png", "../t1.png"), r"line 3: found no image '../t1.png'"),
    ],
)
def test_damaged_manifests_are_refused(tmp_path, change, message):
    damaged(tmp_path, change)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path)


def test_an_empty_folder_and_none_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"found no manifest\.csv and no masks"):
        read_manifest(tmp_path)
    with pytest.raises(UserError, match="found no folder"):
        read_manifest(tmp_path / "no")
