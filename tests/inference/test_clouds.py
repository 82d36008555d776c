"""Masks in, clouds out: the network's own numbers, in files of every size and format."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image
from rasterio.transform import Affine

from errors import UserError
from inference.clouds import Painter, clouds
from networks.cloud_generator import CloudGenerator, as_cloud_generator, load_cloud_generator
from networks.translation import build_translator
from tests.fakes.cyclegan_weights import generator_weights, run_generator, write_pth


@pytest.fixture
def generator(tmp_path: Path) -> CloudGenerator:
    return load_cloud_generator(write_pth(tmp_path / "latest_net_G_B.pth", generator_weights(blocks=1)))


def mask(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width)) > 0.6


def write_png(path: Path, cloud: np.ndarray, mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.where(cloud, np.uint8(255), np.uint8(0))).convert(mode).save(path)
    return path


def write_geotiff(path: Path, values: np.ndarray) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype="uint8", nodata=255,
        crs="EPSG:32633", transform=Affine(500, 0, 4e5, 0, -500, 5e6),
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def published(cloud: np.ndarray) -> np.ndarray:
    """What CycleGAN's own code makes of a mask, (H', W', 3) float from 0 to 255."""
    source = torch.from_numpy(cloud).float().expand(1, 3, -1, -1) * 2 - 1
    made = run_generator(generator_weights(blocks=1), source)[0].permute(1, 2, 0).numpy()
    return (made + 1) / 2.0 * 255.0  # type: ignore[no-any-return]


def paint(network: Any, source: Path, target: Path, **options: Any) -> dict[str, Any]:
    return clouds(network, None, source, target, progress=False, **options)


@pytest.mark.parametrize("rounding", ["nearest", "published"])
def test_a_png_holds_the_published_numbers_rounded_or_cut_off(
    tmp_path: Path, generator: CloudGenerator, rounding: str
) -> None:
    source = write_png(tmp_path / "m.png", mask(64, 48), "RGB")
    figures = paint(generator, source, tmp_path / "deep" / "c.png", rounding=rounding)
    found = np.asarray(Image.open(tmp_path / "deep" / "c.png"))
    expected = published(mask(64, 48))
    whole = np.rint(expected) if rounding == "nearest" else np.trunc(expected)
    sure = np.abs(expected - np.floor(expected) - (0.5 if rounding == "nearest" else 0)) > 1e-2
    sure &= expected - np.floor(expected) < 1 - 1e-2
    assert found.dtype == np.uint8 and found.shape == (64, 48, 3) and sure.mean() > 0.9
    assert (found[sure] == whole[sure]).all()
    assert figures["masks"] == 1 and figures["bands"] == 3


def test_a_folder_of_any_sizes_and_batches_gives_the_same_images(
    tmp_path: Path, generator: CloudGenerator
) -> None:
    sizes = [(40, 40), (40, 40), (40, 40), (33, 50), (40, 40), (5, 9)]
    for number, size in enumerate(sizes):
        write_png(tmp_path / "tiles" / "masks" / f"{number}.png", mask(*size, seed=number))
    (tmp_path / "tiles" / "masks" / "readme.txt").write_text("no mask")
    assert paint(generator, tmp_path / "tiles", tmp_path / "one", batch_size=1)["masks"] == 6
    paint(generator, tmp_path / "tiles" / "masks", tmp_path / "three", batch_size=3)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [f"{n}.png" for n in range(6)]
    for number, size in enumerate(sizes):
        one, three = (
            np.asarray(Image.open(tmp_path / folder / f"{number}.png")) for folder in ("one", "three")
        )
        assert one.shape == (*size, 3) and np.abs(one.astype(int) - three).max() <= 1
        expected = published(mask(*size, seed=number))[: size[0], : size[1]] if min(size) > 8 else one
        assert np.abs(one - expected).max() <= 0.51


def test_a_geotiff_keeps_its_place_and_holds_reflectance(tmp_path: Path, generator: CloudGenerator) -> None:
    values = mask(50, 60).astype(np.uint8)
    values[:10] = 255
    source = write_geotiff(tmp_path / "m.tif", values)
    paint(generator, source, tmp_path / "c.tif", bands=["S1", "S2", "S3"])
    with rasterio.open(tmp_path / "c.tif") as file, rasterio.open(source) as place:
        pixels = file.read()
        assert (file.crs, file.transform, file.nodata) == (place.crs, place.transform, 0)
        assert file.descriptions == ("S1", "S2", "S3") and file.dtypes[0] == "uint16"
        assert file.tags()["NADIR_SYNTHETIC"] == "1" and file.tags()["NADIR_NETWORK"] == "latest_net_G_B.pth"
    assert (pixels[:, :10] == 0).all() and (pixels[:, 10:] >= 1).all()
    cloud = (values == 1)[:, :]
    expected = np.moveaxis(published(cloud), -1, 0)[:, :50, :60] / 255 * 10000
    assert np.abs(pixels[:, 10:] - np.maximum(expected[:, 10:], 1)).max() < 0.51
    paint(generator, source, tmp_path, format="png")
    assert np.asarray(Image.open(tmp_path / "m.png")).shape == (50, 60, 3)


def test_a_large_mask_is_blended_from_windows(generator: CloudGenerator) -> None:
    large = mask(150, 70)
    made = Painter(generator, window_size=64, overlap=0.25)([large])
    assert made.shape == (1, 3, 150, 70) and np.isfinite(made).all() and 0 <= made.min() <= made.max() <= 1
    corner = Painter(generator)([large[:64, :64]])[0]  # the first window alone, where no other one reaches
    np.testing.assert_allclose(made[0, :, :6, :6], corner[:, :6, :6], atol=1e-6)
    last = Painter(generator)([large[-64:, -64:]])[0]
    np.testing.assert_allclose(made[0, :, -6:, -6:], last[:, -6:, -6:], atol=1e-6)


def test_bfloat16_is_near(generator: CloudGenerator) -> None:
    exact, rough = (Painter(generator, precision=each)([mask(40, 40)]) for each in ("float32", "bfloat16"))
    assert 0 < np.abs(exact - rough).max() < 0.1 and rough.dtype == np.float32


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_network_of_a_run_and_other_numbers_of_bands(tmp_path: Path) -> None:
    torch.manual_seed(0)
    translator = build_translator("resnet", 1, 5, {"base_width": 2, "blocks": 1, "output": "tanh"})
    source = write_png(tmp_path / "masks" / "m.png", mask(30, 30))
    with pytest.raises(UserError, match="format=png: found clouds of 5 bands, expected 1 or 3"):
        paint(translator, source, tmp_path / "c.png")
    assert paint(translator, source, tmp_path / "c.tif")["bands"] == 5
    with rasterio.open(tmp_path / "c.tif") as file:
        expected = as_cloud_generator(translator)(torch.from_numpy(mask(30, 30))[None, None])[0].numpy()
        assert np.abs(file.read() - expected * 10000).max() < 0.51 and file.descriptions[4] == "band_5"


def test_a_mask_that_is_not_binary_leaves_nothing_half_written(
    tmp_path: Path, generator: CloudGenerator
) -> None:
    write_png(tmp_path / "masks" / "a.png", mask(20, 20))
    Image.fromarray(np.arange(400, dtype=np.uint8).reshape(20, 20)).save(tmp_path / "masks" / "b.png")
    with pytest.raises(UserError, match=r"b\.png: found the values .* expected a binary mask"):
        paint(generator, tmp_path / "masks", tmp_path / "out")
    assert {path.name for path in tmp_path.glob("out/*")} <= {"a.png"}


@pytest.mark.parametrize(
    ("source", "target", "options", "words"),
    [
        ("masks", "file", {}, "output=file: found a file, expected a folder"),
        ("empty", "out", {}, "input=empty: found no masks, expected .png, .tif, .tiff files"),
        ("masks", "masks", {}, "input and output are the same file"),
        ("masks/a.png", "c.jpg", {}, "output=c.jpg: found the suffix '.jpg', expected .png, .tif or .tiff"),
        (
            "masks/a.png",
            "c.png",
            {"format": "geotiff"},
            "found the suffix of png, expected that of format=geo",
        ),
        ("masks/a.png", "c.png", {"bands": ["x"]}, "bands: found 1 names (x), expected 3 as the network has"),
        ("masks", "out", {"format": "jpeg"}, "format=jpeg: expected one of null, png, geotiff"),
        ("masks", "out", {"rounding": "up"}, "rounding=up: expected one of nearest, published"),
        ("masks", "out", {"precision": "int8"}, "precision=int8: expected one of"),
        ("masks", "out", {"window_size": 8}, "window_size=8: expected at least 64 pixels"),
        ("masks", "out", {"overlap": 1}, "overlap=1: expected from 0 to below 1"),
        ("masks", "out", {"batch_size": 0}, "batch_size=0: expected at least 1"),
        ("twice", "out", {"format": "png"}, "twice: found two masks called a, expected different names"),
    ],
)
def test_impossible_requests_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: CloudGenerator, source: str, target: str,
    options: dict[str, Any], words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    write_png(Path("masks/a.png"), mask(8, 8))
    Path("empty").mkdir()
    Path("file").touch()
    write_png(Path("twice/a.png"), mask(8, 8))
    write_geotiff(Path("twice/a.tif"), mask(8, 8).astype(np.uint8))
    with pytest.raises(UserError, match=re.escape(words)):
        paint(generator, Path(source), Path(target), **options)
    assert not Path("out").exists()
