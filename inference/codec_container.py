"""The `.nadir` file: a header, one record per tile, a trailer; every byte is under a checksum.

docs/codec.md holds the layout. Nothing in a file is trusted: sizes are checked against the file before
anything is read or allocated, the header is JSON, and no record is used before its checksum fits.
"""

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from errors import UserError
from inference.sources import RasterMetadata
from inference.windows import TileGrid

MAGIC = b"\x89NADIR\r\n"  # the line break shows up files mangled by a text transfer
VERSION = 1
_PREAMBLE = struct.Struct("<8sHI")  # magic, version, bytes of header
_CHECKSUM = struct.Struct("<I")  # CRC-32
_RECORD = struct.Struct("<IIII")  # bytes of mask, hyper-latents, latents; CRC-32 of the tile's integers
_TRAILER = struct.Struct("<8sQI")  # end mark, number of tiles, CRC-32
_END = b"NADIREND"
_LARGEST_HEADER = 16 << 20  # bytes
_LARGEST_SIDE = 1 << 31  # pixels
_LARGEST_TILE = 1 << 14  # pixels a side
TILE_MULTIPLE = 64  # pixels: one hyper-latent


@dataclass(frozen=True)
class ContainerHeader:
    """What a decoder must know before the first tile.

    Attributes:
        fingerprint: of the model (`networks.compression.fingerprint`), hexadecimal.
        network: the model's name in the zoo.
        height, width: of the scene, in pixels.
        tile_size: side of a tile in pixels, a multiple of 64.
        threads: threads that computed the entropy parameters.
        value_range: digital numbers that the model takes as 0 and 1.
        mask_value: the digital number that masked pixels come back with, None where only NaN is masked.
        metadata: type, nodata as declared in the raster, georeference, band names, tags.
    """

    fingerprint: str
    network: str
    height: int
    width: int
    tile_size: int
    threads: int
    value_range: tuple[float, float]
    mask_value: float | None
    metadata: RasterMetadata

    @property
    def tiles(self) -> TileGrid:
        """The tiles, in the order of their records."""
        return TileGrid(self.height, self.width, self.tile_size)


@dataclass(frozen=True)
class TileRecord:
    """The coded tile: mask (empty: all pixels valid), hyper-latents, latents, CRC-32 of the integers."""

    mask: bytes
    hyper_latents: bytes
    latents: bytes
    integers_checksum: int


class ContainerWriter:
    """Writes header, records in the order of the tiles, and trailer into a binary stream."""

    def __init__(self, stream: BinaryIO, header: ContainerHeader) -> None:
        body = json.dumps(_header_to_json(header), sort_keys=True, allow_nan=False).encode()
        if len(body) > _LARGEST_HEADER:
            raise UserError(
                f"the raster's tags take {len(body)} bytes; a .nadir header holds {_LARGEST_HEADER}"
            )
        start = _PREAMBLE.pack(MAGIC, VERSION, len(body)) + body
        self._stream, self._seed, self._tiles = stream, zlib.crc32(start), 0
        stream.write(start + _CHECKSUM.pack(self._seed))

    def write(self, record: TileRecord) -> int:
        """Append a tile; returns its bytes in the file."""
        sizes = len(record.mask), len(record.hyper_latents), len(record.latents)
        body = _RECORD.pack(*sizes, record.integers_checksum)
        body += record.mask + record.hyper_latents + record.latents
        body += _CHECKSUM.pack(_record_checksum(body, self._seed, self._tiles))
        self._tiles += 1
        self._stream.write(body)
        return len(body)

    def finish(self) -> None:
        """Append the trailer; without it the file counts as truncated."""
        trailer = struct.pack("<8sQ", _END, self._tiles)
        self._stream.write(trailer + _CHECKSUM.pack(zlib.crc32(trailer, self._seed)))


class ContainerReader:
    """Reads a container, having checked all of it; a context manager that closes the file.

    Raises:
        UserError: the file is missing, no `.nadir` file, of a later version, truncated or altered.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._stream: BinaryIO = self.path.open("rb")
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be opened: {error.strerror}; expected a .nadir file"
            ) from error
        try:
            self._size = self.path.stat().st_size
            self.header = self._read_header()
            self._offsets = self._check_records()
        except BaseException:
            self._stream.close()
            raise

    def record(self, index: int) -> TileRecord:
        """The record of a tile."""
        self._stream.seek(int(self._offsets[index]))
        return self._read_record(index)

    def __enter__(self) -> "ContainerReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def _refuse(self, what: str) -> UserError:
        return UserError(f"{self.path} {what}; expected a whole, unaltered .nadir file")

    def _take(self, size: int) -> bytes:
        if size > self._size - self._stream.tell():
            raise self._refuse("is truncated")
        taken = self._stream.read(size)
        if len(taken) != size:
            raise self._refuse("is truncated")
        return taken

    def _read_header(self) -> ContainerHeader:
        start = self._take(_PREAMBLE.size)
        magic, version, size = _PREAMBLE.unpack(start)
        if magic != MAGIC:
            raise self._refuse("does not begin as a .nadir file does")
        if version != VERSION:
            raise self._refuse(f"has version {version}, this program reads {VERSION}")
        if size > _LARGEST_HEADER:
            raise self._refuse(
                f"announces a header of {size} bytes, more than the largest of {_LARGEST_HEADER}"
            )
        start += self._take(size)
        self._seed = zlib.crc32(start)
        if _CHECKSUM.unpack(self._take(_CHECKSUM.size))[0] != self._seed:
            raise self._refuse("is damaged in its header")
        try:
            return _header_from_json(json.loads(start[_PREAMBLE.size :]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._refuse(f"has a header that makes no sense ({error})") from error

    def _check_records(self) -> np.ndarray:
        """Walk over all tiles and the trailer; returns where each record begins."""
        tiles = len(self.header.tiles)
        # A header cannot announce more tiles than the file has room for, so memory is bounded by the file.
        if tiles * (_RECORD.size + _CHECKSUM.size) > self._size:
            raise self._refuse("is truncated")
        offsets = np.zeros(tiles, np.int64)
        for index in range(tiles):
            offsets[index] = self._stream.tell()
            self._read_record(index)
        trailer = self._take(_TRAILER.size)
        mark, count, checksum = _TRAILER.unpack(trailer)
        if mark != _END or count != tiles or zlib.crc32(trailer[: -_CHECKSUM.size], self._seed) != checksum:
            raise self._refuse("is damaged at its end")
        if self._stream.tell() != self._size:
            raise self._refuse("goes on after its end")
        return offsets

    def _read_record(self, index: int) -> TileRecord:
        head = self._take(_RECORD.size)
        mask, hyper, latents, integers = _RECORD.unpack(head)
        body = self._take(mask + hyper + latents)
        if _CHECKSUM.unpack(self._take(_CHECKSUM.size))[0] != _record_checksum(
            head + body, self._seed, index
        ):
            raise self._refuse(f"is damaged in tile {index}")
        return TileRecord(body[:mask], body[mask : mask + hyper], body[mask + hyper :], integers)


def _record_checksum(body: bytes, seed: int, index: int) -> int:
    # Seeded with header and position, so that tiles cannot be exchanged within a file or between files.
    return zlib.crc32(body, zlib.crc32(index.to_bytes(8, "little"), seed))


def _header_to_json(header: ContainerHeader) -> dict[str, Any]:
    values = asdict(header)
    values["mask_value"] = _number_to_json(header.mask_value)
    values["metadata"]["nodata"] = _number_to_json(header.metadata.nodata)
    return values


def _header_from_json(values: Any) -> ContainerHeader:
    """Check types and ranges of everything that a decoder will rely on."""
    _expect(isinstance(values, dict) and isinstance(values.get("metadata"), dict), "it is not an object")
    low, high = (float(value) for value in values["value_range"])
    _expect(math.isfinite(low) and math.isfinite(high) and low < high, f"value_range {values['value_range']}")
    tile_size = _integer(values, "tile_size", _LARGEST_TILE)
    _expect(tile_size % TILE_MULTIPLE == 0, f"tile_size {tile_size}")
    return ContainerHeader(
        fingerprint=_text(values, "fingerprint"),
        network=_text(values, "network"),
        height=_integer(values, "height", _LARGEST_SIDE),
        width=_integer(values, "width", _LARGEST_SIDE),
        tile_size=tile_size,
        threads=_integer(values, "threads", 1024),
        value_range=(low, high),
        mask_value=_number_from_json(values["mask_value"]),
        metadata=_metadata_from_json(values["metadata"]),
    )


def _metadata_from_json(values: Mapping[str, Any]) -> RasterMetadata:
    dtype = _text(values, "dtype")
    _expect(np.dtype(dtype).kind in "uif", f"dtype {dtype}")
    transform = tuple(float(value) for value in values["transform"])
    _expect(len(transform) == 6 and all(map(math.isfinite, transform)), f"transform {transform}")
    bands, tags = values["bands"], values["tags"]
    _expect(isinstance(bands, list) and all(isinstance(name, str) for name in bands), "bands")
    _expect(isinstance(tags, dict) and all(isinstance(text, str) for text in tags.values()), "tags")
    nodata = _number_from_json(values["nodata"])
    return RasterMetadata(dtype, nodata, _text(values, "crs"), transform, tuple(bands), tags)


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _integer(values: Mapping[str, Any], key: str, largest: int) -> int:
    value = values[key]
    _expect(type(value) is int and 1 <= value <= largest, f"{key} {value!r}")
    return value


def _text(values: Mapping[str, Any], key: str) -> str:
    _expect(isinstance(values[key], str), f"{key} {values[key]!r}")
    return values[key]


def _number_to_json(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else str(float(value))


def _number_from_json(value: Any) -> float | None:
    return None if value is None else float(value)
