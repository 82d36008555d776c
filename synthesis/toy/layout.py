"""Toy products on disk: the published layout, a compact one, and one reader for both.

Both keep `index.json` in the product's folder, written last: a folder without it is unfinished.

* published: `frames/frame_<i>.h5` (float64, H x W x B) and `annotations/annotation_<i>.h5` (int16, H x W x 2),
  each with one dataset `data`; `index.json` with `features` and `files`, as the original writes them.
* compact: `scene.h5`, float32, chunked: `annotation` and `texture` once, `series` (T, N + 1, B); a frame is
  their sum. `index.json` has `features` and `scene`.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import UserError
from synthesis.toy.scene import Scene, compose

INDEX = "index.json"
SCENE_FILE = "scene.h5"  # a latent product in the compact layout
FRAMES_FILE = "frames.h5"  # a derived product in the compact layout
CHUNK_PX = 64  # side of a chunk: a crop reads little more than itself

Window = tuple[int, int, int, int]  # row, column, height, width in pixels


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


def write_published_frame(folder: Path, scene: Scene, index: int) -> None:
    """Write frame and annotation `index` unless they are there already; `folder` must have its two sub-folders."""
    frame, annotation = (folder / name for name in frame_files(index).values())
    if not frame.exists():
        write_array(frame, scene.frame(index).astype(np.float64))
    if not annotation.exists():
        write_array(annotation, scene.annotation)


def write_published_index(folder: Path, scene: Scene) -> None:
    """Write the index, which completes a product in the published layout."""
    files = {str(index): frame_files(index) for index in range(scene.num_frames)}
    write_json(folder / INDEX, {"features": features(scene), "files": files})


def write_compact(folder: Path, scene: Scene) -> None:
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


def features(scene: Scene) -> dict[str, int]:
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


class Product(ABC):
    """A product on disk, read frame by frame.

    Attributes:
        folder: of the product.
        features: of `index.json`.
        frame_indices: the frames that exist, ascending.
    """

    def __init__(self, folder: Path, features: dict[str, int], frame_indices: list[int]) -> None:
        self.folder = folder
        self.features = features
        self.frame_indices = frame_indices

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, bands of a frame."""
        return self.features["height"], self.features["width"], self.features["nbands"]

    @abstractmethod
    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """Pixels (h, w, B), float64 (published) or float32 (compact); all of the frame without a window."""

    @abstractmethod
    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """Cell number and class (h, w, 2) int16, 0 = background; all of the frame without a window."""


class PublishedProduct(Product):
    """The published layout; a frame left out (null in the index) is not in `frame_indices`."""

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self._files = {int(number): names for number, names in index["files"].items() if names}
        super().__init__(folder, index["features"], sorted(self._files))

    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.frame`."""
        return self._read(index, "frame", window)

    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.annotation`."""
        return self._read(index, "annotation", window)

    def _read(self, index: int, kind: str, window: Window | None) -> np.ndarray:
        path = self.folder / self._files[index][kind]
        with _opened(path) as file:
            return file["data"][_slices(window)]


class CompactProduct(Product):
    """The compact layout; the file is opened for every read, so that workers share nothing."""

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self._path = folder / index["scene"]
        super().__init__(folder, index["features"], list(range(index["features"]["nframes"])))

    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.frame`."""
        if index not in self.frame_indices:
            raise KeyError(index)
        part = _slices(window)
        with _opened(self._path) as file:
            cells = file["annotation"][(*part, 0)]
            return compose(cells, file["texture"][part], file["series"][index])

    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.annotation`; the same for all frames."""
        if index not in self.frame_indices:
            raise KeyError(index)
        with _opened(self._path) as file:
            return file["annotation"][_slices(window)]


def open_product(folder: str | Path) -> Product:
    """Open a product of either layout.

    Raises:
        UserError: the folder holds no complete product.
    """
    folder = Path(folder)
    path = folder / INDEX
    if not path.is_file():
        raise UserError(f"{folder} holds no toy product: expected {INDEX} (was its generation interrupted?)")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}): expected the index of a toy product") from error
    if "features" in index and "files" in index:
        return PublishedProduct(folder, index)
    if "features" in index and "scene" in index:
        return CompactProduct(folder, index)
    raise UserError(f"{path} is no index of a toy product: expected 'features' and 'files' or 'scene'")


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}): expected an HDF5 file of a toy product") from error
    with file:
        yield file


def _slices(window: Window | None) -> tuple[slice, slice]:
    if window is None:
        return slice(None), slice(None)
    row, column, height, width = window
    return slice(row, row + height), slice(column, column + width)
