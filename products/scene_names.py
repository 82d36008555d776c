"""What the names of files and folders say of a scene: its tile and when it was taken."""

import re
from datetime import datetime
from pathlib import Path

from products.scene import SceneKey

# A tile of the Military Grid Reference System as Sentinel-2 uses it: zone, latitude band, square of 100 km.
_TILE = re.compile(
    r"(?<![0-9A-Za-z])T?((?:0[1-9]|[1-5]\d|60)[C-HJ-NP-X][A-HJ-NP-Z][A-HJ-NP-V])(?![0-9A-Za-z])"
)
_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?:T(\d\d)([:-]?)(\d\d)\6(\d\d)(?!\d))?(?!\d)"
)
_SENSED = re.compile(r"_V(\d{8}T\d{6})_")  # of products until 2016, whose first time is that of processing
_GRANULE = re.compile(
    r"L[12][AC]_(T\d\d[A-Z]{3})_A\d{6}_(\d{8})T\d{6}"
)  # when the granule, not the datatake, began
_OLD_GRANULE = re.compile(r"S2[A-D]_\w{4}_MSI_L[12][AC]_TL_\w+")  # has the time of processing only


def key_of(name: str) -> SceneKey | None:
    """Tile and time in a name; None where it holds no date.

    Known are SAFE products old and new (`S2A_MSIL1C_20230908T093041_..._T34TET_...`, `S2A_OPER_PRD_MSIL1C_..._V2016...`),
    their images (`T34TET_20230908T093041_B02`) and granules, Earth Engine's (`20230908T093041_20230908T093533_T34TET`),
    ExoLabs' (a tile and `2021-01-26`, `2021_01_26`), and whatever else holds `YYYYMMDD` or `YYYYMMDDThhmmss`. Of several
    times the first counts, which is the start of sensing in all of these.
    """
    granule = _GRANULE.match(name)
    if granule is not None:
        return SceneKey(granule[1], datetime.strptime(granule[2], "%Y%m%d"), day_only=True)
    if _OLD_GRANULE.match(name):
        return None
    tile = tile_of(name)
    sensed = _SENSED.search(name)
    for match in _TIME.finditer(sensed[1] if sensed else name):
        year, _, month, day, hour, _, minute, second = match.groups()
        try:
            time = datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
            )
        except ValueError:
            continue  # digits that are no date
        return SceneKey(tile, time, day_only=hour is None)
    return None


def key_of_path(path: Path, name: str | None = None) -> SceneKey | None:
    """As `key_of` of the file's name (or `name`), with the tile of a folder above it that is called like one (`32TNS`)."""
    key = key_of(path.name if name is None else name)
    if key is None or key.tile:
        return key
    for folder in path.absolute().parents:
        if tile_of(folder.name).removeprefix("T") == folder.name.removeprefix("T"):
            return SceneKey(tile_of(folder.name), key.time, key.day_only)
    return key


def tile_of(name: str) -> str:
    """The tile in a name, with its T (`T34TET`); "" where there is none."""
    match = _TILE.search(name)
    return f"T{match[1]}" if match else ""


def stem_of(path: Path) -> str:
    """Name of a file or folder without what only tells its format: `.SAFE`, `.tif`, `.tar.gz`, ...; `#` becomes `_`."""
    name = path.name
    for suffix in (
        ".zip",
        ".gz",
        ".tgz",
        ".tar",
        ".SAFE",
        ".tif",
        ".tiff",
        ".npz",
        ".jp2",
        ".png",
        ".vrt",
        ".img",
    ):
        if name.lower().endswith(suffix.lower()) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return name.replace("#", "_")
