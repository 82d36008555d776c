"""Small cloud tiles that nobody measured, so that generators of clouds can be trained without data."""

import hashlib
import json
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path

import numpy as np

from errors import UserError
from products.binary_mask import BinaryMask
from synthesis.clouds.procedural_clouds import ProceduralClouds
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_manifest import MANIFEST, write_manifest
from synthesis.clouds.tile_scenes import TileScene, procedural_name
from synthesis.clouds.tile_settings import TileSettings
from synthesis.clouds.tile_split import with_splits
from synthesis.clouds.tile_writing import write_tiles
from synthesis.worker_threads import StopSign

VERSION = 1  # of how tiles are made: caches of other versions are not used
SMALLEST_PX = 16


def generated_tiles(
    cache: str | Path,
    *,
    count: int = 96,
    tile_px: int = 64,
    seed: int = 0,
    masks: ProceduralMasks | None = None,
    clouds: ProceduralClouds | None = None,
) -> Path:
    """Folder of made-up masks with images of made-up clouds, made if the cache lacks it; see `read_manifest`.

    It is made under a name of its own and renamed: of several processes one wins, the others use its tiles.

    Args:
        cache: folder of all such folders.
        count: tiles; at least 3, one of each split.
        tile_px: side of a tile.
        seed: of everything random.
        masks, clouds: how they look.

    Raises:
        UserError: too few or too small tiles, or a cache that cannot be written.
    """
    if count < 3 or tile_px < SMALLEST_PX or seed < 0:
        raise UserError(
            f"data.generator: found count={count}, tile_px={tile_px}, seed={seed}, expected at least 3 tiles of at least "
            f"{SMALLEST_PX} pixels and a seed of at least 0"
        )
    masks, clouds = masks or ProceduralMasks(), clouds or ProceduralClouds()
    facts = [VERSION, count, tile_px, seed, asdict(masks), asdict(clouds)]
    key = hashlib.sha256(json.dumps(facts, default=list).encode()).hexdigest()[:12]
    folder = Path(cache) / f"clouds_{key}"
    if (folder / MANIFEST).is_file():
        return folder
    unfinished = Path(cache) / f".{folder.name}-{uuid.uuid4().hex}"
    try:
        _write(unfinished, count, tile_px, seed, masks, clouds)
        unfinished.rename(folder)
    except OSError as error:
        if not (folder / MANIFEST).is_file():
            raise UserError(
                f"data.cache: {folder} cannot be written ({error}), expected a writable folder"
            ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _write(
    folder: Path, count: int, tile_px: int, seed: int, masks: ProceduralMasks, clouds: ProceduralClouds
) -> None:
    settings, sign = TileSettings(tile_px=tile_px, crop_px=0), StopSign()
    records = []
    for number in range(count):
        cloud = masks.mask(tile_px, tile_px, [seed, number])
        image = np.rint(clouds.image(cloud, [seed, number]) * 255).astype(np.uint8)
        name = procedural_name(seed, number)
        scene = TileScene(name, name, image, BinaryMask(cloud, np.ones_like(cloud)), "procedural")
        records += write_tiles(folder, scene, settings, sign)[0]
    write_manifest(folder, with_splits(records, seed=seed, tile_px=tile_px))
