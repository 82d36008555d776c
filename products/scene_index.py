"""An index of scenes: a table of what is there, where and when it was taken, and a map of footprints.

A folder with `scenes.csv` is an index, and anything that takes scenes takes it instead of their folder. Paths in it are
relative to it, so scenes and index can be moved together; nothing is copied.
"""

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from errors import UserError
from products.scene import SceneKey

TABLE = "scenes.csv"
FOOTPRINTS = "scenes.geojson"
_REQUIRED = ("key", "path")
_COLUMNS = (
    "key", "tile", "time", "name", "level", "baseline", "platform", "cloud_cover", "crs", "height", "width",
    "resolution_m", "path",
)  # fmt: skip
_TIME = "%Y-%m-%dT%H:%M:%S"
_DAY = "%Y-%m-%d"
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class SceneEntry:
    """A scene of an index.

    Attributes:
        key: tile and time; what two files share that belong together. None where unknown.
        name: identifies the scene in results.
        path: file or folder.
        level: of processing, e.g. `L1C`; "" where unknown, as all text below.
        baseline: of processing, e.g. `05.09`.
        platform: e.g. `Sentinel-2A`.
        cloud_cover: percent; None where unknown.
        crs: e.g. `EPSG:32633`.
        height, width: pixels of the finest grid; 0 where unknown.
        resolution_m: side of its pixels; 0 where unknown.
        footprint: closed rings of (longitude, latitude) in degrees, one for each part; parts do not cross the meridian of
            180 degrees. Not in the table, so empty in what `read_index` gives.
    """

    key: SceneKey | None
    name: str
    path: Path
    level: str = ""
    baseline: str = ""
    platform: str = ""
    cloud_cover: float | None = None
    crs: str = ""
    height: int = 0
    width: int = 0
    resolution_m: float = 0
    footprint: tuple[Ring, ...] = ()


def is_index(folder: Path) -> bool:
    """Whether a folder is an index."""
    return (folder / TABLE).is_file()


def paths_of(folder: Path) -> list[Path]:
    """Files and folders of the scenes of an index, in its order.

    Raises:
        UserError: the index is damaged, empty, or a scene is not there any more.
    """
    paths = [entry.path for entry in read_index(folder)]
    if not paths:
        raise UserError(f"{folder / TABLE}: found no scene, expected at least one")
    for path in paths:
        if not path.exists():
            raise UserError(
                f"{folder / TABLE}: found {path}, which is not there any more; expected the scenes where they were when "
                "the index was made (generate.py generator=scene_index makes it anew)"
            )
    return paths


def read_index(folder: Path) -> list[SceneEntry]:
    """The scenes of an index, in its order.

    Raises:
        UserError: there is no index, or it is damaged.
    """
    table = folder / TABLE
    try:
        text = table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{table}: cannot be read ({error}), expected the table of a scene index") from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{table}: found no column {' or '.join(missing)}, expected {', '.join(_COLUMNS)}")
    return [_entry(row, table, number) for number, row in enumerate(reader, start=2)]


def write_index(folder: Path, entries: Sequence[SceneEntry]) -> None:
    """Write both files of an index; each appears whole or not at all, the table last.

    Args:
        folder: made where it is not there.
        entries: ordered by key, so the same scenes give the same bytes whatever order they come in.

    Raises:
        UserError: the files cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        home = folder.resolve()
        rows = _sorted(entries, home)
        features = [_feature(row, entry) for row, entry in rows]
        collection = {"type": "FeatureCollection", "features": features}
        stream = io.StringIO()
        writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row, _ in rows)
        _write(folder / FOOTPRINTS, json.dumps(collection, indent=1) + "\n")
        _write(folder / TABLE, stream.getvalue())
    except OSError as error:
        raise UserError(f"{folder}: the index cannot be written ({error})") from error


def _sorted(entries: Sequence[SceneEntry], home: Path) -> list[tuple[dict[str, Any], SceneEntry]]:
    rows = [(_row(entry, home), entry) for entry in entries]
    return sorted(rows, key=lambda item: (item[0]["time"], item[0]["tile"], item[0]["name"], item[0]["path"]))


def _row(entry: SceneEntry, home: Path) -> dict[str, Any]:
    key = entry.key
    # The place of a link, not what it points to: the name of a product is where its link is.
    place = entry.path.absolute().parent.resolve() / entry.path.name
    return {
        "key": "" if key is None else str(key),
        "tile": "" if key is None else key.tile,
        "time": "" if key is None else key.time.strftime(_DAY if key.day_only else _TIME),
        "name": entry.name,
        "level": entry.level,
        "baseline": entry.baseline,
        "platform": entry.platform,
        "cloud_cover": "" if entry.cloud_cover is None else f"{entry.cloud_cover:.4f}",
        "crs": entry.crs,
        "height": entry.height or "",
        "width": entry.width or "",
        "resolution_m": f"{entry.resolution_m:g}" if entry.resolution_m else "",
        "path": Path(os.path.relpath(place, home)).as_posix(),
    }


def _feature(row: dict[str, Any], entry: SceneEntry) -> dict[str, Any]:
    rings = [[list(point) for point in ring] for ring in entry.footprint]
    geometry: dict[str, Any] | None = None
    if len(rings) == 1:
        geometry = {"type": "Polygon", "coordinates": rings}
    elif rings:
        geometry = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    properties = {name: (value if value != "" else None) for name, value in row.items()}
    properties["cloud_cover"] = entry.cloud_cover
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _entry(row: dict[str, Any], table: Path, number: int) -> SceneEntry:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    try:
        # Joined by names alone: the folder is resolved already, and what lies behind a link may be named `..` as well.
        path = Path(os.path.normpath(table.parent.resolve() / PurePosixPath(text("path"))))
        if not text("path"):
            raise ValueError("no path")
        return SceneEntry(
            key=_key(text("key"), text("tile"), text("time")),
            name=text("name") or path.stem,
            path=path,
            level=text("level"),
            baseline=text("baseline"),
            platform=text("platform"),
            cloud_cover=float(text("cloud_cover")) if text("cloud_cover") else None,
            crs=text("crs"),
            height=int(text("height") or 0),
            width=int(text("width") or 0),
            resolution_m=float(text("resolution_m") or 0),
        )
    except ValueError as error:
        raise UserError(f"{table}, line {number}: found {error}, expected a scene") from error


def _key(key: str, tile: str, time: str) -> SceneKey | None:
    """From the columns tile and time, or where they are missing from the key, `[TILE_]YYYYMMDD[Thhmmss]`."""
    if not key and not time:
        return None
    if time:
        day_only = len(time) == len("2021-01-26")
        return SceneKey(tile, datetime.strptime(time, _DAY if day_only else _TIME), day_only)
    first, _, last = key.rpartition("_")
    day_only = "T" not in last
    return SceneKey(
        tile or first, datetime.strptime(last, "%Y%m%d" if day_only else "%Y%m%dT%H%M%S"), day_only
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
