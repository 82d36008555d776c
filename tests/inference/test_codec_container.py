import io
import json
import math
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from errors import UserError
from inference.codec_container import ContainerHeader, ContainerReader, ContainerWriter, TileRecord
from inference.sources import RasterMetadata

HEADER = ContainerHeader(
    fingerprint="ab" * 32,
    network="mbt2018-mean",
    height=100,
    width=150,
    tile_size=64,
    threads=2,
    value_range=(0.0, 10000.0),
    mask_value=0.0,
    metadata=RasterMetadata(
        "uint16", 0.0, "", (10.0, 0, 5.5, 0, -10.0, 1 / 3), ("red", ""), {"key": "välue"}
    ),
)
RECORDS = [TileRecord(b"m" * (index % 2), bytes([index]) * 5, bytes(100), 7 * index) for index in range(6)]


def container(header: ContainerHeader = HEADER, records: list[TileRecord] = RECORDS) -> bytes:
    stream = io.BytesIO()
    writer = ContainerWriter(stream, header)
    for record in records:
        writer.write(record)
    writer.finish()
    return stream.getvalue()


def refuse(path: Path, content: bytes, sentence: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        ContainerReader(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def forged(values: object) -> bytes:
    """A file whose checksums fit but whose header says something else."""
    body = values if isinstance(values, bytes) else json.dumps(values).encode()
    start = struct.pack("<8sHI", b"\x89NADIR\r\n", 1, len(body)) + body
    return start + struct.pack("<I", zlib.crc32(start)) + bytes(200)


def header_values() -> dict:
    content = container()
    return json.loads(content[14 : 14 + int.from_bytes(content[10:14], "little")])


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.nadir"
    path.write_bytes(container())
    with ContainerReader(path) as reader:
        assert reader.header == HEADER
        assert [reader.record(index) for index in (5, 0, 3)] == [RECORDS[index] for index in (5, 0, 3)]
    nan = replace(HEADER, mask_value=math.nan, metadata=replace(HEADER.metadata, nodata=math.nan))
    path.write_bytes(container(nan))
    with ContainerReader(path) as reader:
        assert math.isnan(reader.header.mask_value or 0)
        assert math.isnan(reader.header.metadata.nodata or 0)


def test_every_byte_counts(tmp_path: Path) -> None:
    content = container()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x10
        refuse(tmp_path / "a.nadir", bytes(changed), "expected a whole, unaltered|has version")
    for length in range(len(content)):
        refuse(tmp_path / "a.nadir", content[:length], "truncated")
    refuse(tmp_path / "a.nadir", content + b"\0", "goes on after its end")


def test_tiles_cannot_be_exchanged(tmp_path: Path) -> None:
    swapped = [RECORDS[1], RECORDS[0], *RECORDS[2:]]
    first, second = container(), container(records=swapped)
    size = len(first) - 20
    # Both tiles are intact records, but of other places.
    start = next(index for index in range(size) if first[index] != second[index])
    assert start > 14
    lengths = [16 + len(r.mask + r.hyper_latents + r.latents) + 4 for r in RECORDS]
    begin = size - sum(lengths)
    a, b = lengths[0], lengths[1]
    exchanged = (
        first[:begin] + first[begin + a : begin + a + b] + first[begin : begin + a] + first[begin + a + b :]
    )
    refuse(tmp_path / "a.nadir", exchanged, "damaged in tile 0")
    other = container(replace(HEADER, threads=3))
    refuse(tmp_path / "a.nadir", first[:begin] + other[begin:], "damaged in tile 0")


def test_other_files_are_told_from_damaged_ones(tmp_path: Path) -> None:
    refuse(tmp_path / "a.nadir", b"II*\0" + bytes(100), "does not begin as a .nadir file")
    refuse(tmp_path / "a.nadir", container().replace(b"\r\n", b"\n"), "does not begin as a .nadir file")
    later = bytearray(container())
    later[8] = 9
    refuse(tmp_path / "a.nadir", bytes(later), "has version 9, this program reads 1")
    refuse(tmp_path / "a.nadir", struct.pack("<8sHI", b"\x89NADIR\r\n", 1, 1 << 31), "announces a header")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tile_size", 65), ("tile_size", 1 << 20), ("tile_size", True), ("height", 0), ("height", 1.5), ("width", -1),
        ("threads", 10**9), ("value_range", [1, 1]), ("value_range", [0, "inf"]), ("value_range", [0]),
        ("mask_value", "x"), ("fingerprint", 5), ("metadata", []), ("metadata", {"dtype": "object"}),
    ],
)  # fmt: skip
def test_headers_that_make_no_sense_are_refused(tmp_path: Path, key: str, value: object) -> None:
    refuse(tmp_path / "a.nadir", forged(header_values() | {key: value}), "has a header that makes no sense")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dtype", "O"), ("dtype", "complex64"), ("dtype", "nonsense"), ("transform", [1, 2]), ("bands", "red"),
        ("transform", [1, 2, 3, 4, 5, "nan"]), ("bands", [1]), ("tags", {"a": 1}), ("crs", None), ("nodata", []),
    ],
)  # fmt: skip
def test_metadata_that_make_no_sense_are_refused(tmp_path: Path, key: str, value: object) -> None:
    values = header_values()
    values["metadata"][key] = value
    refuse(tmp_path / "a.nadir", forged(values), "has a header that makes no sense")


def test_hostile_headers(tmp_path: Path) -> None:
    refuse(tmp_path / "a.nadir", forged(b"[" * 100000), "has a header that makes no sense")
    refuse(tmp_path / "a.nadir", forged(b"\xff\xfe"), "has a header that makes no sense")
    refuse(tmp_path / "a.nadir", forged([]), "has a header that makes no sense")
    values = header_values()
    del values["network"]
    refuse(tmp_path / "a.nadir", forged(values), "has a header that makes no sense")
    # More tiles than the file can hold: refused before memory is taken for them.
    huge = header_values() | {"height": (1 << 31) - 1, "width": (1 << 31) - 1}
    refuse(tmp_path / "a.nadir", forged(huge), "truncated")


def test_tags_beyond_the_header_are_refused() -> None:
    tags = {"large": "x" * (17 << 20)}
    with pytest.raises(UserError, match="tags take"):
        container(replace(HEADER, metadata=replace(HEADER.metadata, tags=tags)))
