"""Records of what was made of a product."""

from pathlib import Path

from synthesis.clouds.tile_manifest import TileRecord
from synthesis.clouds.tile_records import read_records, recorded_names, remove_records, write_records

SOURCE = {"name": "P.zip", "bytes": 12}


def made(folder: Path):
    mask = folder / "masks" / "P_1.png"
    mask.parent.mkdir()
    mask.write_bytes(b"x")
    tile = TileRecord("P_1", "P", 0, 0, 12.5, 95.0, 1.0, None, mask, "", "ab", "", "summary", "masks")
    write_records(folder, "P", SOURCE, [tile], 3)
    return tile


def test_what_is_written_is_read(tmp_path):
    tile = made(tmp_path)
    assert read_records(tmp_path, "P", SOURCE) == [tile] and recorded_names(tmp_path) == ["P"]


def test_another_source_a_missing_tile_and_a_damaged_record_are_none(tmp_path):
    tile = made(tmp_path)
    assert read_records(tmp_path, "P", {"name": "P.zip", "bytes": 13}) is None
    tile.mask.unlink()
    assert read_records(tmp_path, "P", SOURCE) is None
    (tmp_path / "products" / "P.json").write_text("{")
    assert read_records(tmp_path, "P", SOURCE) is None


def test_what_is_removed_is_gone(tmp_path):
    tile = made(tmp_path)
    remove_records(tmp_path, "P")
    assert not tile.mask.exists() and recorded_names(tmp_path) == []
