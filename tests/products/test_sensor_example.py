"""The worked example of docs/sensors.md: what that page shows is what runs here."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import yaml
from hydra.utils import instantiate

from errors import UserError
from inference.super_resolution import super_resolve
from networks.dsen2 import DSen2
from networks.super_resolver import SuperResolver
from products.region import usable
from products.window import Window
from tests.fakes.raster_folder import noise, write_raster


@pytest.fixture(scope="module")
def page(repository) -> str:
    return (repository / "docs" / "sensors.md").read_text(encoding="utf-8")


def block(page: str, title: str) -> str:
    found = re.search(rf'```\w+ title="{re.escape(title)}"\n(.*?)```', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def aster(page):
    return instantiate(yaml.safe_load(block(page, "conf/sensor/aster.yaml")))


def scene(folder: Path, swir=True):
    """An ASTER-like folder; returns it and the pixels by ground sample distance."""
    pixels = {
        15: noise(1, 3, 48, 40, high=256, dtype="uint8"),
        30: noise(2, 6, 24, 20, high=256, dtype="uint8"),
    }
    name = "AST_L1T_00306042003004247_20150428235500_35366"
    write_raster(folder / f"{name}.VNIR.tif", pixels[15], pixel_m=15)
    if swir:
        write_raster(folder / f"{name}.SWIR.tif", pixels[30], pixel_m=30)
    return folder, pixels


def test_the_page_shows_the_file_of_the_catalogue(page, repository):
    shown = yaml.safe_load(block(page, "conf/sensor/aster.yaml"))
    assert shown == yaml.safe_load(
        (repository / "conf" / "sensor" / "aster.yaml").read_text(encoding="utf-8")
    )


def test_a_scene_is_read_and_sharpened(aster, tmp_path: Path):
    folder, pixels = scene(tmp_path / "scene")
    with aster.open(folder) as product:
        for distance, stored in pixels.items():
            np.testing.assert_array_equal(product.read(distance, Window(0, 0, *stored.shape[1:])), stored)
    inputs = aster.inputs_of(30)
    assert {m: len(names) for m, names in inputs.items()} == {15: 3, 30: 6}
    torch.manual_seed(0)
    network = SuperResolver(
        DSen2([3, 6], features=4, blocks=1), sensor="aster", bands={m: list(n) for m, n in inputs.items()}, scale=100.0
    )  # fmt: skip
    super_resolve(network, None, folder, tmp_path / "out.tif", sensor=aster, progress=False)
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.descriptions[2:5] == ("B3N (820 nm)", "SRB4 (1650 nm)", "SRB5 (2165 nm)")
        assert (file.shape, file.res, set(file.dtypes), file.nodata) == ((48, 40), (15.0, 15.0), {"uint8"}, 0)
        np.testing.assert_array_equal(file.read([1, 2, 3]), pixels[15])


def test_a_scene_without_shortwave_infrared_has_one_grid(aster, tmp_path: Path):
    with aster.open(scene(tmp_path, swir=False)[0]) as product:
        assert list(product.grids) == [15]
        with pytest.raises(UserError, match="has no bands of 30 m; expected one of its grids, 15 m"):
            usable(product, [15, 30])


def test_a_reader_of_a_new_format_is_named_in_the_config(page, tmp_path: Path, monkeypatch):
    (tmp_path / "npz_scenes.py").write_text(block(page, "npz_scenes.py"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    config = yaml.safe_load(block(page, "conf/sensor/aster.yaml"))
    sensor = instantiate({**config, "readers": [{"_target_": "npz_scenes.NpzReader"}]})
    fine, coarse = noise(1, 3, 8, 8, high=256, dtype="uint8"), noise(2, 6, 4, 4, high=256, dtype="uint8")
    np.savez(tmp_path / "a.npz", m15=fine, m30=coarse)
    with sensor.open(tmp_path / "a.npz") as product:
        np.testing.assert_array_equal(product.read(30, Window(1, 0, 2, 3)), coarse[:, 1:3, :3])
        assert product.relation(30).factor == 2
    np.savez(tmp_path / "b.npz", m15=fine)
    with pytest.raises(UserError, match=r"b\.npz: found no array m30 of 6 bands, expected one"):
        sensor.open(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"not recognised as a product of ASTER Level-1T; expected an \.npz file"
    ):
        sensor.open(tmp_path / "c.npz")
