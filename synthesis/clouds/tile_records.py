"""`products/<name>.json` beside cloud tiles: what was made of a product, so that an interrupted job goes on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synthesis.clouds.tile_manifest import IMAGES, MASKS, TileRecord
from synthesis.text_file import write_whole

RECORDS = "products"


def write_records(
    output: Path, name: str, source: Mapping[str, Any], tiles: Sequence[TileRecord], left_out: int
) -> None:
    """Keep what was made of a product; written last, so where it is all its tiles are.

    Raises:
        UserError: it cannot be written.
    """
    rows = [_row(tile) for tile in tiles]
    text = json.dumps({"source": dict(source), "tiles_left_out": left_out, "tiles": rows}, indent=1)
    write_whole(output / RECORDS / f"{name}.json", text + "\n")


def read_records(output: Path, name: str, source: Mapping[str, Any] | None = None) -> list[TileRecord] | None:
    """The tiles of a product; None where they are not (all) there, or were made of another source.

    Args:
        output: folder of the tiles.
        name: of the product.
        source: what they must have been made of; None: whatever.
    """
    try:
        record = json.loads((output / RECORDS / f"{name}.json").read_text(encoding="utf-8"))
        rows = [_tile(output, row) for row in record["tiles"]]
        found = record["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if source is not None and found != json.loads(json.dumps(source)):
        return None
    files = [file for tile in rows for file in (tile.image, tile.mask) if file is not None]
    return rows if all(file.is_file() for file in files) else None


def recorded_names(output: Path) -> list[str]:
    """Products of which something was made."""
    return sorted(path.stem for path in (output / RECORDS).glob("*.json"))


def remove_records(output: Path, name: str) -> None:
    """Remove the tiles of a product that has changed."""
    for tile in read_records(output, name) or []:
        for file in (tile.image, tile.mask):
            if file is not None:
                file.unlink(missing_ok=True)
    (output / RECORDS / f"{name}.json").unlink(missing_ok=True)


def _row(tile: TileRecord) -> dict[str, Any]:
    files = {"image": tile.image and tile.image.name, "mask": tile.mask.name}
    return {key: value for key, value in (asdict(tile) | files).items() if key != "split"}


def _tile(output: Path, row: Mapping[str, Any]) -> TileRecord:
    image = row["image"] and output / IMAGES / row["image"]
    return TileRecord(**{**row, "image": image, "mask": output / MASKS / row["mask"]})
