"""Folders of pairs of cloudy images and cloud masks, small, as `generator=cloud_pairs` leaves them."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from products.patch_raster import write_patch
from products.raster_scene import HARMONISED_TAG
from synthesis.clouds.pair_manifest import COLUMNS, FOLDERS, MANIFEST

BANDS = ("B3", "B4", "B8", "B11")


def pairs(
    folder: Path,
    count: int = 6,
    side: int = 24,
    *,
    bands: Sequence[str] = BANDS,
    splits: Sequence[str] = (),
    pictures: bool = False,
) -> list[np.ndarray]:
    """Write pairs whose upper rows are cloud, one row more in each: bright where the mask says so; masks (h, w) bool."""
    rows, masks = [], []
    for number in range(count):
        name, suffix = f"{number + 1:05d}", ".png" if pictures else ".tif"
        cloud = np.zeros((side, side), bool)
        cloud[: 4 + number] = True
        files = {kind: f"{below}/{name}{suffix}" for below, kind in FOLDERS.items()}
        for kind, file in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            _write(folder / file, cloud, kind == "mask", bands, pictures)
        row = {
            **dict.fromkeys(COLUMNS, ""),
            **files,
            "id": name,
            "cover_percent": f"{100 * cloud.mean():.4f}",
        }
        rows.append({**row, "split": splits[number] if splits else ""})
        masks.append(cloud)
    with (folder / MANIFEST).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return masks


def _write(path: Path, cloud: np.ndarray, mask: bool, bands: Sequence[str], pictures: bool) -> None:
    if pictures:
        pixels = cloud.astype(np.uint8) * 255 if mask else np.stack([cloud.astype(np.uint8) * 200] * 3, -1)
        Image.fromarray(pixels).save(path)
    elif mask:
        write_patch(path, cloud[None].astype(np.uint8), None, nodata=255)
    else:
        pixels = np.stack([np.where(cloud, 6000, 1000 + 10 * number) for number in range(len(bands))])
        write_patch(path, pixels.astype(np.uint16), None, bands=bands, nodata=0, tags={HARMONISED_TAG: "1"})
