"""A folder of windows that people are asked to label: what is asked, and what was answered.

    QUERIES/queries.json              which windows, why, of which classes
    QUERIES/images/0001.tif           the pixels: harmonised digital numbers, georeferenced, bands by name
    QUERIES/rgb/0001.png              how to look at them, and QUERIES/false_colour/0001.png
    QUERIES/predictions/0001.tif      what the network says: class indices
    QUERIES/uncertainty/0001.tif      how unsure it is, float32
    QUERIES/masks/0001.tif            what was known before: class indices, 255 where nothing was
    QUERIES/edited/0001.tif           the answer: class indices, 255 where nobody can tell
    QUERIES/edited/provenance.json    who answered, when, with what

Only `queries.json` must be there. `products.query_writing` writes all but `edited/`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.patch_raster import read_patch, replace_text, write_patch
from products.window import Window

SCHEMA = "nadir-queries/1"
RECORD = "queries.json"
EDITED = "edited"
PROVENANCE = "provenance.json"
_SHOWN = 5  # numbers that a message names


@dataclass(frozen=True)
class Query:
    """One window that is to be labelled.

    Attributes:
        stem: name of its files in the sub-folders, without suffix.
        id: of the window, `"<scene name>#row,column,height,width"`.
        scene: name of the scene.
        scene_path: file or folder of the scene; "" where unknown.
        window: where in the scene.
        key: tile and time of the scene, "" where unknown.
        score: why it was chosen: larger is more worth labelling; None where nothing was scored.
        acquisition: what the score is.
        round, seed: of the active learning that chose it.
        checkpoint: of the network that was asked; "" where none was.
    """

    stem: str
    id: str
    scene: str
    scene_path: str
    window: Window
    key: str = ""
    score: float | None = None
    acquisition: str = ""
    round: int = 0
    seed: int = 0
    checkpoint: str = ""


@dataclass(frozen=True)
class QueryFolder:
    """What `queries.json` says.

    Attributes:
        path: the folder.
        classes: of all masks in it.
        queries: in the order in which they were chosen.
        bands: of the files below `images`.
        facts: what else was recorded.
    """

    path: Path
    classes: ClassTable
    queries: tuple[Query, ...]
    bands: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def file(self, kind: str, query: Query) -> Path:
        """Where a file of a query is, or would be: `kind` is the sub-folder."""
        suffix = "png" if kind in ("rgb", "false_colour") else "tif"
        return self.path / kind / f"{query.stem}.{suffix}"

    def is_edited(self, query: Query) -> bool:
        """Whether somebody has answered."""
        return self.file(EDITED, query).exists()

    def write_edited(self, query: Query, mask: np.ndarray, provenance: Mapping[str, Any]) -> Path:
        """Keep an answer: the mask first, wholly or not at all, then its provenance.

        Args:
            query: of this folder.
            mask: (h, w) class indices, 255 where nobody can tell.
            provenance: who and how; time and number of pixels are added.

        Returns:
            The file.

        Raises:
            UserError: unknown classes, or another size than the query's.
        """
        path = self.file(EDITED, query)
        check_mask(mask, (query.window.height, query.window.width), self.classes, str(path))
        template = self.file("images", query)
        grid = read_patch(template)[1] if template.exists() else None
        write_patch(path, mask.astype(np.uint8)[None], grid, palette=self.classes.palette(), nodata=IGNORE)
        record = path.parent / PROVENANCE
        known = _read_json(record) if record.exists() else {}
        known[query.stem] = {
            "id": query.id,
            **provenance,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "pixels": int((mask != IGNORE).sum()),
        }
        replace_text(record, json.dumps(known, indent=2) + "\n")
        return path


class EditedMask(NamedTuple):
    """An answer.

    Attributes:
        id: of the window.
        mask: (h, w) uint8 class indices; 255 where nobody can tell.
        provenance: who answered, when, with what; of a file without a record `{"source": "file", "time": ...}`.
    """

    id: str
    mask: np.ndarray
    provenance: dict[str, Any]


def read_queries(folder: str | Path) -> QueryFolder:
    """What a query folder asks.

    Raises:
        UserError: no such folder, no `queries.json` in it, or not one of this schema.
    """
    folder = Path(folder)
    path = folder / RECORD
    if not path.exists():
        raise UserError(f"{folder}: found no {RECORD}; expected a folder of queries")
    content = _read_json(path)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else type(content).__name__
        raise UserError(f"{path}: found the schema {found!r}, expected {SCHEMA!r}")
    try:
        table = content["classes"]
        classes = ClassTable(name=table["name"], classes=table["classes"], ignore=table["ignore"])
        queries = tuple(
            Query(**{**entry, "window": Window(*map(int, entry["window"]))}) for entry in content["queries"]
        )
        bands = tuple(map(str, content["bands"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as a record of queries ({error!r})") from error
    for query in queries:
        if Path(query.stem).name != query.stem or query.stem.startswith("."):
            raise UserError(f"{path}: found the file name {query.stem!r}, expected one without folders")
    return QueryFolder(folder, classes, queries, bands, dict(content.get("facts", {})))


def record_of(
    classes: ClassTable,
    queries: Sequence[Query],
    bands: Sequence[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> str:
    """The text of `queries.json`."""
    content = {
        "schema": SCHEMA,
        "classes": {
            "name": classes.name,
            "classes": {
                name: {"values": list(values), "colour": list(colour)}
                for name, values, colour in zip(classes.names, classes.values, classes.colours, strict=True)
            },
            "ignore": list(classes.ignore),
        },
        "bands": list(bands),
        "facts": dict(facts or {}),
        "queries": [{**asdict(query), "window": list(query.window)} for query in queries],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def edited_masks(folder: str | Path, classes: ClassTable) -> list[EditedMask]:
    """The answers of a query folder, in the order of its queries; those that are missing are left out.

    Raises:
        UserError: not a query folder, made for other classes, a mask that cannot be read, of another size than
            its query, or with unknown classes.
    """
    content = read_queries(folder)
    if content.classes.names != classes.names:
        raise UserError(
            f"{folder}: found queries about {', '.join(content.classes.names)}, "
            f"expected classes={classes.name}: {', '.join(classes.names)}"
        )
    record = content.path / EDITED / PROVENANCE
    known = _read_json(record) if record.exists() else {}
    answers = []
    for query in content.queries:
        path = content.file(EDITED, query)
        if not path.exists():
            continue
        mask = _read_mask(path)
        check_mask(mask, (query.window.height, query.window.width), classes, str(path))
        provenance = known.get(query.stem)
        if provenance is None:
            time = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            provenance = {"source": "file", "time": time}
        answers.append(EditedMask(query.id, mask.astype(np.uint8), dict(provenance)))
    return answers


def check_mask(mask: np.ndarray, shape: tuple[int, int], classes: ClassTable, source: str) -> None:
    """Refuse a mask that is no answer.

    Args:
        mask: (h, w) integers.
        shape: expected size.
        classes: whose indices are expected, beside 255.
        source: what messages call the mask.

    Raises:
        UserError: another size, no integers, or numbers that are no class.
    """
    if mask.shape != shape:
        raise UserError(
            f"{source}: found a mask of {' x '.join(map(str, mask.shape))} pixels, expected {shape[0]} x {shape[1]}"
        )
    if mask.dtype.kind not in "ui":
        raise UserError(f"{source}: found {mask.dtype} numbers, expected whole ones (uint8)")
    values = np.unique(mask)
    unknown = values[(values != IGNORE) & ((values < 0) | (values >= len(classes)))]
    if unknown.size:
        found = ", ".join(map(str, unknown[:_SHOWN].tolist()))
        more = f" and {unknown.size - _SHOWN} more" if unknown.size > _SHOWN else ""
        expected = ", ".join(f"{index} {name}" for index, name in enumerate(classes.names))
        raise UserError(f"{source}: found {found}{more}, expected {expected}, {IGNORE} unknown")


def _read_mask(path: Path) -> np.ndarray:
    pixels, _ = read_patch(path)
    if len(pixels) != 1:
        raise UserError(f"{path}: found {len(pixels)} bands, expected one of class indices")
    return pixels[0]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from error
