"""Are these files sound images of one kind? Headers of all, pixels of as many as a budget allows."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from errors import UserError
from products.raster import RasterFile, open_dataset, read_info
from products.raster_header import RasterInfo, UnreadableImage
from products.window import Window

MAX_THREADS = 8
STRIP_BYTES = 16 * 2**20  # pixels decoded at a time when a large raster is checked
NAMED = 5  # broken files that a message names; the rest are counted


def inspect_images(
    root: Path, names: Sequence[str], decode_bytes: int, decode_all_below: int = 0
) -> tuple[dict[str, RasterInfo], dict[str, str]]:
    """Headers of images, and what is wrong with the broken ones.

    Every header is read, and the end of every JPEG and TIFF is looked at. Files that look cut off are decoded
    to be sure; of the others, evenly spread ones are decoded until `decode_bytes` of pixels are reached.

    Args:
        root: folder of the names.
        names: sorted names.
        decode_bytes: budget of decoded pixels, bytes.
        decode_all_below: images of fewer decoded bytes are all decoded, whatever the budget.

    Returns:
        Headers by name, and sentences by name. Results are remembered while a file keeps its size and date.
    """
    with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
        seen = dict(zip(names, pool.map(lambda name: _inspected(root / name, False), names), strict=True))
        infos = {name: info for name, (info, _, _) in seen.items() if info is not None}
        total = sum(info.num_bytes for info in infos.values())
        share = min(1.0, decode_bytes / total) if total else 0.0
        chosen = [
            name
            for number, (name, info) in enumerate(infos.items())
            # Number n is taken when n * share passes an integer: evenly spread, and all of them at share 1.
            if seen[name][2]
            or int((number + 1) * share) > int(number * share)
            or info.num_bytes < decode_all_below
        ]
        decoded = zip(chosen, pool.map(lambda name: _inspected(root / name, True), chosen), strict=True)
        seen |= dict(decoded)
    broken = {name: reason for name, (_, reason, _) in seen.items() if reason}
    return {name: info for name, info in infos.items() if name not in broken}, broken


def name_broken(broken: Mapping[str, str]) -> str:
    """The broken images as one text: the sentences of the first few, and the number of the rest."""
    reasons = [broken[name] for name in sorted(broken)]
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    return "; ".join(reasons[:NAMED]) + more


def check_uniform(infos: Sequence[RasterInfo]) -> None:
    """All images have as many bands, of one type.

    Raises:
        UserError: two images that differ are named.
    """
    first = infos[0]
    for info in infos[1:]:
        if len(info.indexes) != len(first.indexes):
            raise UserError(
                f"the images have different numbers of bands: {first.path} has {len(first.indexes)}, {info.path} has "
                f"{len(info.indexes)}; expected the same in all (data.bands=[1, ...] selects bands by number)"
            )
        if info.dtype != first.dtype:
            raise UserError(
                f"the images have different types of pixels: {first.path} holds {first.dtype}, "
                f"{info.path} holds {info.dtype}; expected the same in all"
            )


def check_size(infos: Sequence[RasterInfo], key: str, patch_size: int) -> None:
    """No image is smaller than the patch.

    Raises:
        UserError: the smallest image, its size and the largest possible patch are named.
    """
    smallest = min(infos, key=lambda info: min(info.height, info.width))
    largest_patch = min(smallest.height, smallest.width)
    if largest_patch < patch_size:
        raise UserError(
            f"data.{key} is {patch_size}, but {smallest.path} has {smallest.height} x {smallest.width} pixels "
            f"(height x width): the largest possible patch is {largest_patch}"
        )


def _inspected(path: Path, decode: bool) -> tuple[RasterInfo | None, str, bool]:
    try:
        status = path.stat()
    except OSError as error:
        return None, f"cannot open {path}: {error.strerror}", False
    return _inspected_version(str(path), status.st_size, status.st_mtime_ns, decode)


@lru_cache(maxsize=200_000)
def _inspected_version(
    path: str, size: int, _mtime_ns: int, decode: bool
) -> tuple[RasterInfo | None, str, bool]:
    # (header, what is wrong, looks cut off). Remembered because preflight and DataModule ask the same.
    try:
        info = read_info(path)
        if decode:
            _decode(info)
        return info, "", _ends_early(info, size)
    except UnreadableImage as error:
        return None, str(error), False


def _decode(info: RasterInfo) -> None:
    if info.driver == "PNG":
        # Pillow checks the sum of each chunk, which GDAL does not.
        try:
            with Image.open(info.path) as image:
                image.verify()
        except (OSError, SyntaxError, ValueError) as error:
            raise UnreadableImage(f"{info.path} is corrupt: {error}") from error
    raster = RasterFile.of(info)
    strip = max(1, STRIP_BYTES // max(1, info.num_bytes // info.height))
    for row in range(0, info.height, strip):
        raster.read(Window(row, 0, min(strip, info.height - row), info.width))


def _ends_early(info: RasterInfo, size: int) -> bool:
    if info.driver == "JPEG":
        with Path(info.path).open("rb") as file:
            file.seek(max(0, size - 64))
            return not file.read().rstrip(b"\0").endswith(b"\xff\xd9")
    if info.driver in ("GTiff", "COG"):
        with open_dataset(info.path) as dataset:
            height, width = dataset.block_shapes[-1]
            block = f"{(info.width - 1) // width}_{(info.height - 1) // height}"
            found = [
                dataset.get_tag_item(f"BLOCK_{key}_{block}", "TIFF", bidx=dataset.count)
                for key in ("OFFSET", "SIZE")
            ]
            return None not in found and int(np.sum([int(number) for number in found])) > size
    return False
