"""`product.json`: what a folder of rasters says of itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from errors import UserError

CARD = "product.json"


@dataclass(frozen=True)
class ProductCard:
    """All keys may be left out.

    Attributes:
        sensor: name of the sensor's config.
        name: of the product; the folder's where None.
        synthetic: no sensor has measured it.
        bands: file of each band, relative to the folder; `file:2` is its second band.
        offsets, scales: by band, see `Product`.
        tags: text metadata by name.
    """

    sensor: str | None = None
    name: str | None = None
    synthetic: bool | None = None
    bands: Mapping[str, str] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON, without what is left out."""
        return json.dumps(
            {key: value for key, value in asdict(self).items() if value not in (None, {})}, indent=1
        )


def read_card(folder: Path) -> ProductCard:
    """The card of a folder; an empty one where there is none.

    Raises:
        UserError: it is no JSON object, or a key or value is none that a card has.
    """
    path = folder / CARD
    if not path.is_file():
        return ProductCard()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: found no JSON ({error}), expected an object such as {{}}") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: found {type(found).__name__}, expected a JSON object such as {{}}")
    known = [entry.name for entry in fields(ProductCard)]
    for key, value in found.items():
        if key not in known:
            raise UserError(f"{path}: found key {key}, expected one of {', '.join(known)}")
        if not _fits(key, value):
            raise UserError(f"{path}: found {key}: {value!r}, expected {_EXPECTED[key]}")
    return ProductCard(**found)


_EXPECTED = {
    "sensor": "text",
    "name": "text",
    "synthetic": "true or false",
    "bands": "files by band",
    "offsets": "numbers by band",
    "scales": "numbers by band",
    "tags": "texts by name",
}


def _fits(key: str, value: Any) -> bool:
    if key in ("sensor", "name"):
        return isinstance(value, str)
    if key == "synthetic":
        return isinstance(value, bool)
    kinds = (int, float) if key in ("offsets", "scales") else (str,)
    return isinstance(value, dict) and all(
        isinstance(entry, kinds) and not isinstance(entry, bool) for entry in value.values()
    )
