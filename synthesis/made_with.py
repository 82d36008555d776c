"""Files that say what they were made with, so that an interrupted job goes on and never mixes two settings."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from rasterio.errors import RasterioError

from errors import UserError
from products.raster import open_dataset

TAG = "NADIR_MADE_WITH"
_OTHER = "choose another output folder"
_REPLACE = f"{_OTHER}, or give overwrite=true to replace it"


def made_with(record: Mapping[str, Any]) -> dict[str, str]:
    """The tag of a raster made with these settings and sources."""
    return {TAG: json.dumps(record, sort_keys=True)}


def is_made(path: Path, record: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether a raster is there and was made with these settings and sources; False where it shall be made (again).

    Args:
        path: of the raster.
        record: plain Python types.
        overwrite: whether one that was made otherwise may be replaced.

    Raises:
        UserError: it was made otherwise, and must not be replaced.
    """
    if not path.exists():
        return False
    found, wanted = _record_of(path), json.loads(json.dumps(record))
    if found == wanted:
        return True
    if not overwrite:
        _refuse(path, found, wanted, _REPLACE)
    return False


def check_others(folder: Path, names: Collection[str], settings: Mapping[str, Any]) -> None:
    """What else lies in an output folder must have been made with the same settings, of whatever sources.

    Args:
        folder: of the output.
        names: of the GeoTIFFs that this call makes; they are not looked at.
        settings: plain Python types, part of the records of all.

    Raises:
        UserError: it was made otherwise.
    """
    wanted = json.loads(json.dumps(settings))
    for path in sorted(folder.glob("*.tif")):
        found = _record_of(path) if path.name not in names else wanted
        if not isinstance(found, dict) or any(found.get(key) != value for key, value in wanted.items()):
            _refuse(path, found, wanted, _OTHER)


def _record_of(path: Path) -> Any:
    try:
        with open_dataset(str(path)) as dataset:
            return json.loads(dataset.tags().get(TAG, "null"))
    except (RasterioError, ValueError):
        return None


def _refuse(path: Path, found: Any, wanted: Mapping[str, Any], hint: str) -> NoReturn:
    if not isinstance(found, dict):
        raise UserError(f"output {path}: found a file that this command did not make: {hint}")
    key = next(key for key in sorted(wanted) if found.get(key) != wanted[key])
    raise UserError(
        f"output {path}: found a file made with {key}={json.dumps(found.get(key))}, "
        f"expected {json.dumps(wanted[key])}: {hint}"
    )


def source(path: Path | None) -> dict[str, Any] | None:
    """What tells a source from others wherever it lies: its name and size (folders: their name)."""
    if path is None:
        return None
    return {"name": path.name, "bytes": path.stat().st_size if path.is_file() else None}
