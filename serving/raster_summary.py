"""What a raster holds, in numbers and words that fit into JSON."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.warp import transform_bounds

STRIP_ROWS = 512


def summary(path: Path) -> dict[str, Any]:
    """Shape, georeference, bands with statistics of their valid pixels, and tags; NaN and infinity are null."""
    with rasterio.open(path) as file:
        return {
            "format": file.driver,
            "dtype": file.dtypes[0],
            "height": file.height,
            "width": file.width,
            "nodata": _finite(file.nodata),
            "georeference": _georeference(file),
            "bands": _bands(file),
            "tags": dict(sorted(file.tags().items())),
        }


def _georeference(file: Any) -> dict[str, Any] | None:
    if file.crs is None or file.transform.is_identity:
        return None
    west, south, east, north = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    return {
        "crs": file.crs.to_string(),
        "transform": list(file.transform)[:6],
        "bounds": list(file.bounds),
        "bounds_lonlat": [west, south, east, north],
    }


def _bands(file: Any) -> list[dict[str, Any]]:
    """Statistics in digital numbers, over strips so that a whole scene fits."""
    count = np.zeros(file.count, np.int64)
    total, squares = np.zeros(file.count), np.zeros(file.count)
    low, high = np.full(file.count, math.inf), np.full(file.count, -math.inf)
    for row in range(0, file.height, STRIP_ROWS):
        window = ((row, min(row + STRIP_ROWS, file.height)), (0, file.width))
        pixels = file.read(window=window, masked=True)
        for band in range(file.count):
            values = pixels[band].compressed().astype(np.float64)
            values = values[np.isfinite(values)]
            if values.size:
                count[band] += values.size
                total[band] += values.sum()
                squares[band] += np.square(values).sum()
                low[band], high[band] = min(low[band], values.min()), max(high[band], values.max())
    bands = []
    for band in range(file.count):
        number = int(count[band])
        mean = total[band] / number if number else math.nan
        variance = max(squares[band] / number - mean**2, 0.0) if number else math.nan
        bands.append(
            {
                "name": file.descriptions[band],
                "scale": _finite(file.scales[band]),
                "offset": _finite(file.offsets[band]),
                "valid_pixels": number,
                "minimum": _finite(low[band]),
                "maximum": _finite(high[band]),
                "mean": _finite(mean),
                "standard_deviation": _finite(math.sqrt(variance) if number else math.nan),
            }
        )
    return bands


def _finite(number: Any) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None
