import hashlib
import inspect
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from omegaconf import OmegaConf
from torch.nn import functional

from errors import UserError
from inference import codec as codec_module
from inference.codec import compress, decompress
from inference.codec_container import ContainerReader
from inference.codec_tiles import SceneEncoder
from networks.bitstream import decode, encode
from networks.compression import CODECS, build_codec, coder_state, load_coder_state

SEAMLESS = ("bmshj2018-factorized", "bmshj2018-factorized-relu", "bmshj2018-hyperprior", "mbt2018-mean")
AUTOREGRESSIVE = tuple(name for name in CODECS if name not in SEAMLESS)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


def untiled(network, specification, pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """The whole scene at once through CompressAI's own forward pass and coder: digital numbers, bytes."""
    image = torch.from_numpy(specification.normalise(pixels))[None]
    multiple = network.downsampling_factor
    height, width = pixels.shape[1:]
    padded = functional.pad(image, (0, -width % multiple, 0, -height % multiple), mode="replicate")
    with torch.no_grad():
        assert network.g_a(padded).round().abs().mean() > 0.3, "latents are all but zero: nothing is tested"
        restored = network(padded)["x_hat"][0, :, :height, :width].numpy()
        size = sum(len(strings[0]) for strings in network.compress(padded)["strings"])
    return specification.denormalise(restored), size


@pytest.mark.parametrize("name", SEAMLESS)
@pytest.mark.parametrize(("shape", "dtype"), [((4, 150, 203), "uint8"), ((2, 257, 64), "uint16")])
def test_tiled_equals_untiled(
    tmp_path: Path, make, name: str, shape: tuple[int, int, int], dtype: str
) -> None:
    network, spec = make.codec(name, shape[0]), make.specification(shape[0], dtype)
    pixels = spec.denormalise(make.scene(*shape))
    source = make.write_raster(tmp_path / "a.tif", pixels)
    expected, _ = untiled(network, spec, pixels)
    high = spec.value_range[1]
    assert expected.std() > 0.05 * high, "the codec gives a flat picture: nothing is tested"
    for tile_size in (64, 128, 512):
        compress(network, spec, source, tmp_path / "a.nadir", tile_size=tile_size, progress=False)
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
        difference = np.abs(read(tmp_path / "b.tif").astype(int) - expected)
        assert difference.max() <= 1, f"tile size {tile_size}"


@pytest.mark.parametrize("name", SEAMLESS)
def test_tiles_cost_few_bytes(tmp_path: Path, make, name: str) -> None:
    """A whole file of nine tiles, header and checksums included, against CompressAI's strings of the whole scene."""
    network, spec = make.codec(name, 3), make.specification(3, "uint8")
    pixels = spec.denormalise(make.scene(3, 1100, 1060))
    source = make.write_raster(tmp_path / "a.tif", pixels)
    figures = compress(network, spec, source, tmp_path / "a.nadir", progress=False)
    _, payload = untiled(network, spec, pixels)
    assert figures["tiles"] == 9
    assert figures["bytes"] == (tmp_path / "a.nadir").stat().st_size
    header = 14 + len(_header_bytes(tmp_path / "a.nadir")) + 4
    assert figures["bytes"] - header <= 1.02 * payload
    assert math.isclose(figures["bits_per_pixel"], 8 * figures["bytes"] / pixels[0].size)


def _header_bytes(path: Path) -> bytes:
    content = path.read_bytes()
    return content[14 : 14 + int.from_bytes(content[10:14], "little")]


@pytest.mark.parametrize("name", AUTOREGRESSIVE)
def test_autoregressive_codecs_restore_what_their_encoder_quantised(tmp_path: Path, make, name: str) -> None:
    network, spec = make.codec(name, 2), make.specification(2, "uint8")
    pixels = spec.denormalise(make.scene(2, 100, 150))
    source = make.write_raster(tmp_path / "a.tif", pixels)
    expected, _ = untiled_in_context(network, spec, pixels)
    for tile_size, exact in ((192, True), (64, False)):
        compress(network, spec, source, tmp_path / "a.nadir", tile_size=tile_size, progress=False)
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
        difference = np.abs(read(tmp_path / "b.tif").astype(int) - expected)
        if exact:
            assert difference.max() <= 1
        else:  # the context restarts, so integers differ, but the picture is nearly the same
            assert difference.mean() < 0.25 * max(expected.std(), 1)


def untiled_in_context(network, spec, pixels: np.ndarray) -> tuple[np.ndarray, list[bytes]]:
    image = torch.from_numpy(spec.normalise(pixels))[None]
    strings = encode(network, image)
    restored = decode(network, strings, *pixels.shape[1:])[0].numpy()
    assert restored.std() > 0
    return spec.denormalise(restored), strings


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", ["bmshj2018-factorized", "mbt2018-mean"])
def test_nodata_comes_back_exactly(tmp_path: Path, make, name: str, dtype: str) -> None:
    network, spec = make.codec(name, 2), make.specification(2, dtype)
    pixels = spec.denormalise(make.scene(2, 330, 280))
    nodata = -9999.0 if dtype == "float32" else 0
    pixels[pixels == nodata] += 1
    pixels[:, :150] = nodata  # whole tiles
    pixels[:, :, 200:] = nodata
    pixels[0, 160:170, 20:40] = nodata  # one band only
    pixels[:, 300:, :30][:, np.random.default_rng(0).random((30, 30)) < 0.5] = nodata
    if dtype == "float32":
        pixels[1, 200:210, 100:140] = np.nan
    source = make.write_raster(tmp_path / "a.tif", pixels, nodata)
    compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
    restored = read(tmp_path / "b.tif")
    np.testing.assert_array_equal(restored == nodata, pixels == nodata)
    np.testing.assert_array_equal(np.isnan(restored), np.isnan(pixels))
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert dataset.nodata == nodata
    with ContainerReader(tmp_path / "a.nadir") as container:
        assert container.record(0).latents == b"", "a blank tile costs next to nothing"


def test_nodata_does_not_change_pixels_far_away(tmp_path: Path, make) -> None:
    network, spec = make.codec("bmshj2018-factorized", 1), make.specification(1, "uint16")
    pixels = np.maximum(spec.denormalise(make.scene(1, 256, 256)), 1)
    holed = pixels.copy()
    holed[:, :100] = 0
    results = []
    for nodata, content in ((None, pixels), (0, holed)):
        source = make.write_raster(tmp_path / "a.tif", content, nodata)
        compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
        results.append(read(tmp_path / "b.tif").astype(int))
    assert np.abs(results[0] - results[1])[:, 170:].max() <= 1


def test_nodata_of_the_training_data_holds_for_rasters_that_declare_none(tmp_path: Path, make) -> None:
    network = make.codec("bmshj2018-factorized", 1)
    spec = replace(make.specification(1, "uint8"), nodata=0.0)
    pixels = np.maximum(spec.denormalise(make.scene(1, 70, 90)), 1)
    pixels[:, 20:40] = 0
    source = make.write_raster(tmp_path / "a.tif", pixels)
    compress(network, spec, source, tmp_path / "a.nadir", progress=False)
    decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
    np.testing.assert_array_equal(read(tmp_path / "b.tif") == 0, pixels == 0)
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert dataset.nodata is None


def test_values_beyond_the_range_are_not_clamped(tmp_path: Path, make) -> None:
    network, spec = make.codec("bmshj2018-factorized", 1), make.specification(1, "uint16")
    pixels = (make.scene(1, 128, 128) * 60000).astype(np.uint16)
    source = make.write_raster(tmp_path / "a.tif", pixels)
    expected, _ = untiled(network, spec, pixels)
    compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
    assert expected.max() > 10000
    assert np.abs(read(tmp_path / "b.tif").astype(int) - expected).max() <= 1


def test_georeference_names_and_tags_come_back_and_decoding_repeats_itself(tmp_path: Path, make) -> None:
    network, spec = make.codec("mbt2018-mean", 3), make.specification(3, "uint16")
    source = make.write_raster(tmp_path / "a.tif", spec.denormalise(make.scene(3, 130, 140)))
    compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    digests = set()
    for attempt in range(2):
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / f"{attempt}.tif", progress=False)
        digests.add(hashlib.sha256((tmp_path / f"{attempt}.tif").read_bytes()).hexdigest())
    assert len(digests) == 1
    with rasterio.open(source) as original, rasterio.open(tmp_path / "0.tif") as restored:
        for attribute in ("crs", "transform", "descriptions", "nodata", "dtypes", "shape"):
            assert getattr(original, attribute) == getattr(restored, attribute)
        assert restored.tags()["ACQUISITION"] == "2020-06-01"
        assert restored.tags()["NADIR_NETWORK"] == "mbt2018-mean"
        assert restored.profile["tiled"]
    compress(network, spec, source, tmp_path / "again.nadir", tile_size=64, progress=False)
    assert (tmp_path / "again.nadir").read_bytes() == (tmp_path / "a.nadir").read_bytes()


def test_wrong_rasters_and_arguments_get_one_sentence(tmp_path: Path, make) -> None:
    network, spec = make.codec("bmshj2018-factorized", 3), make.specification(3, "uint8")
    two = make.write_raster(tmp_path / "two.tif", spec.denormalise(make.scene(2, 64, 64)))
    deep = make.write_raster(tmp_path / "deep.tif", spec.denormalise(make.scene(3, 64, 64)).astype(np.uint16))
    output = tmp_path / "out.nadir"
    for source, tile_size, sentence in (
        (two, 64, r"two\.tif has 2 bands of uint8; the model was trained on 3 bands of uint8"),
        (deep, 64, r"deep\.tif has 3 bands of uint16"),
        (two, 100, "tile_size=100: expected a multiple of 64"),
        (tmp_path / "none.tif", 64, "no such file"),
    ):
        with pytest.raises(UserError, match=sentence):
            compress(network, spec, source, output, tile_size=tile_size, progress=False)
    with pytest.raises(UserError, match="same file"):
        compress(network, spec, two, two, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep.tif", "two.tif"]


def test_another_model_is_refused(tmp_path: Path, make) -> None:
    spec = make.specification(1, "uint8")
    source = make.write_raster(tmp_path / "a.tif", spec.denormalise(make.scene(1, 64, 64)))
    compress(make.codec("mbt2018-mean", 1), spec, source, tmp_path / "a.nadir", progress=False)
    for other in (make.codec("mbt2018-mean", 1, 1), make.codec("bmshj2018-hyperprior", 1)):
        with pytest.raises(UserError, match=r"a\.nadir was made with another model \(mbt2018-mean"):
            decompress(other, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
    assert not (tmp_path / "b.tif").exists()


def test_a_machine_that_computes_otherwise_refuses(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands for another device: the same model, whose hyper-synthesis rounds differently."""
    network, spec = make.codec("bmshj2018-hyperprior", 1), make.specification(1, "uint8")
    source = make.write_raster(tmp_path / "a.tif", spec.denormalise(make.scene(1, 200, 200)))
    compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    exact = codec_module.CodecStages.entropy_parameters
    monkeypatch.setattr(codec_module.CodecStages, "entropy_parameters", lambda self, z: exact(self, z) * 1.2)
    with pytest.raises(UserError, match=r"a\.nadir cannot be decoded here \(tile \d+ gave other integers"):
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nadir", "a.tif"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    network, spec = make.codec("bmshj2018-factorized", 1), make.specification(1, "uint8")
    source = make.write_raster(tmp_path / "a.tif", spec.denormalise(make.scene(1, 200, 200)))
    (tmp_path / "a.nadir").write_text("what was there before")
    exact = SceneEncoder.record

    def stop_at_the_third(self: SceneEncoder, index: int):
        if index == 2:
            raise KeyboardInterrupt
        return exact(self, index)

    monkeypatch.setattr(SceneEncoder, "record", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nadir", "a.tif"]
    assert (tmp_path / "a.nadir").read_text() == "what was there before"


def test_damaged_files_are_refused(tmp_path: Path, make) -> None:
    """Any byte changed, any length cut: one sentence that names the file, and no output."""
    network, spec = make.codec("bmshj2018-hyperprior", 1), make.specification(1, "uint8")
    pixels = spec.denormalise(make.scene(1, 130, 130))
    pixels[:, 50:60] = 0
    source = make.write_raster(tmp_path / "a.tif", pixels, 0)
    compress(network, spec, source, tmp_path / "a.nadir", tile_size=64, progress=False)
    content = (tmp_path / "a.nadir").read_bytes()
    damaged = tmp_path / "damaged.nadir"
    generator = np.random.default_rng(0)
    positions = {
        *range(16),
        *range(len(content) - 24, len(content)),
        *generator.integers(0, len(content), 300),
    }
    variants = [content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :] for at in positions]
    variants += [content[:length] for length in (*range(20), *generator.integers(0, len(content), 100))]
    variants += [content + b"\0", content[:-1], b""]
    for variant in variants:
        damaged.write_bytes(variant)
        with pytest.raises(UserError, match=r"damaged\.nadir"):
            decompress(network, spec, damaged, tmp_path / "b.tif", progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nadir", "a.tif", "damaged.nadir"]
    with pytest.raises(UserError, match="cannot be opened"):
        decompress(network, spec, tmp_path / "none.nadir", tmp_path / "b.tif", progress=False)


def test_a_codec_without_tables_is_refused(tmp_path: Path, make) -> None:
    spec = make.specification(1, "uint8")
    source = make.write_raster(tmp_path / "a.tif", spec.denormalise(make.scene(1, 64, 64)))
    network = build_codec("bmshj2018-factorized", 1, 1, N=8, M=12)
    with pytest.raises(UserError, match="no coder tables"):
        compress(network, spec, source, tmp_path / "a.nadir", progress=False)
    load_coder_state(network, coder_state(network))
    assert compress(network, spec, source, tmp_path / "a.nadir", progress=False)["tiles"] == 1


@pytest.mark.parametrize("task", ["compress", "decompress"])
def test_the_catalogue_names_arguments_that_exist(repository: Path, task: str) -> None:
    node = OmegaConf.load(repository / "conf" / "task" / f"{task}.yaml")
    assert node.pop("_target_") == f"inference.codec.{task}"
    parameters = inspect.signature(getattr(codec_module, task)).parameters
    assert {name: parameters[name].default for name in node} == dict(node)


@pytest.mark.real
@pytest.mark.parametrize(
    "file",
    [
        "rgb_naip/m_4709963_se_14_1_20090818.tif",
        "landsat8_sattestdata_L1/l8_B2.tif",
        "landsat7_stars_olinda/L7_ETMs.tif",
    ],
)
def test_real_rasters(tmp_path: Path, real_data: Path, make, file: str) -> None:
    source = real_data / file
    pixels = read(source)
    spec = replace(make.specification(pixels.shape[0], str(pixels.dtype)), nodata=0.0)
    network = make.codec("mbt2018-mean", pixels.shape[0])
    restored = []
    for tile_size in (128, 2048):
        compress(network, spec, source, tmp_path / "a.nadir", tile_size=tile_size, progress=False)
        decompress(network, spec, tmp_path / "a.nadir", tmp_path / "b.tif", progress=False)
        restored.append(read(tmp_path / "b.tif"))
    np.testing.assert_array_equal(restored[0] == 0, pixels == 0)
    assert np.abs(restored[0].astype(int) - restored[1]).max() <= 1
