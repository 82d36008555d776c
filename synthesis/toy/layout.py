"""Toy products on disk: the published layout, two compact ones, and `open_product`, which reads them all.

All keep `index.json` in the product's folder, written last: a folder without it is unfinished.

* published: `frames/frame_<i>.h5` (float64, H x W x B) and `annotations/annotation_<i>.h5` (int16, H x W x 2),
  each with one dataset `data`; `index.json` with `features` and `files`, as the original writes them.
* compact, latent products: `scene.h5`, float32, chunked: `annotation` and `texture` once, `series`
  (T, N + 1, B); a frame is their sum. `index.json` has `features` and `scene`.
* compact, derived products: `frames.h5`, written by `synthesis.toy.product_writer`: `frames` (T, H, W, B) uint16,
  a chunk each, `scale` and `offset` (T,), `frame_indices` (T,), `annotation` once. A value is
  `code * scale + offset`; the largest code is a missing pixel. `index.json` has `features`, `frames` and
  `frame_indices`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from errors import UserError
from synthesis.toy.compact_products import CompactFrames, CompactProduct
from synthesis.toy.product import Product, Window
from synthesis.toy.published_product import PublishedProduct

if TYPE_CHECKING:  # drawing a scene imports scipy, reading one need not
    from synthesis.toy.scene import Scene

# What reads products needs no other module than this one.
__all__ = ["CompactFrames", "CompactProduct", "Product", "PublishedProduct", "Window", "open_product"]

INDEX = "index.json"
SCENE_FILE = "scene.h5"  # a latent product in the compact layout
FRAMES_FILE = "frames.h5"  # a derived product in the compact layout
CHUNK_PX = 64  # side of a chunk: a crop reads little more than itself

LAYOUTS = ("published", "compact")

# By the key of the index that tells them apart.
_READERS: dict[str, Callable[[Path, dict[str, Any]], Product]] = {
    "files": PublishedProduct,
    "scene": CompactProduct,
    "frames": CompactFrames,
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to it at the end, or removed on an exception."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON on one line, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an HDF5 file with the contiguous dataset `data`, all or nothing; equal arrays, equal bytes."""
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset("data", data=array)


def write_published_frame(folder: Path, scene: "Scene", index: int) -> None:
    """Write frame and annotation `index` unless they are there already; `folder` must have its two sub-folders."""
    frame, annotation = (folder / name for name in frame_files(index).values())
    if not frame.exists():
        write_array(frame, scene.frame(index).astype(np.float64))
    if not annotation.exists():
        write_array(annotation, scene.annotation)


def write_published_index(folder: Path, scene: "Scene") -> None:
    """Write the index, which completes a product in the published layout."""
    files = {str(index): frame_files(index) for index in range(scene.num_frames)}
    write_json(folder / INDEX, {"features": features(scene), "files": files})


def write_compact(folder: Path, scene: "Scene") -> None:
    """Write a complete product in the compact layout."""
    height, width, bands = scene.texture.shape
    chunk = (min(CHUNK_PX, height), min(CHUNK_PX, width))
    with replacing(folder / SCENE_FILE) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset(
            "annotation", data=scene.annotation, chunks=(*chunk, 2), compression="gzip", compression_opts=1
        )
        # Noise does not compress.
        file.create_dataset("texture", data=scene.texture.astype(np.float32), chunks=(*chunk, bands))
        file.create_dataset(
            "series", data=scene.series.astype(np.float32), chunks=(1, *scene.series.shape[1:])
        )
    write_json(folder / INDEX, {"features": features(scene), "scene": SCENE_FILE})


def frame_files(index: int) -> dict[str, str]:
    """Relative paths of frame and annotation `index` in the published layout."""
    return {"frame": f"frames/frame_{index}.h5", "annotation": f"annotations/annotation_{index}.h5"}


def features(scene: "Scene") -> dict[str, int]:
    """The `features` of `index.json`; `ndigit` is the number of cells (a name of the original)."""
    height, width, bands = scene.texture.shape
    steps = scene.num_frames
    cells = scene.series.shape[1] - 1
    return {
        "width": width,
        "height": height,
        "nbands": bands,
        "horizon": steps,
        "ndigit": cells,
        "nframes": steps,
    }


def open_product(folder: str | Path) -> Product:
    """Open a product of any layout; frames are read when they are asked for.

    Raises:
        UserError: the folder holds no complete product, or its index names a file outside of it.
    """
    folder = Path(folder)
    path = folder / INDEX
    if not path.is_file():
        raise UserError(f"{folder} holds no toy product: expected {INDEX} (was its generation interrupted?)")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}): expected the index of a toy product") from error
    if isinstance(index, dict) and "features" in index:
        for key, reader in _READERS.items():
            if key in index:
                return reader(path, index)
    raise UserError(
        f"{path} is no index of a toy product: expected 'features' and one of {', '.join(_READERS)}"
    )
