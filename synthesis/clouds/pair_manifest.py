"""The list of pairs in a folder: `manifest.csv`, and what is known of single pairs before it is written."""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import UserError
from synthesis.text_file import write_whole

MANIFEST = "manifest.csv"
ROWS = ".pairs"  # rows of the manifest, while it is not written
IMAGES, MASKS, CLOUDS, SURFACE = "images", "masks", "clouds", "surface"
OPACITY, SHADOW = "opacity", "shadow"
FOLDERS = {
    IMAGES: "image",
    MASKS: "mask",
    CLOUDS: "cloud",
    SURFACE: "surface",
}  # folder: what the manifest calls it
COLUMNS = (
    "id", "split", "image", "mask", "cloud", "surface", "cover_percent",
    "mask_source", "mask_product", "mask_row", "mask_column", "mask_turns", "mask_flipped",
    "surface_source", "surface_window", "clouds_by", "composition", "seed",
    "sun_azimuth", "sun_elevation", "cloud_height_m",
    "image_sha256", "mask_sha256", "cloud_sha256", "surface_sha256",
)  # fmt: skip
Row = Mapping[str, str]


@dataclass(frozen=True)
class PairRecord:
    """A pair.

    Attributes:
        id: its number, five digits from 00001.
        image, mask, cloud, surface: files.
        cover_percent: cloud in the mask.
        split: of the mask: train, val, test or none; empty where nobody said.
        surface_source: file that the surface was cut of.
        row: all that the manifest says.
    """

    id: str
    image: Path
    mask: Path
    cloud: Path
    surface: Path
    cover_percent: float
    split: str
    surface_source: str
    row: Row


def read_pairs(folder: str | Path) -> list[PairRecord]:
    """The pairs of a folder, in order.

    Raises:
        UserError: no folder of pairs, or a file is missing.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise UserError(
            f"{folder}: found no {MANIFEST}, expected a folder that generator=cloud_pairs has made"
        )
    records = []
    for number, row in enumerate(_listed(folder), start=2):
        files = {name: folder / row[name] for name in FOLDERS.values()}
        missing = [path for path in files.values() if not path.is_file()]
        if missing:
            raise UserError(
                f"{folder / MANIFEST}, line {number}: found no file {missing[0]}, expected it in {folder}"
            )
        records.append(
            PairRecord(
                row["id"], **files, cover_percent=float(row["cover_percent"]), split=row["split"],
                surface_source=row["surface_source"], row=row,
            )
        )  # fmt: skip
    return records


def manifest_text(rows: Sequence[Row]) -> str:
    """What `manifest.csv` says of pairs, in the order of their ids."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["id"]))
    return buffer.getvalue()


def is_manifest(folder: Path, text: str) -> bool:
    """Whether the manifest of a folder is there and says just this."""
    path = folder / MANIFEST
    return path.is_file() and path.read_bytes() == text.encode()


def write_manifest(folder: Path, text: str) -> Path:
    """Write `manifest.csv`, and forget the single rows.

    Raises:
        UserError: it cannot be written.
    """
    if not is_manifest(folder, text):
        write_whole(folder / MANIFEST, text)
    shutil.rmtree(folder / ROWS, ignore_errors=True)
    return folder / MANIFEST


def write_row(folder: Path, row: Row) -> None:
    """Keep a row until the manifest is written; the last thing that is done of a pair.

    Raises:
        UserError: it cannot be written.
    """
    write_whole(folder / ROWS / f"{row['id']}.json", json.dumps(dict(row)) + "\n")


def known_rows(folder: Path) -> dict[str, Row]:
    """Rows of all pairs whose files are there, by id."""
    rows: dict[str, Row] = {}
    if (folder / MANIFEST).is_file():
        rows = {row["id"]: row for row in _listed(folder)}
    for path in sorted((folder / ROWS).glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # made anew
        if isinstance(row, dict) and set(row) == set(COLUMNS):
            rows[row["id"]] = row
    return {
        name: row
        for name, row in rows.items()
        if all((folder / row[file]).is_file() for file in FOLDERS.values())
    }


def _listed(folder: Path) -> list[Row]:
    path = folder / MANIFEST
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: found no readable table ({error}), expected a manifest of pairs") from error
    missing = [name for name in COLUMNS if not rows or rows[0].get(name) is None]
    if missing:
        found = f"no column {missing[0]}" if rows else "no rows"
        raise UserError(f"{path}: found {found}, expected a manifest of pairs")
    return [{name: row[name] or "" for name in COLUMNS} for row in rows]
