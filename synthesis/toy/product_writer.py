"""Writes a product frame by frame, in either layout."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from errors import UserError
from synthesis.toy.compact_products import CODES, NO_DATA
from synthesis.toy.layout import FRAMES_FILE, INDEX, LAYOUTS, frame_files, write_array, write_json


class ProductWriter:
    """Writes a derived product; the index comes last, so that what has none is unfinished.

    In the published layout every frame is a file of its own: an interrupted product keeps those it `has`. In the
    compact layout the file appears when it is finished, and an interrupted product starts again. Use it as a context
    manager, or call `discard` after an exception: then nothing half-written stays.

    Args:
        folder: of the product; made where it does not exist.
        layout: `published` or `compact`.
        shape: height, width, bands of a frame.
        num_cells: the largest cell number of the annotation.
        horizon: frames of the series, those left out included.

    Raises:
        UserError: an unknown layout.
    """

    def __init__(
        self,
        folder: str | Path,
        layout: str,
        *,
        shape: tuple[int, int, int],
        num_cells: int,
        horizon: int,
    ) -> None:
        if layout not in LAYOUTS:
            raise UserError(f"layout is {layout}: expected one of {', '.join(LAYOUTS)}")
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shape = shape
        self.horizon = horizon
        self._num_cells = num_cells
        kind = PublishedFiles if layout == "published" else CompactFile
        self._store: PublishedFiles | CompactFile = kind(self.folder, shape)

    def has(self, index: int) -> bool:
        """Whether an earlier call has left frame `index`, which then need not be written again."""
        return self._store.has(index)

    def write(self, index: int, frame: np.ndarray, annotation: np.ndarray) -> None:
        """Add a frame.

        Args:
            index: its number, 0 to horizon - 1; ascending order is not needed.
            frame: (H, W, B) float; what is not finite is a missing pixel.
            annotation: (H, W, 2) integer; the same for all frames in the compact layout.

        Raises:
            ValueError: another shape, a number outside of the series, or a frame that is there already.
            UserError: the compact layout is to hold annotations that differ.
        """
        if not 0 <= index < self.horizon:
            raise ValueError(f"frame {index} of a series of {self.horizon}")
        if frame.shape != self.shape or annotation.shape != (*self.shape[:2], 2):
            raise ValueError(f"frame {frame.shape}, annotation {annotation.shape} of a product {self.shape}")
        self._store.write(index, frame, annotation)

    def finish(self) -> None:
        """Write the index, which completes the product."""
        frame_indices, rest = self._store.finish(self.horizon)
        height, width, bands = self.shape
        features = {
            "width": width,
            "height": height,
            "nbands": bands,
            "horizon": self.horizon,
            "ndigit": self._num_cells,
            "nframes": len(frame_indices),
        }
        write_json(self.folder / INDEX, {"features": features, **rest})

    def discard(self) -> None:
        """Remove what is half-written; complete files of the published layout stay."""
        self._store.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


class PublishedFiles:
    """Two HDF5 files per frame, float64 and int16.

    Args:
        folder: of the product.
        shape: height, width, bands of a frame.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        self._folder = folder
        for name in ("frames", "annotations"):
            (folder / name).mkdir(exist_ok=True)

    def has(self, index: int) -> bool:
        """Whether both files of the frame are there."""
        return all((self._folder / name).is_file() for name in frame_files(index).values())

    def write(self, index: int, frame: np.ndarray, annotation: np.ndarray) -> None:
        """Write both files."""
        names = frame_files(index)
        values = frame.astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        write_array(self._folder / names["annotation"], annotation.astype(np.int16))
        write_array(self._folder / names["frame"], values)

    def finish(self, horizon: int) -> tuple[list[int], Mapping[str, Any]]:
        """Numbers of the frames that are there, and what the index says about files."""
        found = [index for index in range(horizon) if self.has(index)]
        files: dict[str, dict[str, str] | None] = {str(index): None for index in range(horizon)}
        return found, {"files": {**files, **{str(index): frame_files(index) for index in found}}}

    def discard(self) -> None:
        """Every file appears complete: there is nothing to remove."""


class CompactFile:
    """One HDF5 file: codes of 16 bits, a chunk per frame, each with a scale and an offset of its own.

    Args:
        folder: of the product.
        shape: height, width, bands of a frame.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        self._path = folder / FRAMES_FILE
        self._temporary = folder / f".{FRAMES_FILE}.partial"
        self._file = h5py.File(self._temporary, "w")
        self._frames = self._file.create_dataset(
            "frames", (0, *shape), CODES, maxshape=(None, *shape), chunks=(1, *shape)
        )
        self._indices: list[int] = []
        self._meaning: list[tuple[float, float]] = []
        self._annotation: np.ndarray | None = None
        self._given: np.ndarray | None = None

    def has(self, index: int) -> bool:
        """Never: the file appears when it is finished."""
        return False

    def write(self, index: int, frame: np.ndarray, annotation: np.ndarray) -> None:
        """Append a frame."""
        if index in self._indices:
            raise ValueError(f"frame {index} is there already")
        if annotation is not self._given:
            self._keep(annotation)
        codes, scale, offset = quantise(frame)
        slot = len(self._indices)
        self._frames.resize(slot + 1, axis=0)
        self._frames.id.write_direct_chunk((slot, 0, 0, 0), codes)
        self._indices.append(index)
        self._meaning.append((scale, offset))

    def finish(self, horizon: int) -> tuple[list[int], Mapping[str, Any]]:
        """Complete the file; numbers of its frames, and what the index says about it."""
        if self._annotation is not None:
            self._file.create_dataset("annotation", data=self._annotation)
        self._file.create_dataset("frame_indices", data=np.array(self._indices, dtype=np.int32))
        for name, values in zip(
            ("scale", "offset"), np.reshape(self._meaning, (-1, 2)).astype(float).T, strict=True
        ):
            self._file.create_dataset(name, data=values)
        self._file.close()
        self._temporary.replace(self._path)
        found = sorted(self._indices)
        return found, {"frames": FRAMES_FILE, "frame_indices": found}

    def discard(self) -> None:
        """Remove the file unless it is finished."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _keep(self, annotation: np.ndarray) -> None:
        narrow = annotation.astype(np.int16)
        if self._annotation is not None and not np.array_equal(narrow, self._annotation):
            raise UserError(
                "the annotation changes from frame to frame: expected layout published, the compact one holds it once"
            )
        self._annotation, self._given = narrow, annotation


def quantise(frame: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Values as 16-bit codes, spread over their own range: `value = code * scale + offset`.

    Args:
        frame: float, of any shape; what is not finite gets the largest code.

    Returns:
        uint16 codes of the same shape, scale, offset. Errors are at most half a scale, which is a 131068th of the
        range.
    """
    low, high = float(frame.min()), float(frame.max())
    missing = None
    if not np.isfinite(high - low):
        missing = ~np.isfinite(frame)
        kept = frame[~missing]
        low, high = (float(kept.min()), float(kept.max())) if kept.size else (0.0, 0.0)
        frame = np.where(missing, low, frame)
    scale = (high - low) / (NO_DATA - 1) or 1.0
    codes = np.subtract(frame, np.asarray(low, frame.dtype), order="C")
    codes *= 1 / scale
    codes += 0.5  # the cast cuts
    whole = codes.astype(CODES)
    if missing is not None:
        whole[missing] = NO_DATA
    return whole, scale, low
