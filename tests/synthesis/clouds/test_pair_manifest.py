"""The list of pairs, whole or in the making."""

import pytest

from errors import UserError
from synthesis.clouds.pair_manifest import (
    COLUMNS,
    FOLDERS,
    MANIFEST,
    ROWS,
    is_manifest,
    known_rows,
    manifest_text,
    read_pairs,
    write_manifest,
    write_row,
)  # fmt: skip


def row(folder, number):
    """A row, and the files that it names."""
    name = f"{number:05d}"
    files = {key: f"{place}/{name}.png" for place, key in FOLDERS.items()}
    for file in files.values():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    values = dict.fromkeys(COLUMNS, "")
    return values | {"id": name, "cover_percent": "12.5000", "surface_source": "a, b.png", **files}


def test_rows_become_a_manifest_and_records(tmp_path):
    for number in (3, 1, 2):
        write_row(tmp_path, row(tmp_path, number))
    rows = known_rows(tmp_path)
    assert sorted(rows) == ["00001", "00002", "00003"]
    text = manifest_text(list(rows.values()))
    write_manifest(tmp_path, text)
    assert is_manifest(tmp_path, text) and not (tmp_path / ROWS).exists()
    assert known_rows(tmp_path) == rows
    records = read_pairs(tmp_path)
    assert [record.id for record in records] == ["00001", "00002", "00003"]
    assert records[1].mask == tmp_path / "masks" / "00002.png" and records[1].cover_percent == 12.5
    assert records[1].surface_source == "a, b.png" and records[1].row["clouds_by"] == ""


def test_pairs_whose_files_are_gone_are_not_known(tmp_path):
    for number in (1, 2):
        write_row(tmp_path, row(tmp_path, number))
    (tmp_path / ROWS / "00003.json").write_text('{"id": "000')
    (tmp_path / "clouds" / "00001.png").unlink()
    assert list(known_rows(tmp_path)) == ["00002"]


def test_damaged_manifests_are_told(tmp_path):
    with pytest.raises(
        UserError, match=r"found no manifest.csv, expected a folder that generator=cloud_pairs"
    ):
        read_pairs(tmp_path)
    (tmp_path / MANIFEST).write_text("id,product\n1,a\n")
    with pytest.raises(UserError, match=r"found no column split, expected a manifest of pairs"):
        read_pairs(tmp_path)
    (tmp_path / MANIFEST).write_text("")
    with pytest.raises(UserError, match=r"found no rows"):
        read_pairs(tmp_path)
    write_manifest(tmp_path, manifest_text([row(tmp_path, 1)]))
    (tmp_path / "surface" / "00001.png").unlink()
    with pytest.raises(UserError, match=r"manifest.csv, line 2: found no file .*surface/00001.png"):
        read_pairs(tmp_path)
