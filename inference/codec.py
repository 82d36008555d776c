"""Compress a raster of any size with a learned codec into a `.nadir` file, and restore it."""

import math
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from compressai.models import CompressionModel

from errors import UserError
from inference.block_cache import block_cache
from inference.codec_container import TILE_MULTIPLE, ContainerHeader, ContainerReader, ContainerWriter
from inference.codec_tiles import SceneDecoder, SceneEncoder, WrongIntegersError
from inference.engine import with_progress
from inference.nodata import FilledSource, checked_mask_value, decode_masks, restore
from inference.sinks import RasterSink, TemporaryFile
from inference.sources import RasterMetadata, RasterSource
from networks.codec_stages import CodecStages
from networks.compression import fingerprint
from products.specification import ImageSpecification


def compress(
    network: CompressionModel,
    specification: ImageSpecification,
    input: str | Path,
    output: str | Path,
    *,
    tile_size: int = 512,
    device: str = "cpu",
    progress: bool = True,
) -> dict[str, Any]:
    """Compress a raster file, tile by tile.

    For networks without a context model the result does not depend on the tiles. Memory grows with
    tile_size squared and tile_size times the width of the scene, not with its height.

    Args:
        network: the codec, with coder tables.
        specification: what the network was trained on; the raster must have its bands and type.
        input: any raster that GDAL reads.
        output: the `.nadir` file; it appears when it is whole.
        tile_size: pixels, a multiple of 64.
        device: where the transforms of the image run, e.g. "cpu" or "cuda".
        progress: whether to show a progress bar on standard error.

    Returns:
        bytes (of the file), bits_per_pixel, bits_per_pixel_and_band, tiles, seconds.

    Raises:
        UserError: the raster or an argument does not fit the model, or a file cannot be read or written.
    """
    start = time.perf_counter()
    if tile_size % TILE_MULTIPLE or not 0 < tile_size <= 1 << 14:
        raise UserError(
            f"tile_size={tile_size}: expected a multiple of {TILE_MULTIPLE} from 64 to 16384 pixels"
        )
    _expect_different(input, output)
    stages = CodecStages(network, device)
    with block_cache(), RasterSource(input) as raster:
        metadata = raster.metadata
        _check_raster(raster, specification)
        nodata = specification.nodata if metadata.nodata is None else metadata.nodata
        mask_value = checked_mask_value(nodata, metadata.dtype, str(input))
        pixels = FilledSource(raster, specification, mask_value)
        header = ContainerHeader(
            fingerprint=fingerprint(network),
            network=str(network.description["name"]),
            height=raster.shape[1],
            width=raster.shape[2],
            tile_size=tile_size,
            threads=torch.get_num_threads(),
            value_range=specification.value_range,
            mask_value=mask_value,
            metadata=metadata,
        )
        encoder = SceneEncoder(stages, pixels, tile_size)
        with TemporaryFile(output) as temporary, _disk_errors(output), temporary.open("wb") as stream:
            writer = ContainerWriter(stream, header)
            for tile in with_progress(header.tiles, len(header.tiles), "compressing" if progress else ""):
                writer.write(encoder.record(header.tiles.index(tile)))
            writer.finish()
    return _summary(Path(output), header, start)


def decompress(
    network: CompressionModel,
    specification: ImageSpecification,
    input: str | Path,
    output: str | Path,
    *,
    device: str = "cpu",
    progress: bool = True,
) -> dict[str, Any]:
    """Restore a raster from a `.nadir` file as a tiled, losslessly compressed GeoTIFF.

    Args:
        network: the codec that the file was made with, with coder tables.
        specification: what the network was trained on.
        input: the `.nadir` file.
        output: the GeoTIFF; it appears when it is whole.
        device: where the synthesis runs.
        progress: whether to show a progress bar on standard error.

    Returns:
        bytes (of the `.nadir` file), bits_per_pixel, bits_per_pixel_and_band, tiles, seconds.

    Raises:
        UserError: the file is truncated, altered, made with another model or on a device whose arithmetic
            differs, or the output cannot be written.
    """
    start = time.perf_counter()
    _expect_different(input, output)
    stages = CodecStages(network, device)
    with ContainerReader(input) as container:
        header = container.header
        _check_model(network, specification, container)
        metadata = _restored_metadata(header, specification)
        stored = replace(
            specification, dtype=header.metadata.dtype, value_range=header.value_range, nodata=None
        )
        tiles = header.tiles
        decoder = SceneDecoder(stages, tiles, container.record)
        provenance = {"NADIR_NETWORK": header.network, "NADIR_MODEL": header.fingerprint}
        shape = (specification.num_bands, header.height, header.width)
        with (
            _threads(header.threads),
            block_cache(),
            RasterSink(output, shape, metadata, tiles.tile_size, provenance) as sink,
        ):
            try:
                for core in with_progress(tiles, len(tiles), "decompressing" if progress else ""):
                    index = tiles.index(core)
                    mask = container.record(index).mask
                    if _all_missing(mask, (shape[0], core.height, core.width)):
                        pixels = np.zeros((shape[0], core.height, core.width), metadata.dtype)
                    else:
                        pixels = stored.denormalise(decoder.pixels(index)[:, : core.height, : core.width])
                    sink.write(core, restore(pixels, mask, header.mask_value))
                    decoder.release(index)
            except WrongIntegersError as error:
                raise UserError(
                    f"{input} cannot be decoded here ({error} gave other integers than were coded): it was made "
                    "on a machine whose arithmetic differs; expected the kind of processor and versions it was made with"
                ) from error
            except (ValueError, zlib.error) as error:
                raise UserError(f"{input} is damaged: {error}") from error
    return _summary(Path(input), header, start)


def _check_raster(raster: RasterSource, specification: ImageSpecification) -> None:
    bands, dtype = raster.shape[0], raster.metadata.dtype
    if bands != specification.num_bands or dtype != specification.dtype:
        raise UserError(
            f"{raster.path} has {bands} bands of {dtype}; the model was trained on "
            f"{specification.num_bands} bands of {specification.dtype} ({', '.join(specification.bands)})"
        )


def _check_model(
    network: CompressionModel, specification: ImageSpecification, container: ContainerReader
) -> None:
    header, own = container.header, fingerprint(network)
    if header.fingerprint != own:
        raise UserError(
            f"{container.path} was made with another model ({header.network}, {header.fingerprint[:12]}); "
            f"this one is {network.description['name']}, {own[:12]}"
        )
    if len(header.metadata.bands) != specification.num_bands:
        raise UserError(
            f"{container.path} has {len(header.metadata.bands)} bands; the run's data have {specification.num_bands}"
        )


def _restored_metadata(header: ContainerHeader, specification: ImageSpecification) -> RasterMetadata:
    """The raster's own metadata; bands without a name get the model's."""
    names = zip(header.metadata.bands, specification.bands, strict=True)
    return replace(header.metadata, bands=tuple(own or trained for own, trained in names))


def _all_missing(mask: bytes, shape: tuple[int, int, int]) -> bool:
    if not mask:
        return False
    nodata, not_finite = decode_masks(mask, shape)
    return bool((nodata | not_finite).all())


def _expect_different(input: str | Path, output: str | Path) -> None:
    if Path(input).resolve() == Path(output).resolve():
        raise UserError(f"input and output are the same file, {input}; expected two")


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Compute with that many threads: sums in another order round differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _disk_errors(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error}") from error


def _summary(coded: Path, header: ContainerHeader, start: float) -> dict[str, Any]:
    size = coded.stat().st_size
    bits_per_pixel = 8 * size / math.prod((header.height, header.width))
    return {
        "bytes": size,
        "bits_per_pixel": bits_per_pixel,
        "bits_per_pixel_and_band": bits_per_pixel / len(header.metadata.bands),
        "tiles": len(header.tiles),
        "seconds": time.perf_counter() - start,
    }
