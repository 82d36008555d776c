"""Small images without clouds, as users have them: 8-bit pictures, and GeoTIFFs of reflectance x 10 000."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.crs import CRS

from products.grid import Grid
from products.patch_raster import write_patch

UTM = CRS.from_epsg(32632).to_wkt()
BANDS = ("S1", "S2", "S3", "S5")


def picture(path: Path, height: int = 40, width: int = 40, *, seed: int = 0, bands: int = 3) -> np.ndarray:
    """Write an 8-bit picture of dark ground; its pixels (C, H, W)."""
    pixels = np.random.default_rng(seed).integers(10, 110, (bands, height, width), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.moveaxis(pixels, 0, -1) if bands == 3 else pixels[0]).save(path)
    return pixels


def geotiff(
    path: Path,
    height: int = 40,
    width: int = 40,
    *,
    bands: Sequence[str] = BANDS,
    seed: int = 0,
    void: tuple[slice, slice] | None = None,
    pixel_m: float = 500.0,
    dtype: str = "uint16",
) -> np.ndarray:
    """Write reflectance of dark ground: x 10 000 as whole numbers, 0 in `void`, or fractions; its pixels (C, H, W)."""
    pixels = np.random.default_rng(seed).integers(300, 3000, (len(bands), height, width), dtype=np.uint16)
    if void is not None:
        pixels[:, *void] = 0
    grid = Grid(height, width, UTM, (pixel_m, 0.0, 400_000.0, 0.0, -pixel_m, 5_000_000.0))
    stored = pixels if dtype == "uint16" else (pixels / 10_000).astype(dtype)
    write_patch(path, stored, grid, bands=bands, nodata=0 if dtype == "uint16" else None)
    return pixels


def cloud_masks(folder: Path, count: int = 3, side: int = 24, *, geotiff: bool = False) -> list[np.ndarray]:
    """Write binary masks with a disc of cloud each, (H, W) bool."""
    rows, columns = np.indices((side, side))
    masks = []
    for number in range(count):
        mask = np.hypot(rows - side / 2, columns - 4 - 5 * number) < side / 3
        if geotiff:
            write_patch(folder / f"mask_{number}.tif", mask[None].astype(np.uint8), None, nodata=255)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"mask_{number}.png")
        masks.append(mask)
    return masks
