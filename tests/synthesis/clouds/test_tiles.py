"""`generate.py generator=cloud_tiles`: products become tiles, once, whatever happens."""

import json
import logging

import numpy as np
import pytest

from errors import UserError
from products.binary_mask import png_bytes, read_binary_mask
from synthesis.clouds import tiles as module
from synthesis.clouds.tile_manifest import read_manifest
from synthesis.clouds.tiles import generate
from tests.fakes import slstr

SMALL = {"tile_px": 16, "crop_px": 4}
READER = slstr.reader()
BANDS = ("S1", "S3", "S5")
NONE = ()  # for masks alone


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """Three products, the second of another time."""
    folder = tmp_path_factory.mktemp("products")
    names = [slstr.NAME.replace("T0934", f"T0{hour}34").replace("T0937", f"T0{hour}37") for hour in (7, 8, 9)]
    for seed, name in enumerate(names):
        slstr.write(folder, name=name, rows=36, columns=44, seed=seed, bands=BANDS)
    return folder


def made(output, **settings):
    return generate(output, sensor=READER, **{**SMALL, **settings})


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_products_become_tiles_split_by_product(products, tmp_path):
    found = read_manifest(made(tmp_path / "out", input=products))
    assert len(found) == 3 * 2 * 2 and {record.split for record in found} == {"train", "val", "test"}
    for product in {record.product for record in found}:
        assert len({record.split for record in found if record.product == product}) == 1
    for record in found:
        assert 100 * read_binary_mask(record.mask).cloud.mean() == pytest.approx(
            record.cover_percent, abs=1e-3
        )
    assert not [name for name in content(tmp_path / "out") if ".part" in name]


def test_any_number_of_threads_gives_the_same_files(products, tmp_path):
    one, three = (made(tmp_path / str(n), input=products, num_workers=n) for n in (1, 3))
    assert content(one) == content(three)


def test_an_interrupted_job_goes_on(products, tmp_path, monkeypatch):
    whole = content(made(tmp_path / "whole", input=products, content="masks"))
    write, calls = module.write_tiles, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*arguments)

    monkeypatch.setattr(module, "write_tiles", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "out", input=products, content="masks")
    assert not (tmp_path / "out" / "manifest.csv").exists()
    made(tmp_path / "out", input=products, content="masks")
    assert len(calls) == 4  # the first product was not made again
    assert content(tmp_path / "out") == whole
    made(tmp_path / "out", input=products, content="masks")
    assert len(calls) == 4 and content(tmp_path / "out") == whole


def test_bad_products_are_left_out_by_name(products, tmp_path, caplog):
    bad = slstr.OTHER
    folder = tmp_path / "in"
    folder.mkdir()
    for path in products.iterdir():
        (folder / path.name).symlink_to(path)
    slstr.write(folder, name=bad, rows=36, columns=44, bands=BANDS, without=["S3_radiance_an.nc"])
    (folder / "broken.zip").write_bytes(b"PK\x03\x04broken")
    with caplog.at_level(logging.WARNING):
        found = read_manifest(made(tmp_path / "out", input=folder))
    assert len(found) == 12
    assert "S3_radiance_an.nc" in caplog.text and bad in caplog.text and "broken.zip" in caplog.text


def test_nothing_usable_is_one_sentence_and_no_hindrance(tmp_path):
    product = slstr.write(tmp_path, rows=36, columns=44, bands=NONE, bayes="unpopulated")
    with pytest.raises(UserError, match=r"generator\.bits=summary"):
        made(tmp_path / "out", input=product, content="masks", bits="bayes")
    assert len(read_manifest(made(tmp_path / "out", input=product, content="masks", bits="summary"))) == 4
    slstr.write(tmp_path, name=slstr.OTHER, rows=36, columns=44, bands=NONE, bayes=None)
    with pytest.raises(UserError, match="none of 2 products can be used: "):
        made(tmp_path / "two", input=tmp_path, content="masks", bits="bayes")


def test_empty_files_and_flags_of_another_size_are_named(tmp_path):
    empty = slstr.write(tmp_path / "a", rows=36, columns=44, bands=NONE, empty=["flags_an.nc"])
    with pytest.raises(UserError, match=r"flags_an.nc: found no variables"):
        made(tmp_path / "out", input=empty, content="masks")
    other = slstr.write(tmp_path / "b", rows=36, columns=44, bands=BANDS, flags_rows=34)
    with pytest.raises(UserError, match=r"34 x 44"):
        made(tmp_path / "out", input=other, bits="gross_cloud+thin_cirrus")


def test_products_of_the_night_have_no_tiles(tmp_path):
    product = slstr.write(tmp_path, rows=36, columns=44, bands=NONE, zenith=(100.0, 110.0))
    with pytest.raises(UserError, match=r"found no tile of which 99 %.*generator\.min_valid_fraction"):
        made(tmp_path / "out", input=product, content="masks")


def test_other_settings_are_refused_unless_they_may_replace(products, tmp_path):
    products = min(products.iterdir())
    output = made(tmp_path / "out", input=products)
    with pytest.raises(UserError, match=r"generator\.stretch \(published instead of fixed\)"):
        made(output, input=products, stretch="fixed")
    made(output, input=products, stretch="fixed", overwrite=True)
    assert json.loads((output / "settings.json").read_text())["stretch"] == "fixed"


def test_products_may_be_added_and_changed(products, tmp_path):
    first, *_ = sorted(products.iterdir())
    output = made(tmp_path / "out", input=first, content="masks")
    before = {record.id: record.split for record in read_manifest(output)}
    made(output, input=products, content="masks")
    after = {record.id: record.split for record in read_manifest(output)}
    assert len(after) == 12 and before.items() <= after.items()


def test_drawn_masks_are_tiled(tmp_path):
    (tmp_path / "in").mkdir()
    cloud = np.zeros((32, 40), np.uint8)
    cloud[:, 20:] = 1
    (tmp_path / "in" / "mine.png").write_bytes(png_bytes(cloud))
    found = read_manifest(made(tmp_path / "out", input=tmp_path / "in"))
    assert [(r.column, r.cover_percent, r.bits) for r in found[:2]] == [(0, 0, "drawn"), (16, 75, "drawn")]
    (tmp_path / "in" / "mine.png").write_bytes(png_bytes(np.full((32, 40), 7, np.uint8)))
    with pytest.raises(UserError, match=r"mine.png: found the values 7, expected a binary mask"):
        made(tmp_path / "other", input=tmp_path / "in")


def test_made_up_masks_are_the_same_every_time(tmp_path):
    one, two = (
        made(tmp_path / name, masks="procedural", count=60, num_workers=n) for name, n in (("a", 1), ("b", 2))
    )
    assert content(one) == content(two)
    found = read_manifest(one)
    assert len(found) == 60 and {record.split for record in found} == {"train", "val", "test"}
    assert all(record.bits == "procedural" and 9 < record.cover_percent < 96 for record in found)


def test_the_command_of_the_catalogue(products, tmp_path, verb):
    outcome = verb(
        "generate", "generator=cloud_tiles", f"input={products}", f"output={tmp_path}/out", "generator.tile_px=16",
        "generator.crop_px=4", "generator.bits=[gross_cloud,thin_cirrus]", "generator.format=geotiff", "generator.bands=[S1,S5]", "progress=false",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert {r.mask.suffix for r in read_manifest(tmp_path / "out")} == {".tif"}
