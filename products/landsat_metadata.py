"""What a Landsat product says of itself: its MTL file, as text, XML or JSON, of all collections.

Source: USGS, Landsat 8-9 Level 1 (LSDS-1822) and Level 2 (LSDS-1328) Data Format Control Books; Landsat 8 Level 1 of
Collection 1 (LSDS-1823) and before.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import UserError
from products.safe_xml import local_name, parse_xml

ROOTS = ("LANDSAT_METADATA_FILE", "L1_METADATA_FILE")  # Collection 2; Collection 1 and before
_COLLECTIONS = ("01", "02")
_KEPT = (
    "LANDSAT_PRODUCT_ID", "LANDSAT_SCENE_ID", "PROCESSING_LEVEL", "DATA_TYPE", "COLLECTION_NUMBER", "COLLECTION_CATEGORY",
    "SPACECRAFT_ID", "SENSOR_ID", "WRS_PATH", "WRS_ROW", "DATE_ACQUIRED", "SCENE_CENTER_TIME", "CLOUD_COVER",
    "SUN_AZIMUTH", "SUN_ELEVATION", "EARTH_SUN_DISTANCE", "PROCESSING_SOFTWARE_VERSION",
)  # fmt: skip
_RESCALING = re.compile(r"(RADIANCE|REFLECTANCE|TEMPERATURE)_(MULT|ADD)_BAND_(\w+)|K[12]_CONSTANT_BAND_\w+")

Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class LandsatMetadata:
    """The part of an MTL file that readers need.

    Attributes:
        identifier: of the product, or of the scene where products had none yet.
        layout: `pre_collection`, `collection_1` or `collection_2`.
        level: e.g. `L1TP`, `L2SP`; `L1T` before collections.
        spacecraft: e.g. `LANDSAT_8`.
        files: name of each band's file by band: `8`, `ST_B10`.
        quality_file: name of the file of quality bits, or None.
        rescaling: multiplicative and additive term of each band: to reflectance (top of atmosphere, before the division
            by the sine of the sun's elevation; of the surface at Level 2), or of thermal bands to radiance
            (W/(m2 sr um)) or, at Level 2, to temperature (K).
        tags: kept as they are, the sun's elevation and all rescaling terms among them.
    """

    identifier: str
    layout: str
    level: str
    spacecraft: str
    files: Mapping[str, str]
    quality_file: str | None
    rescaling: Mapping[str, tuple[float, float]]
    tags: Mapping[str, str]


def parse_metadata(document: bytes, label: str) -> LandsatMetadata:
    """Read an MTL file.

    Args:
        document: its bytes.
        label: how messages call it.

    Raises:
        UserError: no MTL file, cut off, of an unknown collection, or lacking what every product says.
    """
    root, groups = _groups(document, label)
    content: dict[str, str] = {}
    # Later groups of Collection 2 record earlier levels of the product: the first one that has a key is the product's.
    for name, group in groups.items():
        if not name.endswith("PROCESSING_RECORD"):
            for key, value in group.items():
                content.setdefault(key, value)
    for name, group in groups.items():
        if name.endswith("PROCESSING_RECORD"):
            for key in _KEPT:
                if key in group:
                    content.setdefault(key, group[key])
    layout = _layout(root, content, label)
    level = content.get("PROCESSING_LEVEL") or content.get("DATA_TYPE")
    identifier = content.get("LANDSAT_PRODUCT_ID") or content.get("LANDSAT_SCENE_ID")
    for key, needed in (("LANDSAT_PRODUCT_ID", identifier), ("PROCESSING_LEVEL", level)):
        if not needed:
            raise UserError(f"{label}: found no {key}, expected the metadata of a Landsat product")
    assert identifier is not None
    assert level is not None
    own = _own_rescaling(groups, level)
    files = {key.removeprefix("FILE_NAME_BAND_"): name for key, name in content.items() if _is_band_file(key)}
    kept = {key: content[key] for key in _KEPT if key in content}
    return LandsatMetadata(
        identifier=identifier,
        layout=layout,
        level=level,
        spacecraft=content.get("SPACECRAFT_ID", "").upper(),
        files=files,
        quality_file=content.get("FILE_NAME_QUALITY_L1_PIXEL") or content.get("FILE_NAME_BAND_QUALITY"),
        rescaling=_rescaling(own, label),
        tags={**kept, **own},
    )


def _layout(root: str, content: Mapping[str, str], label: str) -> str:
    number = content.get("COLLECTION_NUMBER")
    if number is None and root == "L1_METADATA_FILE":
        return "pre_collection"
    if number not in _COLLECTIONS:
        raise UserError(f"{label}: found collection {number}, expected one of {', '.join(_COLLECTIONS)}")
    return f"collection_{int(number)}"


def _is_band_file(key: str) -> bool:
    return key.startswith("FILE_NAME_BAND_") and key != "FILE_NAME_BAND_QUALITY"


def _own_rescaling(groups: Groups, level: str) -> dict[str, str]:
    """The rescaling terms and thermal constants of the product's own level."""
    terms: dict[str, str] = {}
    for name, group in groups.items():
        # Level-2 products repeat the terms of the Level-1 product that they were made from.
        if level.startswith("L2") and name.startswith("LEVEL1"):
            continue
        terms |= {key: value for key, value in group.items() if _RESCALING.fullmatch(key)}
    return terms


def _rescaling(terms: Mapping[str, str], label: str) -> dict[str, tuple[float, float]]:
    bands = dict.fromkeys(match[3] for key in terms if (match := _RESCALING.fullmatch(key)) and match[3])
    found: dict[str, tuple[float, float]] = {}
    for band in bands:
        for quantity in ("TEMPERATURE", "REFLECTANCE", "RADIANCE"):
            keys = (f"{quantity}_MULT_BAND_{band}", f"{quantity}_ADD_BAND_{band}")
            if all(key in terms for key in keys):
                found[band] = (_number(terms, keys[0], label), _number(terms, keys[1], label))
                break
    return found


def _number(terms: Mapping[str, str], key: str, label: str) -> float:
    try:
        value = float(terms[key])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{label}: found {key} = {terms[key]}, expected a number")
    return value


def _groups(document: bytes, label: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Name of the root, and its groups: {group: {key: value}}."""
    start = document.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if start == b"<":
        element = parse_xml(document, label)
        root = local_name(element)
        groups = {
            local_name(g): {local_name(entry): (entry.text or "").strip() for entry in g} for g in element
        }
    elif start == b"{":
        root, groups = _json_groups(document, label)
    else:
        root, groups = _text_groups(document, label)
    if root not in ROOTS:
        raise UserError(f"{label}: found {root or 'no group'}, expected {' or '.join(ROOTS)}")
    return root, groups


def _json_groups(document: bytes, label: str) -> tuple[str, dict[str, dict[str, str]]]:
    try:
        found: Any = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{label}: found no JSON ({error}), expected product metadata") from error
    root = next(iter(found), "") if isinstance(found, dict) else ""
    inner = found[root] if root else {}
    groups = inner.items() if isinstance(inner, dict) else ()
    return root, {
        name: {key: str(value) for key, value in group.items()}
        for name, group in groups
        if isinstance(group, dict)
    }


def _text_groups(document: bytes, label: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Object Description Language, as far as MTL files use it: groups in groups, one `key = value` a line."""
    path: list[str] = []
    root, ended = "", False
    groups: dict[str, dict[str, str]] = {}
    for line in document.decode("utf-8", errors="replace").splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if key == "END" and not equals:
            ended = True
            break
        if not equals:
            continue
        if key == "GROUP":
            root = root or value
            path.append(value)
        elif key == "END_GROUP":
            if not path or path.pop() != value:
                raise UserError(
                    f"{label}: found the end of group {value} out of place, expected a whole MTL file"
                )
        elif path:
            groups.setdefault(path[-1], {})[key] = value.strip('"')
    if root in ROOTS and (path or not ended):
        raise UserError(f"{label}: found the end of the file amid the metadata, expected a whole MTL file")
    return root, groups
