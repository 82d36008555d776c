"""Small tiles that nobody measured."""

import pytest

from errors import UserError
from products.binary_mask import read_binary_mask
from synthesis.clouds import generated_tiles as module
from synthesis.clouds.generated_tiles import generated_tiles
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_manifest import read_manifest

SMALL = {"count": 5, "tile_px": 24}


def test_tiles_are_made_once(tmp_path, monkeypatch):
    folder = generated_tiles(tmp_path, **SMALL)
    records = read_manifest(folder)
    assert len(records) == 5 and {record.split for record in records} == {"train", "val", "test"}
    assert all(read_binary_mask(record.mask).cloud.shape == (24, 24) for record in records)
    monkeypatch.setattr(module, "_write", None)
    assert generated_tiles(tmp_path, **SMALL) == folder
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_other_settings_are_other_tiles(tmp_path):
    first = generated_tiles(tmp_path, **SMALL)
    assert generated_tiles(tmp_path, **SMALL, masks=ProceduralMasks(stretch=1.0)) != first
    assert generated_tiles(tmp_path, **SMALL, seed=1) != first


def test_too_few_and_an_unwritable_cache_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"data\.generator: found count=2"):
        generated_tiles(tmp_path, count=2)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        generated_tiles(tmp_path / "file", **SMALL)
