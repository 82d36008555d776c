"""What the names of MODIS and VIIRS granules say, and how the instruments scan."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Family:
    """Products of one instrument.

    Attributes:
        scan_m: ground that one turn of the scan mirror covers along the track, at nadir: MODIS has 40, 20 and 10
            rows of 250, 500 and 1000 m a scan, VIIRS 32 and 16 of 375 and 750 m. Scans overlap away from nadir.
        first_samples_m: samples of this ground sample distance and finer ones share the centre of their first
            column (MODIS; its rows nest); 0: the cells of all grids nest (VIIRS).
        ground_sample_distances_m: of the instrument's grids.
    """

    scan_m: int
    first_samples_m: int
    ground_sample_distances_m: frozenset[int]


# MODIS Level 1A Earth Location ATBD 3.0, section 2; VIIRS Geolocation ATBD 474-00053, section 2.
MODIS = Family(10000, 1000, frozenset({250, 500, 1000}))
VIIRS = Family(12000, 0, frozenset({375, 750}))

# Prefix of the product's name: family, platform, geolocation products from the finest on.
_PREFIXES = {
    "MOD": (MODIS, "Terra", ("MOD03",)),
    "MYD": (MODIS, "Aqua", ("MYD03",)),
    "VNP": (VIIRS, "Suomi NPP", ("VNP03IMG", "VNP03MOD")),
    "VJ1": (VIIRS, "NOAA-20", ("VJ103IMG", "VJ103MOD")),
    "VJ2": (VIIRS, "NOAA-21", ("VJ203IMG", "VJ203MOD")),
}
_NAME = re.compile(
    r"(?P<product>(?P<prefix>MOD|MYD|VNP|VJ1|VJ2)\d\d\w*)\.A(?P<day>\d{7})"
    r"(?:\.(?P<minute>\d{4}))?(?:\.(?P<tile>h\d\dv\d\d))?\.(?P<collection>\d{3})"
)


@dataclass(frozen=True)
class Granule:
    """What a granule's name says.

    Attributes:
        product: short name, e.g. "MOD09".
        prefix: "MOD", "MYD", "VNP", "VJ1" or "VJ2".
        day: year and day of the year, e.g. "2019021".
        minute: hour and minute of the start, e.g. "0040"; "" for daily products.
        collection: three digits; a geolocation product counts its own collections.
    """

    product: str
    prefix: str
    day: str
    minute: str
    collection: str

    @property
    def family(self) -> Family:
        """How the instrument scans."""
        return _PREFIXES[self.prefix][0]

    @property
    def platform(self) -> str:
        """The satellite."""
        return _PREFIXES[self.prefix][1]

    @property
    def companions(self) -> tuple[str, ...]:
        """Short names of the geolocation products, finest first."""
        return _PREFIXES[self.prefix][2]

    @property
    def moment(self) -> str:
        """Day and minute as the names of all products of this granule have them."""
        return f"A{self.day}.{self.minute}" if self.minute else f"A{self.day}"

    @property
    def tags(self) -> dict[str, str]:
        """Text metadata for outputs."""
        start = datetime(int(self.day[:4]), 1, 1) + timedelta(int(self.day[4:]) - 1)
        text = start.strftime("%Y-%m-%d")
        if self.minute:
            text += f"T{self.minute[:2]}:{self.minute[2:]}Z"
        return {
            "PRODUCT": self.product,
            "PLATFORM": self.platform,
            "SENSING_TIME": text,
            "COLLECTION": self.collection,
        }


def parse_granule(text: str) -> Granule | None:
    """The first granule name in a text; None where there is none."""
    found = _NAME.search(text)
    if found is None:
        return None
    parts = {key: value or "" for key, value in found.groupdict().items() if key != "tile"}
    return Granule(**parts)


def granule_of(path: Path, attributes: dict[str, Any]) -> Granule | None:
    """The granule of a file: by its name, or, where it was renamed, by its own metadata (LOCALGRANULEID)."""
    found = parse_granule(path.name)
    if found is None:
        metadata = " ".join(str(attributes.get(key, "")) for key in ("LocalGranuleID", "CoreMetadata.0"))
        after = metadata.partition("LOCALGRANULEID")
        found = parse_granule(after[2] or after[0])
    return found


def family_of(granule: Granule | None, ground_sample_distances_m: Collection[int]) -> Family | None:
    """How a granule was scanned; without a granule judged by the sensor's grids. None: unknown, one smooth image."""
    if granule is not None:
        return granule.family
    for family in (MODIS, VIIRS):
        if family.ground_sample_distances_m.issuperset(ground_sample_distances_m):
            return family
    return None
