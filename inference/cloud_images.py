"""Images of clouds as files: numbers out of the network's, and where they go."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from errors import UserError
from products.binary_mask import png_bytes
from products.grid import Grid
from products.patch_raster import replace_bytes, write_patch

FORMATS = {"png": ".png", "geotiff": ".tif"}
ROUNDINGS = ("nearest", "published")
SCALE = 10000  # of a GeoTIFF: number in the file = reflectance x 10000, 0 where there are no data
_PNG_BANDS = (1, 3)
_WHITE = 255


def format_of(path: Path) -> str:
    """The format that the suffix of a file says.

    Raises:
        UserError: another suffix than `.png`, `.tif` and `.tiff`.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        return "png"
    if suffix in (".tif", ".tiff"):
        return "geotiff"
    raise UserError(f"output={path}: found the suffix '{path.suffix}', expected .png, .tif or .tiff")


def check_bands(kind: str, names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Names of the bands of a network's images.

    Raises:
        UserError: another number of names than of bands, or a PNG of other than one or three bands.
    """
    if kind == "png" and count not in _PNG_BANDS:
        raise UserError(f"format=png: found clouds of {count} bands, expected 1 or 3 (or format=geotiff)")
    if names is None:
        return tuple(f"band_{number}" for number in range(1, count + 1))
    if len(names) != count:
        raise UserError(
            f"bands: found {len(names)} names ({', '.join(names)}), expected {count} as the network has"
        )
    return tuple(map(str, names))


def write_clouds(
    path: Path,
    clouds: np.ndarray,
    known: np.ndarray,
    *,
    kind: str,
    rounding: str,
    bands: Sequence[str],
    grid: Grid | None,
    tags: Mapping[str, str],
) -> None:
    """Write an image of clouds, wholly or not at all.

    Args:
        path: the file.
        clouds: (C, H, W) float32 from 0 to 1.
        known: (H, W) bool; elsewhere a GeoTIFF has no data.
        kind: a key of `FORMATS`: 8 bits as PNG, or 16 bits of reflectance x 10000 as GeoTIFF, 0 where not known.
        rounding: one of `ROUNDINGS`; `published` cuts off what is behind the point, as CycleGAN's own code does.
        bands: names in a GeoTIFF.
        grid: where a GeoTIFF lies.
        tags: text metadata of a GeoTIFF.

    Raises:
        UserError: the file cannot be written.
    """
    if kind == "png":
        numbers = as_numbers(clouds, _WHITE, rounding).astype(np.uint8)
        replace_bytes(path, png_bytes(numbers if len(numbers) > 1 else numbers[0]))
        return
    numbers = np.maximum(as_numbers(clouds, SCALE, rounding), 1).astype(np.uint16)  # 0 would be no data
    write_patch(path, np.where(known, numbers, np.uint16(0)), grid, bands=bands, nodata=0, tags=tags)


def as_numbers(clouds: np.ndarray, largest: int, rounding: str) -> np.ndarray:
    """Whole float32 numbers from 0 to `largest` for values from 0 to 1."""
    scaled = clouds * np.float32(largest)
    return np.floor(scaled) if rounding == "published" else np.rint(scaled)
