"""The map grids that HDF-EOS products describe in their structural metadata (StructMetadata)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rasterio.crs import CRS

from errors import UserError
from products.grid import Grid

_GRID = re.compile(r"\bGROUP=(GRID_\d+)\b(.*?)\bEND_GROUP=\1\b", re.DOTALL)


def grids_of_fields(path: Path, attributes: Mapping[str, Any]) -> dict[tuple[str, str], Grid]:
    """Grid by name of the grid and name of the field; empty for swaths and for files without metadata.

    Raises:
        UserError: a grid's description is incomplete, or in a projection other than the sinusoidal and the
            geographic one.
    """
    text = "".join(
        str(attributes[key]) for key in sorted(key for key in attributes if key.startswith("StructMetadata."))
    )
    found = {}
    for _, body in _GRID.findall(text):
        grid = _grid(path, body)
        name = _text(body, "GridName", path)
        for field in re.findall(r'\bDataFieldName="([^"]*)"', body):
            found[name, field] = grid
    return found


def _grid(path: Path, body: str) -> Grid:
    width, height = int(_text(body, "XDim", path)), int(_text(body, "YDim", path))
    left, top = _numbers(body, "UpperLeftPointMtrs", path)
    right, bottom = _numbers(body, "LowerRightMtrs", path)
    projection = _text(body, "Projection", path).removeprefix("HE5_")
    if projection == "GCTP_SNSOID":
        radius, _, _, _, centre, *_ = _numbers(body, "ProjParams", path)
        crs = CRS.from_proj4(f"+proj=sinu +lon_0={_packed(centre)} +R={radius} +units=m +no_defs")
    elif projection == "GCTP_GEO":
        crs = CRS.from_epsg(4326)
        left, top, right, bottom = map(_packed, (left, top, right, bottom))
    else:
        raise UserError(
            f"{path}: found a grid in the projection {projection}, expected GCTP_SNSOID or GCTP_GEO"
        )
    steps = (right - left) / width, (bottom - top) / height
    return Grid(height, width, crs.to_wkt(), (steps[0], 0.0, left, 0.0, steps[1], top))


def _packed(angle: float) -> float:
    """Degrees of an angle that GCTP packs as DDDMMMSSS.SS."""
    whole = abs(angle)
    degrees, minutes, seconds = whole // 1e6, whole % 1e6 // 1e3, whole % 1e3
    return (degrees + minutes / 60 + seconds / 3600) * (-1 if angle < 0 else 1)


def _numbers(body: str, key: str, path: Path) -> list[float]:
    return [float(number) for number in _text(body, key, path).strip("()").split(",")]


def _text(body: str, key: str, path: Path) -> str:
    found = re.search(rf"\b{key}=(.*)", body)
    if found is None:
        raise UserError(
            f"{path}: found a map grid without {key} in its StructMetadata, expected its description"
        )
    return found[1].strip().strip('"')
