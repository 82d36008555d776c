"""Folders of images: checked, split, and what their pixels mean."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from products.image_checks import check_size, check_uniform, inspect_images, name_broken
from products.image_folder import SUFFIXES, ImageFolder, existing, find_images
from products.image_sides import make_split
from products.image_split import Split
from products.raster_header import RasterInfo
from products.specification import ImageSpecification

LOG = logging.getLogger(__name__)
ALWAYS_DECODED_BYTES = 64 * 2**20  # with on_error=skip, images up to this size are decoded before training


@dataclass(frozen=True)
class ImagePlan:
    """Sound images and who reads what of them.

    Attributes:
        root: the folder that names are relative to.
        infos: headers by name, seen through the selected bands.
        split: the sides.
    """

    root: Path
    infos: Mapping[str, RasterInfo]
    split: Split


def preflight(**options: Any) -> None:
    """Check a folder of images before anything heavy is imported; the keys are those of `ImageFolder`.

    Raises:
        UserError: missing or empty folder, unreadable images, mixed band counts or types, a patch that is
            larger than the images, or images that cannot be divided into training and test.
    """
    plan_images(ImageFolder(**options))


def plan_images(folder: ImageFolder) -> ImagePlan:
    """Find the images, check them and split them; see `preflight` for what is refused."""
    root = existing(Path(folder.root).expanduser())
    names = find_images(root)
    if not names:
        raise UserError(
            f"data.root={root} holds no images: expected {', '.join(SUFFIXES)} files in it or below it"
        )
    skip = folder.on_error == "skip"
    base = root if root.is_dir() else root.parent
    always = ALWAYS_DECODED_BYTES if skip else 0
    headers, broken = inspect_images(base, names, folder.decode_mb * 2**20, always)
    if broken and (not skip or not headers):
        hint = "" if skip else " (data.on_error=skip leaves them out)"
        raise UserError(f"{len(broken)} of {len(names)} images cannot be read: {name_broken(broken)}{hint}")
    if broken:
        LOG.warning("left out %d of %d images: %s", len(broken), len(names), name_broken(broken))
    infos = {name: info.select(folder.bands) for name, info in headers.items()}
    check_uniform(list(infos.values()))
    if folder.test_on == "test":
        check_size(list(infos.values()), "patch_size", folder.patch_size)
    if folder.tile_size is not None:
        check_size(
            list(infos.values()),
            "test_patch_size" if folder.test_patch_size else "patch_size",
            folder.tile_size,
        )
    return ImagePlan(base, infos, make_split(folder, names, infos))


def infer_specification(
    infos: Iterable[RasterInfo], value_range: Sequence[float] | None = None
) -> ImageSpecification:
    """What the pixels of uniform images mean.

    Args:
        infos: headers of all images. Names of bands and nodata are taken where all agree; else the bands are
            numbered, and there is no nodata.
        value_range: declared (low, high); None = what an integer type holds, [0, 1] for floats.
    """
    infos = list(infos)
    names, nodatas = {info.band_names for info in infos}, {str(info.nodata) for info in infos}
    first = infos[0]
    numbered = tuple(f"band_{number}" for number in range(1, len(first.indexes) + 1))
    stored = np.dtype(first.dtype)
    if value_range is None:
        full = (
            (0.0, 1.0) if stored.kind == "f" else (float(np.iinfo(stored).min), float(np.iinfo(stored).max))
        )
        declared = {info.bits_per_sample for info in infos} - {None}
        bits = max((bit for bit in declared if bit is not None), default=12)
        if stored.kind == "f":
            LOG.info(
                "floating point images are taken to lie in [0, 1]: data.value_range=[low, high] declares theirs"
            )
        elif stored != np.uint8:
            LOG.info(
                "%s images are scaled by [%g, %g]: data.value_range declares the sensor's (%d bits: [0, %d])",
                first.dtype, *full, bits, 2**bits - 1,
            )  # fmt: skip
        value_range = full
    elif len(value_range) != 2:
        raise UserError(f"data.value_range is {list(value_range)}: expected two numbers, [low, high]")
    return ImageSpecification(
        bands=first.band_names if len(names) == 1 else numbered,
        dtype=first.dtype,
        value_range=(float(value_range[0]), float(value_range[1])),
        nodata=first.nodata if len(nodatas) == 1 else None,
    )
