"""Whose folder is it: the record of what a product was made with guards it and makes it resumable."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from synthesis.toy.layout import FRAMES_FILE, INDEX, SCENE_FILE, write_json
from synthesis.toy.preview import PREVIEW_FILE

SETTINGS_FILE = "settings.json"  # what a product was made with; without it nothing can be resumed
FOLDERS = ("frames", "annotations")
FILES = (SETTINGS_FILE, INDEX, SCENE_FILE, FRAMES_FILE, PREVIEW_FILE)


def claim(
    folder: Path,
    settings: Mapping[str, Any],
    overwrite: bool,
    *,
    complete: str = INDEX,
    folders: Sequence[str] = FOLDERS,
    files: Sequence[str] = FILES,
) -> bool:
    """Make the folder ours; True when it already holds the complete product of these settings.

    Args:
        folder: of the product; made where it does not exist.
        settings: what the product is made with, plain Python types.
        overwrite: remove a product that was made with other settings.
        complete: the file that a product is finished with.
        folders, files: names that belong to a product: what `overwrite` removes and what marks a stranger's folder.

    Raises:
        UserError: it holds something else.
    """
    record = folder / SETTINGS_FILE
    found = read_record(record) if record.is_file() else None
    wanted = json.loads(json.dumps(settings))
    if found == wanted:
        return (folder / complete).is_file()
    if overwrite:
        for name in folders:
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in files:
            (folder / name).unlink(missing_ok=True)
    elif found is not None:
        raise UserError(
            f"output {folder} holds a product made with another generator.{_difference(found, wanted)}: "
            "choose another output folder, or give overwrite=true to replace it"
        )
    elif any((folder / name).exists() for name in (*folders, *files)):
        raise UserError(
            f"output {folder} holds a product without {SETTINGS_FILE}: "
            "choose another output folder, or give overwrite=true to replace it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(record, wanted)
    return False


def plain(value: Any) -> Any:
    """Nested configs as dicts and lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def read_record(record: Path) -> Any:
    """What a product was made with; empty where the record is damaged."""
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        return {}


def _difference(found: Any, wanted: Any, name: str = "") -> str:
    """`KEY (X instead of Y)` for the first key that differs."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        key = next(key for key in keys if found.get(key) != wanted.get(key))
        return _difference(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)
    return f"{name} ({_shown(found)} instead of {_shown(wanted)})"


def _shown(value: Any) -> str:
    return "others" if isinstance(value, dict) else str(value)
