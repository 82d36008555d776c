"""Small codecs with lively latents, and rasters to code with them."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import torch
from compressai.models import CompressionModel

from networks.compression import build_codec, coder_state, load_coder_state
from products.specification import ImageSpecification


@cache
def small_codec(name: str, bands: int, seed: int = 0) -> CompressionModel:
    """A codec with few channels; random weights, scaled so that latents are not all zero nor the picture flat."""
    widths = {"N": 8} if name.startswith("cheng") else {"N": 8, "M": 12}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_codec(name, 1, bands, **widths).eval()
    with torch.no_grad():
        for weight in network.g_a.parameters():
            if weight.ndim == 4:
                weight.mul_(1.5 if name.startswith("cheng") else 3)
        probe = torch.from_numpy(smooth_scene(bands, 64, 64)).float()[None]
        last = network.g_s[-1]
        last = last[0] if name.startswith("cheng") else last
        last.bias[:] = 0
        last.weight *= 0.3 / network.g_s(network.g_a(probe).round()).std()
        last.bias[:] = 0.5  # normalised pixels have mean 0.5 and leave [0, 1] on both sides
    load_coder_state(network, coder_state(network))
    return network


def smooth_scene(bands: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(bands, height, width) in [0, 1]: waves and noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (5 + band) + band) * np.cos(columns / (9 - band % 5)) for band in range(bands)]
    noise = generator.normal(0, 0.05, (bands, height, width))
    return np.clip(0.5 + 0.35 * np.stack(waves) + noise, 0, 1)


def specification(bands: int, dtype: str) -> ImageSpecification:
    """What `smooth_scene` means in digital numbers of `dtype`."""
    high = {"uint8": 255.0, "uint16": 10000.0, "float32": 1.0}[dtype]
    return ImageSpecification(tuple(f"band_{i + 1}" for i in range(bands)), dtype, (0.0, high))


def write_raster(path: Path, pixels: np.ndarray, nodata: float | None = None) -> Path:
    """A georeferenced GeoTIFF with band names and a tag."""
    bands, height, width = pixels.shape
    transform = rasterio.Affine(10.0, 0, 600000.0, 0, -10.0, 5000000.0)
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=height, width=width, dtype=pixels.dtype,
        nodata=nodata, crs="EPSG:32633", transform=transform,
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
        dataset.update_tags(ACQUISITION="2020-06-01")
        for band in range(bands):
            dataset.set_band_description(band + 1, f"B{band + 2:02d}")
    return path


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Makers of what the tests need: `codec`, `scene`, `specification`, `write_raster`."""
    return SimpleNamespace(
        codec=small_codec, scene=smooth_scene, specification=specification, write_raster=write_raster
    )
