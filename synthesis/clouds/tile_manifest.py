"""The list of cloud tiles in a folder: `manifest.csv`, or what a plain folder of masks tells of itself."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path, PurePosixPath

from errors import UserError
from products.binary_mask import MASK_SUFFIXES, read_binary_mask
from synthesis.text_file import write_whole

MANIFEST = "manifest.csv"
IMAGES, MASKS = "images", "masks"
SPLITS = ("train", "val", "test")
NO_SPLIT = "none"  # of tiles that reach over the border between two splits
BUCKETS = (0.0, 10.0, 95.0, 100.0)  # upper bounds of cover in percent, as published


@dataclass(frozen=True)
class TileRecord:
    """A tile.

    Attributes:
        id: unique in its folder; the stem of its files.
        product: what it was cut of.
        row, column: of its upper left pixel there.
        cover_percent: cloud among the pixels of which something is known.
        bucket: upper bound of the range of cover that it belongs to, percent.
        valid_fraction: part of its pixels that hold a measurement, or of a mask alone those that are known.
        image: file of the image; None where there is only a mask.
        mask: file of the mask.
        image_sha256, mask_sha256: of the files; empty where they were not computed.
        split: train, val, test or none; empty where nobody said.
        bits: of the flags that mean cloud; "drawn" or "procedural" for masks without flags.
        content: both or masks.
    """

    id: str
    product: str
    row: int
    column: int
    cover_percent: float
    bucket: float
    valid_fraction: float
    image: Path | None
    mask: Path
    image_sha256: str = ""
    mask_sha256: str = ""
    split: str = ""
    bits: str = ""
    content: str = "both"


COLUMNS = tuple(field.name for field in fields(TileRecord))
_NUMBERS = {"row": int, "column": int, "cover_percent": float, "bucket": float, "valid_fraction": float}
_EXACT = {"cover_percent": ".4f", "bucket": "g", "valid_fraction": ".6f"}


def bucket_of(cover_percent: float, buckets: Sequence[float] = BUCKETS) -> float:
    """The first upper bound that a cover does not exceed."""
    return next(bound for bound in buckets if cover_percent <= bound)


def check_buckets(buckets: Sequence[float]) -> tuple[float, ...]:
    """Upper bounds of cover, ascending up to 100.

    Raises:
        UserError: they are not.
    """
    bounds = tuple(float(bound) for bound in buckets)
    if not bounds or bounds[-1] != 100 or bounds[0] < 0 or any(low >= high for low, high in pairwise(bounds)):
        raise UserError(
            f"generator.buckets: found {list(buckets)}, expected ascending upper bounds in percent that end with 100"
        )
    return bounds


def read_manifest(folder: str | Path) -> list[TileRecord]:
    """The tiles of a folder, in the manifest's order.

    A folder without `manifest.csv` is a plain folder of masks (its sub-folder `masks/` where it has one, with images of
    the same stems in `images/`): every file is a tile of its own product, without split, in the published buckets; all
    are read to learn their cover.

    Raises:
        UserError: no such folder, no tiles in it, or a damaged manifest or mask.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: found no folder, expected one of cloud tiles or masks")
    path = folder / MANIFEST
    return _listed(folder, path) if path.is_file() else _plain(folder)


def write_manifest(folder: Path, records: Sequence[TileRecord]) -> Path:
    """Write `manifest.csv`, sorted by id; see `read_manifest`.

    Raises:
        UserError: it cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in sorted(records, key=lambda record: record.id):
        writer.writerow(_written(folder, name, getattr(record, name)) for name in COLUMNS)
    path = folder / MANIFEST
    write_whole(path, buffer.getvalue())
    return path


def _written(folder: Path, name: str, value: object) -> str:
    if isinstance(value, Path):
        return value.relative_to(folder).as_posix()
    return "" if value is None else format(value, _EXACT.get(name, ""))


def _listed(folder: Path, path: Path) -> list[TileRecord]:
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path}: found no readable table ({error}), expected a manifest of cloud tiles"
        ) from error
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        found = f"no column {missing[0]}" if rows else "no rows"
        raise UserError(f"{path}: found {found}, expected a manifest of cloud tiles")
    names = {name: {file.name for file in (folder / name).glob("*")} for name in (IMAGES, MASKS)}
    return [_record(folder, path, number, row, names) for number, row in enumerate(rows, start=2)]


def _record(
    folder: Path, path: Path, line: int, row: dict[str, str], names: dict[str, set[str]]
) -> TileRecord:
    values: dict[str, object] = {}
    for name in COLUMNS:
        text = row[name] or ""
        try:
            values[name] = _NUMBERS[name](text) if name in _NUMBERS else text
        except ValueError as error:
            raise UserError(f"{path}, line {line}: found {name} '{text}', expected a number") from error
    for name, place in (("image", IMAGES), ("mask", MASKS)):
        text = str(values[name])
        if not text and name == "image":
            values[name] = None
            continue
        file = PurePosixPath(text)
        if file.parts[:-1] != (place,) or file.name not in names[place]:
            raise UserError(
                f"{path}, line {line}: found no {name} '{text}', expected a file in {folder / place}"
            )
        values[name] = folder / file
    return TileRecord(**values)  # type: ignore[arg-type]


def _plain(folder: Path) -> list[TileRecord]:
    masks = mask_files(folder / MASKS) if (folder / MASKS).is_dir() else []
    images = {file.stem: file for file in mask_files(folder / IMAGES)} if masks else {}
    masks = masks or mask_files(folder)
    if not masks:
        raise UserError(
            f"{folder}: found no {MANIFEST} and no masks, expected cloud tiles or {', '.join(MASK_SUFFIXES)}"
        )
    records: dict[str, TileRecord] = {}
    for file in masks:
        mask = read_binary_mask(file)
        known = int(mask.known.sum())
        cover = 100 * int(mask.cloud.sum()) / max(known, 1)
        image = images.get(file.stem)
        record = TileRecord(
            file.stem, file.stem, 0, 0, cover, bucket_of(cover), known / mask.known.size, image, file, bits="drawn",
            content="masks" if image is None else "both",
        )  # fmt: skip
        if records.setdefault(file.stem, record) is not record:
            raise UserError(f"{folder}: found two masks named {file.stem}, expected one file of each stem")
    return list(records.values())


def mask_files(folder: Path) -> list[Path]:
    """PNG and GeoTIFF files directly in a folder, by name; none where there is no folder."""
    found = (file for file in folder.glob("*") if file.suffix.lower() in MASK_SUFFIXES and file.is_file())
    return sorted(file for file in found if not file.name.startswith("."))
