"""Files whose names say which tile they show and when."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import UserError
from products.scene import SceneKey
from products.scene_names import key_of_path

LOG = logging.getLogger(__name__)
_SHOWN = 3  # names that a message gives


@dataclass(frozen=True)
class DatedFile:
    """A file, and what its name says."""

    key: SceneKey
    path: Path


def dated_files(folder: str | Path, patterns: Sequence[str], label: str) -> list[DatedFile]:
    """The files of a folder and of those below, by time and tile; those without a date in their name are named in the log.

    Args:
        folder: of the files, or one file.
        patterns: the first that fits any file chooses, e.g. `*10m_SnowClass.tif` and then `*.tif`.
        label: the key that gives the folder, for messages.

    Raises:
        UserError: no such folder, no file, or none with a date.
    """
    folder = Path(folder).expanduser()
    if not folder.exists():
        raise UserError(f"generator.{label}: found no {folder}, expected a folder of GeoTIFFs")
    found = [folder] if folder.is_file() else _matching(folder, patterns)
    if not found:
        raise UserError(f"generator.{label}: found no file like {' or '.join(patterns)} below {folder}")
    keyed = [(key_of_path(path), path) for path in found]
    undated = [path.name for key, path in keyed if key is None]
    if undated:
        more = f" and {len(undated) - _SHOWN} more" if len(undated) > _SHOWN else ""
        names = ", ".join(undated[:_SHOWN]) + more
        if len(undated) == len(found):
            raise UserError(
                f"generator.{label}: found {names} in {folder}, expected a date such as 20210126 or 2021-01-26 in their names"
            )
        LOG.warning("left out: %s of %s, whose names hold no date", names, folder)
    dated = [DatedFile(key, path) for key, path in keyed if key is not None]
    return sorted(dated, key=lambda file: (file.key, str(file.path)))


def matching(key: SceneKey, files: Sequence[DatedFile]) -> list[DatedFile]:
    """The files of that tile and time; of those only the ones of its very tile and time, where there are such."""
    fitting = [file for file in files if file.key.matches(key)]
    exact = [file for file in fitting if file.key == key]
    return exact or fitting


def merged(key: SceneKey, other: SceneKey | None) -> SceneKey:
    """What two keys that match say together."""
    if other is None:
        return key
    precise = other if key.day_only and not other.day_only else key
    return SceneKey(key.tile or other.tile, precise.time, precise.day_only)


def _matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    for pattern in patterns:
        found = sorted(
            path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith(".")
        )
        if found:
            return found
    return []
