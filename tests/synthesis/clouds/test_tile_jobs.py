"""Into which parts the making of tiles is divided."""

import shutil

import numpy as np
import pytest

from errors import UserError
from products.binary_mask import png_bytes
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_jobs import find_jobs
from synthesis.clouds.tile_settings import TileSettings
from tests.fakes import slstr

MADE = (ProceduralMasks(), 120, 7)


def jobs(given, masks="auto"):
    return find_jobs(given, masks, slstr.reader(), TileSettings(tile_px=16), MADE)


def test_a_product_that_is_there_twice_counts_once(tmp_path):
    product = slstr.write(tmp_path, rows=20, columns=24)
    slstr.zipped(product)
    found, failures = jobs(tmp_path)
    assert [job.name for job in found] == [slstr.NAME.removesuffix(".SEN3")] and not failures
    assert found[0].source == {"name": slstr.NAME, "bytes": None}


def test_zips_and_single_products_are_jobs(tmp_path):
    product = slstr.write(tmp_path, rows=20, columns=24)
    archive = slstr.zipped(product)
    assert len(jobs(product)[0]) == 1
    shutil.rmtree(product)
    (job,), _ = jobs(archive)
    assert job.source["bytes"] == archive.stat().st_size


def test_masks_are_told_from_products(tmp_path):
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(png_bytes(np.zeros((16, 16), np.uint8)))
    assert [job.name for job in jobs(tmp_path)[0]] == ["a", "b"]
    assert [job.name for job in jobs(tmp_path / "a.png")[0]] == ["a"]


def test_made_up_masks_come_in_groups():
    found, _ = jobs(None, "procedural")
    assert [(job.name, job.source["masks"]) for job in found] == [
        ("procedural_7_000000", 50), ("procedural_7_000050", 50), ("procedural_7_000100", 20),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "masks", "message"),
    [
        (None, "auto", "generator.input: found none"),
        ("no", "auto", "generator.input: found nothing at"),
        (".", "procedural", "with masks=procedural, expected none"),
        (".", "drawn", r"generator.input: found no \.png"),
        (".", "other", "generator.masks: found other, expected one of auto"),
        (".", "auto", "found no SEN3 folder"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, given, masks, message):
    with pytest.raises(UserError, match=message):
        jobs(None if given is None else tmp_path / given, masks)


def test_masks_of_equal_names_are_refused(tmp_path):
    for name in ("a.png", "a.tif"):
        (tmp_path / name).write_bytes(png_bytes(np.zeros((16, 16), np.uint8)))
    with pytest.raises(UserError, match="two masks named a"):
        jobs(tmp_path)
