"""Products that are a folder of raster files: the reader that makes a new satellite a matter of one config file."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from products.product import Product
from products.product_card import CARD, read_card
from products.raster import open_dataset, read_info
from products.raster_group import BandFile, RasterGroup, raster_groups
from products.raster_header import RasterInfo, UnreadableImage
from products.sensor import Sensor
from products.thraws import SYNTHETIC_TAG
from products.window import Window

DEFAULT_PATTERNS = ("{band}.*", "*_{band}.*")
SIDECARS = (".xml", ".json", ".txt", ".hdr", ".aux", ".ovr", ".msk", ".prj", ".tfw", ".jgw", ".j2w")


class RasterFolder(Product):
    """A folder of rasters; see `RasterFolderReader`."""

    def __init__(
        self, path: Path, name: str, sensor: Sensor, groups: Mapping[int, RasterGroup], **facts: Any
    ) -> None:
        super().__init__(path, name, sensor, {m: group.grid for m, group in groups.items()}, **facts)
        self.groups = dict(groups)

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`."""
        return self.groups[ground_sample_distance_m].read(window)


class RasterFolderReader:
    """Folders of raster files (whatever GDAL reads), each with one band or several.

    A folder is recognised by a `product.json` in it or, where `patterns` are given, by a file name that fits one. The
    files of the bands are found, in this order,

    1. by the `bands` of `product.json`: {band: file, or file:number of the band in it};
    2. by `patterns`, in which `{band}` stands for the band's `source` in the sensor's config, or else its name, and
       `*` for anything. Letters count alike in upper and lower case. A `source` may end in `:number`: that band of a
       file with several; then `{band}` is what stands before the colon;
    3. by the band descriptions in the files, where they are the names of bands.

    A grid of which no band is there is left out of the product, unless it is the finest. What else `product.json` may
    say is in `products.product_card`.

    Args:
        patterns: file names; None: `product.json` is needed, and names are `BAND.*` or `*_BAND.*`.
    """

    def __init__(self, patterns: Sequence[str] | None = None) -> None:
        for pattern in patterns or ():
            if "{band}" not in pattern:
                raise UserError(f"patterns of RasterFolderReader: found {pattern!r}, expected {{band}} in it")
        self.patterns = tuple(patterns) if patterns is not None else None

    @property
    def kind(self) -> str:
        """The format in words."""
        if self.patterns is None:
            return f"a folder of rasters with {CARD}"
        return f"a folder of files named {' or '.join(self.patterns)}"

    def recognises(self, path: Path) -> bool:
        """See `Reader`."""
        if not path.is_dir():
            return False
        if (path / CARD).is_file():
            return True
        wanted = [_lower(pattern, "*") for pattern in self.patterns or ()]
        return any(fnmatchcase(file.name.lower(), pattern) for file in _files(path) for pattern in wanted)

    def open(self, path: Path, sensor: Sensor) -> Product:
        """See `Reader`."""
        card = read_card(path)
        if card.sensor not in (None, sensor.name):
            raise UserError(f"{path / CARD}: found a product of sensor {card.sensor}, expected {sensor.name}")
        places = self._places(path, sensor, card.bands)
        finest = sensor.ground_sample_distances_m[0]
        for distance in sensor.ground_sample_distances_m:
            names = [band.name for band in sensor.group(distance)]
            missing = [name for name in names if name not in places]
            if missing and (len(missing) < len(names) or distance == finest):
                raise UserError(
                    f"{path}: found no file of band {missing[0]}, expected {self._expected(sensor, missing[0])}"
                )
        groups = raster_groups(places, sensor)
        return RasterFolder(
            path,
            card.name or path.name,
            sensor,
            groups,
            offsets=card.offsets,
            scales=card.scales,
            tags=card.tags,
            synthetic=_is_synthetic(places) if card.synthetic is None else card.synthetic,
        )

    def _places(self, path: Path, sensor: Sensor, stated: Mapping[str, str]) -> dict[str, BandFile]:
        files = _files(path)
        places: dict[str, BandFile] = {}
        for name, text in stated.items():
            if name not in sensor.bands:
                raise UserError(
                    f"{path / CARD}: found band {name}, expected one of {', '.join(sensor.bands)}"
                )
            file, number = _split(text)
            if not (path / file).is_file() or not (path / file).resolve().is_relative_to(path.resolve()):
                raise UserError(
                    f"{path / CARD}: found {text} for band {name}, expected a file of this folder"
                )
            places[name] = BandFile(str(path / file), number or 1)
        described: dict[str, BandFile] | None = None
        for name, band in sensor.bands.items():
            if name in places:
                continue
            source, number = _split(band.source or name)
            found = self._matching(path, files, source)
            if found is not None:
                places[name] = BandFile(str(found), number or 1)
                continue
            described = _described(files, sensor) if described is None else described
            for title in (name, band.source, band.description):
                if title in described:
                    places[name] = described[title]
                    break
        return places

    def _matching(self, path: Path, files: Sequence[Path], source: str) -> Path | None:
        """The file of a band by the first pattern that any file fits."""
        for pattern in self.patterns or DEFAULT_PATTERNS:
            fits = [file for file in files if fnmatchcase(file.name.lower(), _lower(pattern, source))]
            if len(fits) > 1:
                names = ", ".join(file.name for file in fits)
                raise UserError(f"{path}: found {names} for {source}, expected one file named {pattern}")
            if fits:
                return fits[0]
        return None

    def _expected(self, sensor: Sensor, name: str) -> str:
        source, _ = _split(sensor.bands[name].source or name)
        names = " or ".join(
            pattern.replace("{band}", source) for pattern in self.patterns or DEFAULT_PATTERNS
        )
        return f"a file named {names}, or a band described as {name}"


def _split(text: str) -> tuple[str, int | None]:
    """`file:2` as file and number; without a number None."""
    file, _, number = text.rpartition(":")
    return (file, int(number)) if file and number.isdigit() else (text, None)


def _lower(pattern: str, source: str) -> str:
    return pattern.replace("{band}", source).lower()


def _files(path: Path) -> list[Path]:
    """The files of a folder that may be rasters, by name."""
    return sorted(
        file
        for file in path.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.suffix.lower() not in SIDECARS
    )


def _described(files: Sequence[Path], sensor: Sensor) -> dict[str, BandFile]:
    """Bands of the sensor by their descriptions in the files."""
    wanted = {title for band in sensor.bands.values() for title in (band.name, band.source, band.description)}
    found: dict[str, BandFile] = {}
    for file in files:
        try:
            info: RasterInfo = read_info(file)
        except UnreadableImage:
            continue  # some other file; a band that is missing is told by its name
        for number, name in zip(info.indexes, info.band_names, strict=True):
            if name not in wanted:
                continue
            if name in found:
                raise UserError(
                    f"{file}: found band {name}, which is in {Path(found[name].path).name} too, expected one"
                )
            found[name] = BandFile(str(file), number)
    return found


def _is_synthetic(places: Mapping[str, BandFile]) -> bool:
    """Whether a file's tags say that no sensor has measured it."""
    for path in sorted({place.path for place in places.values()}):
        with open_dataset(path) as dataset:
            if dataset.tags().get(SYNTHETIC_TAG) == "1":
                return True
    return False
