from types import SimpleNamespace

import numpy as np
import pytest

from inference.codec_tiles import SceneDecoder, SceneEncoder, WrongIntegersError
from inference.nodata import FilledSource
from inference.sources import ArraySource
from inference.windows import TileGrid
from networks.codec_stages import CodecStages


def encoder(
    make: SimpleNamespace, name: str, pixels: np.ndarray, mask_value: float | None = None
) -> SceneEncoder:
    bands = pixels.shape[0]
    source = FilledSource(ArraySource(pixels), make.specification(bands, "uint8"), mask_value)
    return SceneEncoder(CodecStages(make.codec(name, bands)), source, 64)


@pytest.mark.parametrize("name", ["bmshj2018-factorized", "mbt2018-mean"])
def test_each_tile_is_computed_once_and_only_a_few_rows_are_kept(
    make: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = make.specification(1, "uint8").denormalise(make.scene(1, 1000, 130))
    calls = {"analyse": 0, "synthesise": 0, "decode": 0}
    for stage in calls:
        original = getattr(CodecStages, stage)

        def counted(self, *arguments, stage=stage, original=original):
            calls[stage] += 1
            return original(self, *arguments)

        monkeypatch.setattr(CodecStages, stage, counted)
    coding = encoder(make, name, pixels)
    grid = coding.tiles
    records, most = [], 0
    for index in range(len(grid)):
        records.append(coding.record(index))
        most = max(most, len(coding._latents._tiles))
    assert calls["analyse"] == len(grid) == 48
    assert most <= 6 * grid.columns
    decoding = SceneDecoder(coding.stages, grid, records.__getitem__)
    most = 0
    for index in range(len(grid)):
        assert decoding.pixels(index).shape[0] == 1
        decoding.release(index)
        most = max(most, len(decoding._latents._tiles))
    assert calls["synthesise"] == calls["decode"] == len(grid)
    assert most <= 3 * grid.columns


def test_blank_ground_costs_next_to_nothing(make: SimpleNamespace) -> None:
    pixels = make.specification(1, "uint8").denormalise(make.scene(1, 64, 1280))
    pixels = np.maximum(pixels, 1)
    pixels[:, :, 256:] = 0
    coding = encoder(make, "mbt2018-mean", pixels, 0)
    records = [coding.record(index) for index in range(20)]
    sizes = [len(record.mask + record.hyper_latents + record.latents) for record in records]
    assert min(sizes[:4]) > 200
    assert max(sizes[9:19]) < 20, "blank tiles repeat the hyper-latents of the one before"
    tiles = TileGrid(64, 1280, 64)
    decoding = SceneDecoder(coding.stages, tiles, records.__getitem__)
    whole = encoder(make, "mbt2018-mean", pixels[:, :, :256], 0)
    assert len(whole.record(0).latents) > 0
    assert all(np.isfinite(decoding.pixels(index)).all() for index in range(20))


def test_integers_are_checked(make: SimpleNamespace) -> None:
    pixels = make.specification(1, "uint8").denormalise(make.scene(1, 128, 64))
    coding = encoder(make, "bmshj2018-hyperprior", pixels)
    first, second = coding.record(0), coding.record(1)
    tiles = TileGrid(128, 64, 64)
    mixed = [
        first,
        second.__class__(second.mask, second.hyper_latents, first.latents, second.integers_checksum),
    ]
    with pytest.raises(WrongIntegersError, match="tile 1"):
        SceneDecoder(coding.stages, tiles, mixed.__getitem__).pixels(1)
    unbased = [first.__class__(first.mask, b"", first.latents, first.integers_checksum), second]
    with pytest.raises(WrongIntegersError, match="first tile"):
        SceneDecoder(coding.stages, tiles, unbased.__getitem__).pixels(0)
