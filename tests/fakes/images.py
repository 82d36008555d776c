"""Tiny images in the true on-disk formats."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from PIL import Image

CRS = "EPSG:32633"


def scene(seed=0, bands=3, height=48, width=64, *, dtype="uint8", high=None):
    """Smooth random pixels (C, H, W) of an integer type from 1 to `high`, or floats in [0, 1)."""
    generator = np.random.default_rng(seed)
    coarse = generator.random((bands, height // 4 + 1, width // 4 + 1))
    fine = (
        coarse.repeat(4, 1).repeat(4, 2)[:, :height, :width] * 0.9
        + generator.random((bands, height, width)) * 0.1
    )
    if np.dtype(dtype).kind == "f":
        return fine.astype(dtype)
    return (1 + fine * ((high or np.iinfo(dtype).max) - 1)).astype(dtype)


def _made(path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def jpeg(path, seed=0, height=48, width=64, mode="RGB"):
    pixels = np.moveaxis(scene(seed, 3, height, width), 0, -1)
    Image.fromarray(pixels).convert(mode).save(_made(path), format="JPEG", quality=95)
    return Path(path)


def png(path, seed=0, height=48, width=64, alpha=None):
    """RGB, or RGBA with `alpha` (H, W) uint8; returns the pixels (3, H, W)."""
    pixels = scene(seed, 3, height, width)
    stack = pixels if alpha is None else np.concatenate([pixels, alpha[None]])
    Image.fromarray(np.moveaxis(stack, 0, -1)).save(_made(path), format="PNG")
    return pixels


def palette_png(path, seed=0, height=48, width=64):
    """Sixteen colours; returns the colours of the pixels (3, H, W)."""
    image = Image.fromarray(np.moveaxis(scene(seed, 3, height, width), 0, -1)).quantize(16)
    image.save(_made(path), format="PNG")
    return np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)


def geotiff(
    path, pixels, *, nodata=None, names=None, origin=(330000.0, 5822040.0), pixel_size=10.0, **options
):
    """Any pixels (C, H, W); `origin=None` leaves the georeference out."""
    options = {
        key: value for key, value in ({"photometric": "minisblack"} | options).items() if value is not None
    }
    bands, height, width = pixels.shape
    place = {}
    if origin is not None:
        transform = Affine(pixel_size, 0, origin[0], 0, -pixel_size, origin[1])
        place = {"crs": CRS, "transform": transform}
    with rasterio.open(
        _made(path), "w", driver="GTiff", count=bands, height=height, width=width, dtype=pixels.dtype,
        nodata=nodata, **place, **options,
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
        for number, name in enumerate(names or (), 1):
            dataset.set_band_description(number, name)
    return Path(path)


def cut_in_half(path):
    """Leave the first half of a file."""
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
    return Path(path)


def aid(root, classes=("Airport", "Beach", "Port"), per_class=4, height=48, width=48):
    """Class folders of JPEG images, as AID is delivered."""
    for number, name in enumerate(classes):
        for image in range(per_class):
            jpeg(Path(root) / name / f"{name.lower()}_{image}.jpg", number * 100 + image, height, width)
    return Path(root)
