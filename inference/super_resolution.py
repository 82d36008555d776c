"""Sharpen the coarse bands of a whole product of any size with trained networks, and write one raster."""

import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from errors import UserError
from inference import raster_output
from inference.block_cache import block_cache
from inference.engine import HaloStage, process_area
from inference.sharpened_bands import PRECISIONS, SharpenedBands
from inference.sinks import RasterSink
from inference.stacked_groups import StackedGroups
from inference.super_resolution_output import output_bands, output_metadata, provenance
from inference.swath_placement import SwathPlacement
from networks.super_resolver import SuperResolver
from products import region as regions
from products.sensor import Sensor
from products.window import Window

_TILE_MULTIPLE = 64  # pixels: blocks of the file are no smaller
_LARGEST_BLOCK = 512  # pixels
_CONVENTIONS = ("product", "harmonised")


def super_resolve(
    networks: SuperResolver | Sequence[SuperResolver],
    specification: Any,
    input: str | Path,
    output: str | Path,
    *,
    sensor: Sensor,
    region: Mapping[str, Any] | None = None,
    copy_original_bands: bool = True,
    driver: str | None = None,
    driver_options: Mapping[str, Any] | None = None,
    digital_numbers: str = "product",
    swath: Mapping[str, Any] | None = None,
    tile_size: int = 512,
    precision: str = "float32",
    device: str = "cpu",
    cache_megabytes: int = 512,
    prefetch: bool = True,
    progress: bool = True,
    joins_runs: bool = True,
) -> dict[str, Any]:
    """Sharpen a product, tile by tile, in memory that a few tiles need.

    In float32 the result does not depend on the tiles nor, apart from its extent, on the region: networks see what
    lies around a tile as far as the product goes.

    Args:
        networks: one, or several with different targets, ready to predict; they are moved to `device`.
        specification: not used; the sensor says what pixels mean.
        input: a product of the sensor.
        output: the raster; it appears when it is whole.
        sensor: the instrument.
        region: `pixels` [x1, y1, x2, y2] on the finest grid (both ends included), or `lonlat`
            [lon1, lat1, lon2, lat2], and `minimum_side_m`; everything where absent.
        copy_original_bands: whether the bands of the finest grid come first, bit for bit.
        driver: of GDAL, or `npz`; None: by the suffix of `output`.
        driver_options: creation options of a driver other than GTiff and npz.
        digital_numbers: `product`: the convention of the product, radiometric offset included; `harmonised`: with the
            offset applied (Sentinel-2: reflectance x 10000), clipped to the sensor's valid range.
        swath: for products without a map projection, keyword arguments of `SwathPlacement`.
        tile_size: pixels of the finest grid a side, at least 64; rounded up to a multiple of 64.
        precision: what convolutions compute in, `float32` or `bfloat16`.
        device: where the networks run, e.g. "cpu" or "cuda".
        cache_megabytes: decoded blocks of files kept for the tiles that share them.
        prefetch: whether to read the next tile while one is computed.
        progress: whether to show a progress bar on standard error.
        joins_runs: read by predict.py: this task takes the networks of several runs.

    Returns:
        bands, rows, columns, tiles, seconds.

    Raises:
        UserError: a network is of another sensor, the product lacks a grid or is damaged, the region lies outside, an
            argument is impossible, or the output cannot be written.
    """
    start = time.perf_counter()
    members = [networks] if isinstance(networks, SuperResolver) else list(networks)
    ordered = _ordered(members, sensor)
    _check(Path(input), Path(output), tile_size, precision, digital_numbers)
    chosen = raster_output.driver_of(Path(output), driver)
    path = raster_output.data_path(Path(output), chosen)
    harmonised = digital_numbers == "harmonised"
    with block_cache(cache_megabytes), sensor.open(input) as product:
        distances = sorted({distance for network in ordered for distance in network.resolutions})
        window = regions.finest_window(product, distances, **dict(region or {}))
        placement = SwathPlacement(product, window, chosen, **dict(swath or {}))
        function = SharpenedBands(
            [network.eval().to(device) for network in ordered],
            product,
            originals=copy_original_bands,
            harmonised=harmonised,
            precision=precision,
            device=device,
        )
        stage = HaloStage(StackedGroups(product, distances, copy_original_bands), function, 1, function.halo)
        targets = [network.target_m for network in ordered]
        bands = output_bands(product, targets, originals=copy_original_bands, harmonised=harmonised)
        metadata = output_metadata(product, window, bands)
        tags = provenance(product, ordered, window, harmonised=harmonised, precision=precision)
        tile, block = _tile_and_block(tile_size, window)
        scaling = [(band.scale, band.offset) for band in bands]
        with warnings.catch_warnings(), raster_output.StagedOutput(path) as folder:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            raster_output.check_driver(chosen, folder, path.name, len(bands), metadata.dtype, driver_options)
            raster, shape = folder / "pixels.tif", (len(bands), window.height, window.width)
            with RasterSink(raster, shape, metadata, block, tags, scaling) as sink:
                words = "super-resolving" if progress else ""
                process_area(stage, sink, window, tile_size=tile, prefetch=prefetch, progress=words)
            raster = placement.place(raster, folder, path.name)
            with rasterio.open(raster) as written:
                rows, columns = written.shape
            if chosen == raster_output.ARCHIVE:
                names = [band.name for band in bands]
                raster_output.write_archive(raster, folder / path.name, names, placement.arrays())
            elif chosen == "GTiff":
                raster.replace(folder / path.name)
            else:
                raster_output.convert(raster, folder / path.name, chosen, driver_options or {})
    tiles = -(-window.height // tile) * -(-window.width // tile)
    seconds = time.perf_counter() - start
    return {"bands": len(bands), "rows": rows, "columns": columns, "tiles": tiles, "seconds": seconds}


def _ordered(networks: Sequence[SuperResolver], sensor: Sensor) -> list[SuperResolver]:
    """The networks by target grid, finest first.

    Raises:
        UserError: none, two for one grid, or one of another sensor or of other bands.
    """
    if not networks:
        raise UserError("networks: found none, expected at least one")
    ordered = sorted(networks, key=lambda network: network.target_m)
    targets = [network.target_m for network in ordered]
    if len(set(targets)) < len(targets):
        raise UserError(
            f"run: found networks for {', '.join(f'{target} m' for target in targets)}; expected different grids"
        )
    for network in ordered:
        if network.sensor != sensor.name:
            raise UserError(
                f"a network for {network.sensor} ({network.source}): expected one for sensor={sensor.name}"
            )
        expected = sensor.inputs_of(network.target_m)
        if network.bands != expected:
            raise UserError(
                f"a network for {_listed(network.bands)} ({network.source}): {sensor.name} has {_listed(expected)}"
            )
    return ordered


def _check(input: Path, output: Path, tile_size: int, precision: str, digital_numbers: str) -> None:
    if input.resolve() == output.resolve():
        raise UserError(f"input and output are the same file, {input}; expected two")
    if tile_size < _TILE_MULTIPLE:
        raise UserError(f"tile_size={tile_size}: expected at least {_TILE_MULTIPLE} pixels")
    if precision not in PRECISIONS:
        raise UserError(f"precision={precision}: expected one of {', '.join(PRECISIONS)}")
    if digital_numbers not in _CONVENTIONS:
        raise UserError(f"digital_numbers={digital_numbers}: expected one of {', '.join(_CONVENTIONS)}")


def _tile_and_block(tile_size: int, window: Window) -> tuple[int, int]:
    """The side of a tile, and a size that the file's blocks may divide so that none is written twice."""
    tile = -(-tile_size // _TILE_MULTIPLE) * _TILE_MULTIPLE
    single = tile >= max(window.height, window.width)
    return tile, _LARGEST_BLOCK if single else tile


def _listed(bands: Mapping[int, Sequence[str]]) -> str:
    return "; ".join(f"{distance} m: {', '.join(names)}" for distance, names in bands.items())
