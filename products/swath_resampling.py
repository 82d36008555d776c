"""Swath pixels on a map grid, block by block, by pyresample."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from rasterio.io import DatasetReader

from products.map_grid import MapGrid
from products.swath_pixels import SwathPixels
from products.window import Window

MARGIN = 3  # footprints around a block whose pixels are looked at
FEWEST = 4  # pixels around a cell that bilinear interpolation needs
NEIGHBOURS = 24  # pixels among which pyresample looks for the four around a cell


def resampled_blocks(
    pixels: SwathPixels, grid: MapGrid, source: DatasetReader, nodata: float, method: str
) -> Iterator[tuple[Window, np.ndarray]]:
    """Blocks of the grid with their cells (C, h, w) in the raster's type.

    Args:
        pixels: positions of the raster's pixels.
        grid: the cells.
        source: the raster.
        nodata: what pixels without data hold, and cells that no pixel reaches.
        method: nearest or bilinear.
    """
    for block in grid.blocks():
        cells = np.full((source.count, block.height, block.width), nodata, source.dtypes[0])
        found = _points(pixels, grid, block, source, nodata)
        if found is not None:
            longitude, latitude, reach, values = found
            _fill(cells, _area(grid, block), longitude, latitude, reach, values, nodata, method)
        yield block, cells


def _points(
    pixels: SwathPixels, grid: MapGrid, block: Window, source: DatasetReader, nodata: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Longitude, latitude and reach (n) and digital numbers (C, n) of the pixels around a block; None without any."""
    assert pixels.origin is not None
    margin = MARGIN * pixels.largest_reach / grid.smallest_unit_m + grid.side
    left = grid.left + block.column * grid.side - pixels.origin[0] - margin
    top = grid.top - block.row * grid.side - pixels.origin[1] + margin
    right, bottom = (
        left + block.width * grid.side + 2 * margin,
        top - block.height * grid.side - 2 * margin,
    )
    chosen = []
    for strip in pixels.strips:
        inside = (strip.x >= left) & (strip.x <= right) & (strip.y >= bottom) & (strip.y <= top)
        if not inside.any():
            continue
        columns = np.flatnonzero(inside.any(axis=0))
        rows = np.flatnonzero(inside.any(axis=1))
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        place = ((strip.window.row + rows[0], strip.window.row + rows[-1] + 1), (columns[0], columns[-1] + 1))
        values = source.read(window=place)
        taken = inside[part] & (values != nodata).any(axis=0)
        arrays = (strip.longitude[part], strip.latitude[part], strip.reach[part])
        chosen.append((*(array[taken] for array in arrays), values[:, taken]))
    if not chosen:
        return None
    longitude, latitude, reach, numbers = zip(*chosen, strict=True)
    if not sum(part.size for part in longitude):
        return None
    return (
        np.concatenate(longitude).astype(np.float64),
        np.concatenate(latitude).astype(np.float64),
        np.concatenate(reach),
        np.concatenate(numbers, axis=1),
    )


def _area(grid: MapGrid, block: Window) -> Any:
    from pyresample.geometry import AreaDefinition

    left, top = grid.transform @ (block.column, block.row)
    right, bottom = grid.transform @ (block.right, block.bottom)
    return AreaDefinition(
        "block", "", "", grid.crs.to_wkt(), block.width, block.height, (left, bottom, right, top)
    )


def _fill(
    cells: np.ndarray,
    area: Any,
    longitude: np.ndarray,
    latitude: np.ndarray,
    reach: np.ndarray,
    values: np.ndarray,
    nodata: float,
    method: str,
) -> None:
    from pyresample.geometry import SwathDefinition
    from pyresample.kd_tree import get_neighbour_info

    swath = SwathDefinition(longitude, latitude)
    radius = float(reach.max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells that no pixel reaches have no neighbour
        _, valid_out, index, distance = get_neighbour_info(
            swath, area, radius, neighbours=1, reduce_data=False
        )
    reached = np.zeros(cells.shape[1] * cells.shape[2], bool)
    near = index < reach.size
    near[near] = distance[near] <= reach[index[near]]
    reached[np.flatnonzero(valid_out)[near]] = True
    reached = reached.reshape(cells.shape[1:])
    nearest = values[:, index[near]]
    cells[:, reached] = nearest
    if method == "bilinear" and values.shape[1] >= FEWEST:
        mixed = _bilinear(longitude, latitude, area, radius, values, nodata)
        known = reached & np.isfinite(mixed) & (cells != nodata)
        whole = np.rint(mixed) if cells.dtype.kind in "iu" else mixed
        cells[known] = whole[known].astype(cells.dtype)


def _bilinear(
    longitude: np.ndarray, latitude: np.ndarray, area: Any, radius: float, values: np.ndarray, nodata: float
) -> np.ndarray:
    """Cells (C, h, w) float64 between four pixels; NaN where one of them has no data, or there are no four."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on packages that its other resampler would need
        from pyresample.bilinear import NumpyBilinearResampler
        from pyresample.geometry import SwathDefinition

        rows = SwathDefinition(longitude[None], latitude[None])  # that resampler wants two dimensions
        resampler = NumpyBilinearResampler(
            rows, area, 3 * radius, neighbours=min(NEIGHBOURS, values.shape[1]), reduce_data=False
        )
        resampler.get_bil_info()
        numbers = np.where(values == nodata, np.nan, values.astype(np.float64))
        mixed = [resampler.get_sample_from_bil_info(band[None], fill_value=np.nan) for band in numbers]
        return np.stack(mixed).reshape(len(values), *area.shape)  # it drops axes of length 1
