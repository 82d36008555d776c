"""Cloud tiles of some pixels, as `generate.py generator=cloud_tiles` writes them. Nothing here was measured."""

import numpy as np

from products.binary_mask import BinaryMask
from synthesis.clouds.tile_manifest import write_manifest
from synthesis.clouds.tile_scenes import TileScene
from synthesis.clouds.tile_settings import TileSettings
from synthesis.clouds.tile_split import with_splits
from synthesis.clouds.tile_writing import write_tiles
from synthesis.worker_threads import StopSign


def write(folder, *, products=4, rows=2, columns=2, tile_px=16, format="png", images=True, gap_px=0, seed=0):
    """Tiles of `products` scenes of `rows` x `columns` tiles; returns their records.

    The clouds of tile (row, column) fill its first 3 + row + column rows. Images are 200 where there is cloud, plus
    the number of the product; GeoTIFFs have the bands S1, S3, S5 with 5000 there.

    Args:
        gap_px: columns at the left of each product in which nothing is known.
    """
    geotiff = format == "geotiff"
    settings = TileSettings(
        tile_px=tile_px, crop_px=0, format=format, bands=("S1", "S3", "S5"), min_valid_fraction=0.1
    )
    records = []
    for product in range(products):
        cloud = np.zeros((rows * tile_px, columns * tile_px), bool)
        for row in range(rows):
            for column in range(columns):
                cloud[
                    row * tile_px : row * tile_px + 3 + row + column,
                    column * tile_px : (column + 1) * tile_px,
                ] = True
        known = np.ones_like(cloud)
        known[:, :gap_px] = False
        noise = np.random.default_rng([seed, product]).integers(1, 20, (3, *cloud.shape))
        image = np.where(cloud, 5000 if geotiff else 200, 0) + noise + product
        image = np.where(known, image, 0).astype(np.uint16 if geotiff else np.uint8)
        name = f"P{product}"
        scene = TileScene(name, name, image if images else None, BinaryMask(cloud & known, known), "summary")
        records += write_tiles(folder, scene, settings, StopSign())[0]
    records = with_splits(records, (0.5, 0.25, 0.25), tile_px=tile_px)
    write_manifest(folder, records)
    return records
