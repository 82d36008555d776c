"""Which files and folders are scenes, in what a user names."""

from collections.abc import Sequence
from pathlib import Path

from errors import UserError
from products.archives import archive_kind
from products.npz_member import is_npz
from products.scene_index import is_index, paths_of
from products.sensor import Sensor
from products.sentinel2_layout import is_product_folder

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt")
_LIST_SUFFIXES = (".txt", ".lst")
_DEEPEST = 4  # folders below the one that is named
_EXPECTED = "expected SAFE products, GeoTIFFs, .npz archives, a scene index or a list of paths"


def find_scenes(images: str | Path | Sequence[str | Path], sensor: Sensor | None = None) -> list[Path]:
    """Files and folders of scenes.

    Args:
        images: one, or several, of: a product (SAFE folder or archive), a GeoTIFF, a `.npz`, a folder with any of these
            (also in folders below), the folder of a scene index (`scenes.csv`), a text file with a path in each line,
            relative to it (empty lines and those that begin with # are left out).
        sensor: whose products are known; None: SAFE folders, rasters and `.npz` alone.

    Returns:
        In the order given, within a folder by name; each once.

    Raises:
        UserError: there is no such path, or no scene in it.
    """
    given = [images] if isinstance(images, str | Path) else list(images)
    if not given:
        raise UserError(f"images: found nothing, {_EXPECTED}")
    found: dict[Path, None] = {}
    for item in given:
        found.update(dict.fromkeys(_scenes_of(Path(item), sensor, listed=False)))
    return list(found)


def _scenes_of(path: Path, sensor: Sensor | None, *, listed: bool) -> list[Path]:
    if not path.exists():
        raise UserError(f"images={path}: there is no such file or folder, {_EXPECTED}")
    if path.is_file():
        if path.suffix.lower() in _LIST_SUFFIXES and not listed:
            return _listed(path, sensor)
        return [path]
    if is_index(path):
        return paths_of(path)
    scenes = _below(path, sensor, _DEEPEST)
    if not scenes:
        raise UserError(f"images={path}: found no scene in it, {_EXPECTED}")
    return scenes


def _listed(path: Path, sensor: Sensor | None) -> list[Path]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"images={path}: cannot be read ({error}), expected a path in each line") from error
    entries = [line for line in lines if line and not line.startswith("#")]
    if not entries:
        raise UserError(f"images={path}: found no path in it, expected one in each line")
    return [scene for line in entries for scene in _scenes_of(path.parent / line, sensor, listed=True)]


def _below(folder: Path, sensor: Sensor | None, depth: int) -> list[Path]:
    if is_product_folder(folder):
        return [folder]
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise UserError(f"images={folder}: cannot be read ({error.strerror}), {_EXPECTED}") from error
    inner = [entry for entry in entries if entry.is_dir()]
    # The reader of SAFE also takes a folder that holds a product; those of other formats know folders themselves.
    if not any(is_product_folder(entry) for entry in inner) and _is_product(folder, sensor):
        return [folder]
    scenes = []
    for entry in entries:
        if entry.is_dir():
            scenes += _below(entry, sensor, depth - 1) if depth else []
        elif entry.suffix.lower() in RASTER_SUFFIXES or _is_archived(entry, sensor):
            scenes.append(entry)
    return scenes


def _is_archived(path: Path, sensor: Sensor | None) -> bool:
    return archive_kind(path) is not None and (is_npz(path) or _is_product(path, sensor))


def _is_product(path: Path, sensor: Sensor | None) -> bool:
    return sensor is not None and any(reader.recognises(path) for reader in sensor.readers)
