"""Names of Sentinel-3 SLSTR Level-1 products (S3 PDGS file naming convention)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_NAME = re.compile(
    r"(?P<name>(?P<platform>S3[A-D])_(?P<type>SL_1_RBT)_+(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})_\d{8}T\d{6}"
    r"[0-9A-Za-z_]*?(?:_(?P<collection>\d{3}))?)(?:\.SEN3|$)"
)
_ANY_TYPE = re.compile(r"S3[A-D_]_([A-Z]{2}_\d_[A-Z0-9]{3})_")


@dataclass(frozen=True)
class SlstrName:
    """What a product's name says.

    Attributes:
        name: without `.SEN3`.
        platform: "S3A", "S3B", ...
        start, stop: of sensing, UTC.
        collection: three digits, e.g. "004"; "" where the name has none.
    """

    name: str
    platform: str
    start: datetime
    stop: datetime
    collection: str


def read_name(text: str) -> SlstrName | None:
    """What a folder's or archive's name says; None where it is no SL_1_RBT product's."""
    found = _NAME.match(text)
    if found is None:
        return None
    try:
        start, stop = (_time(found[key]) for key in ("start", "stop"))
    except ValueError:  # a month 13
        return None
    return SlstrName(found["name"], found["platform"], start, stop, found["collection"] or "")


def other_type(text: str) -> str | None:
    """The product type that a Sentinel-3 name says, where it is not SL_1_RBT; else None."""
    found = _ANY_TYPE.match(text)
    return found[1] if found and found[1] != "SL_1_RBT" else None


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
