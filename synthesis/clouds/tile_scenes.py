"""What tiles are cut of: SLSTR products, masks drawn by hand, made-up masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errors import UserError
from products.binary_mask import BinaryMask, read_binary_mask
from products.slstr_product import SlstrProduct
from synthesis.clouds.false_colour import FALSE_COLOUR_BANDS, false_colour, stretched
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_settings import TileSettings

_LARGEST = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class TileScene:
    """An image and its mask.

    Attributes:
        product: its name.
        label: how messages call it.
        image: (3, H, W) uint8 false colour or (C, H, W) uint16 reflectance, 0 where unknown; None: there is only a mask.
        mask: cloud, and where everything is known.
        bits: what means cloud.
        crop_px: columns at the left and right that are left out.
    """

    product: str
    label: str
    image: np.ndarray | None
    mask: BinaryMask
    bits: str
    crop_px: int = 0


def product_scene(product: SlstrProduct, settings: TileSettings) -> TileScene:
    """Image and mask of an SLSTR product on one grid.

    A pixel is known where it was filled, the flags say something, it is day, and all bands were measured; images are not
    read for `content=masks`.

    Raises:
        UserError: a file that is needed is missing or damaged, or the flags were not populated.
    """
    grid = settings.grid
    cloud = product.cloud_mask(settings.flags, grid)
    known = product.valid(grid) & product.cloud_mask_known(settings.flags, grid)
    image: np.ndarray | None = None
    if settings.content == "both" and settings.geotiff:
        image = np.empty((len(settings.bands), *cloud.shape), np.uint16)
        for place, band in zip(image, settings.bands, strict=True):
            values = product.reflectance(band, grid=grid)
            known &= np.isfinite(values)
            place[:] = digital_numbers(values, settings.scale)
    elif settings.content == "both":
        reflectance = {band: product.reflectance(band, grid=grid) for band in FALSE_COLOUR_BANDS}
        for values in reflectance.values():
            known &= np.isfinite(values)
        image = stretched(false_colour(reflectance), settings.stretch, settings.fixed_range)
    elif not settings.keep_night:
        known &= product.day(grid)
    mask = BinaryMask(cloud & known, known)
    return TileScene(product.name, str(product.path), image, mask, settings.bits_text, settings.crop_px)


def digital_numbers(reflectance: np.ndarray, scale: float) -> np.ndarray:
    """Reflectance times a scale, (H, W) uint16 of at least 1; 0 where it is NaN."""
    numbers = reflectance * np.float32(scale)
    np.rint(numbers, out=numbers)
    np.clip(numbers, 1, _LARGEST, out=numbers)
    return np.nan_to_num(numbers, nan=0.0, copy=False).astype(np.uint16)


def drawn_scene(path: Path) -> TileScene:
    """A mask that somebody drew.

    Raises:
        UserError: it cannot be read or is not binary.
    """
    return TileScene(path.stem, str(path), None, read_binary_mask(path), "drawn")


def procedural_scenes(
    masks: ProceduralMasks, side_px: int, numbers: Sequence[int], seed: int
) -> Iterator[TileScene]:
    """Made-up masks of the size of a tile, one of each number."""
    for number in numbers:
        cloud = masks.mask(side_px, side_px, [seed, number])
        name = procedural_name(seed, number)
        yield TileScene(name, name, None, BinaryMask(cloud, np.ones_like(cloud)), "procedural")


def procedural_name(seed: int, number: int) -> str:
    """How a made-up mask is called."""
    return f"procedural_{seed}_{number:06d}"


def tile_positions(scene: TileScene, tile_px: int, overlap_px: int) -> list[tuple[int, int]]:
    """Rows and columns of the upper left corners of all tiles inside; what is left over at the end is left out.

    Raises:
        UserError: the scene is smaller than a tile.
    """
    height, width = scene.mask.cloud.shape
    step, last = tile_px - overlap_px, width - scene.crop_px - tile_px
    rows = range(0, height - tile_px + 1, step)
    columns = range(scene.crop_px, last + 1, step)
    if not rows or not columns:
        cropped = f" of which {scene.crop_px} columns are cropped on either side" if scene.crop_px else ""
        raise UserError(
            f"{scene.label}: found {height} x {width} pixels{cropped}, expected at least generator.tile_px={tile_px} each way"
        )
    return [(row, column) for row in rows for column in columns]
