"""Cloud tiles as files: cut, looked over, sorted by cover and written."""

import hashlib
from pathlib import Path

import numpy as np

from products.binary_mask import UNKNOWN, BinaryMask, mask_values, png_bytes
from products.patch_raster import replace_bytes, write_patch
from synthesis.clouds.tile_manifest import IMAGES, MASKS, TileRecord, bucket_of
from synthesis.clouds.tile_scenes import TileScene, tile_positions
from synthesis.clouds.tile_settings import TileSettings
from synthesis.worker_threads import StopSign


def write_tiles(
    output: Path, scene: TileScene, settings: TileSettings, sign: StopSign
) -> tuple[list[TileRecord], int]:
    """Write the tiles of a scene that hold enough measurements.

    Args:
        output: folder with `images/` and `masks/`.
        scene: what is cut.
        settings: how.
        sign: is looked at between tiles.

    Returns:
        Their records, without split, and how many were left out.

    Raises:
        UserError: a scene smaller than a tile, or a file that cannot be written.
        Stopped: the sign was put up.
    """
    positions = tile_positions(scene, settings.tile_px, settings.overlap_px)
    only = len(positions) == 1 and scene.mask.cloud.shape == (settings.tile_px, settings.tile_px)
    records, side = [], settings.tile_px
    for row, column in positions:
        sign.check()
        window = (slice(row, row + side), slice(column, column + side))
        known = scene.mask.known[window]
        count = int(np.count_nonzero(known))
        if count == 0 or count / known.size < settings.min_valid_fraction:
            continue
        mask = BinaryMask(scene.mask.cloud[window], known)
        cover = 100 * int(np.count_nonzero(mask.cloud)) / count
        name = scene.product if only else f"{scene.product}_r{row:05d}_c{column:05d}"
        image_path = None if scene.image is None else output / IMAGES / f"{name}{settings.suffix}"
        mask_path = output / MASKS / f"{name}{settings.suffix}"
        if scene.image is not None and image_path is not None:
            _write_image(image_path, scene.image[:, *window], settings)
        _write_mask(mask_path, mask, settings)
        records.append(
            TileRecord(
                name, scene.product, row, column, cover, bucket_of(cover, settings.buckets), count / known.size,
                image_path, mask_path, "" if image_path is None else _sha256(image_path), _sha256(mask_path),
                bits=scene.bits, content="masks" if image_path is None else "both",
            )
        )  # fmt: skip
    return records, len(positions) - len(records)


def _write_image(path: Path, pixels: np.ndarray, settings: TileSettings) -> None:
    if settings.geotiff:
        write_patch(path, pixels, None, bands=settings.bands, nodata=0, tags={"SCALE": f"{settings.scale:g}"})
    else:
        replace_bytes(path, png_bytes(pixels))


def _write_mask(path: Path, mask: BinaryMask, settings: TileSettings) -> None:
    values = mask_values(mask, settings.geotiff)
    if settings.geotiff:
        write_patch(path, values[None], None, bands=["cloud"], nodata=UNKNOWN)
    else:
        replace_bytes(path, png_bytes(values))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
