import json

import numpy as np
import pytest
import rasterio

from errors import UserError
from products.degradation import degrade
from products.grid import GridRelation
from products.raster_folder import RasterFolderReader
from products.reduced_resolution import ReducedResolution
from products.resampling import upsample
from products.window import Window
from synthesis.multiresolution import generated_products, product
from tests.fakes.array_product import LANDSAT_LIKE, SENTINEL_LIKE, ArrayProduct, sensor


def blurred(band: np.ndarray, factor: int) -> np.ndarray:
    """What interpolation makes of a band that was degraded."""
    coarse = degrade(band[None], factor)
    windows = Window(0, 0, *coarse.shape[1:]), Window(0, 0, *band.shape)
    return upsample(coarse, GridRelation(factor), *windows, order="bicubic")[0]


TOY = sensor(SENTINEL_LIKE, readers=[RasterFolderReader()], scale=1e-4)


def test_products_are_read_by_the_sensor_and_say_that_they_are_made_up(tmp_path):
    made = generated_products(TOY, tmp_path, train=2, val=0, test=1, size_px=70)
    assert {name: [path.name for path in paths] for name, paths in made.items()} == {
        "train": ["toy_train_0", "toy_train_1"], "val": [], "test": ["toy_test_0"],
    }  # fmt: skip
    opened = TOY.open(made["train"][0])
    assert opened.synthetic
    assert {m: grid.shape for m, grid in opened.grids.items()} == {10: (72, 72), 20: (36, 36), 60: (12, 12)}
    for m in (10, 20, 60):
        with rasterio.open(made["train"][0] / f"{m}m.tif") as file:
            assert file.tags()["NADIR_SYNTHETIC"] == "1"
            assert file.crs.to_epsg() == 32633
            assert file.read().min() > 0 and file.read().max() < 10_000
    assert json.loads((made["test"][0] / "product.json").read_text(encoding="utf-8"))["synthetic"] is True


def test_the_same_settings_are_made_once_and_others_anew(tmp_path):
    options = {"train": 1, "val": 0, "test": 0, "size_px": 24}
    first = generated_products(TOY, tmp_path, **options)
    stamp = first["train"][0].stat().st_mtime_ns
    assert generated_products(TOY, tmp_path, **options) == first
    assert first["train"][0].stat().st_mtime_ns == stamp
    other = generated_products(TOY, tmp_path, **options, seed=1)
    assert other != first
    assert len(list(tmp_path.iterdir())) == 2  # nothing unfinished is left


def test_grids_begin_half_a_pixel_apart_where_the_sensor_has_them_so(tmp_path):
    landsat = sensor(LANDSAT_LIKE, name="pan", readers=[RasterFolderReader()], scale=2e-5, offset=-0.1)
    made = generated_products(
        landsat, tmp_path, train=1, val=0, test=0, size_px=48, grid_offset_px={"pan": 0.5}
    )
    opened = landsat.open(made["train"][0])
    assert opened.grids[15].shape == (49, 49)
    assert (opened.relation(30).factor, opened.relation(30).row_offset) == (2, 0.5)


@pytest.mark.parametrize("target_m", [20, 60])
def test_there_is_something_to_win_over_interpolation(target_m):
    """The sharp bands tell of the others: a linear fit of edges does better than interpolation alone."""
    pixels, grids = product(TOY, np.random.default_rng(0), size_px=360)
    scene = ReducedResolution(ArrayProduct(TOY, pixels, grids), target_m)
    inputs, _ = scene.inputs(scene.usable)
    truth = scene.truth(scene.usable)[0][0]
    bicubic = scene.bicubic(scene.usable)[0]
    sharp = inputs[10] - np.stack([blurred(band, scene.factor) for band in inputs[10]])
    columns = np.stack([detail.ravel() for detail in sharp], 1)
    left = (truth - bicubic).ravel()
    fitted = columns @ np.linalg.lstsq(columns, left, rcond=None)[0]
    assert np.sqrt(np.mean((left - fitted) ** 2)) < 0.8 * np.sqrt(np.mean(left**2))


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"data\.cache: .* cannot be written"):
        generated_products(TOY, tmp_path / "file", train=1, val=0, test=0, size_px=24)
