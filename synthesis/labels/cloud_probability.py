"""Where the cloud probability of a mask comes from: a file, or s2cloudless on the scene itself."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from errors import UserError
from products.grid import Grid, GridRelation
from products.resampling import coarse_window_for, upsample
from products.scene import Scene
from products.window import Window
from synthesis.labels.aligned_raster import AlignedRaster, NumberFacts
from synthesis.worker_threads import StopSign

_BLOCK = 512  # pixels a side that are classified at a time
_LOADING = threading.Lock()


class CloudProbability(Protocol):
    """Anything that knows a cloud probability."""

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) float32 probability, 0 to 1, and (h, w) bool: where it is known."""

    def close(self) -> None:
        """Close what is open."""


class FileProbability:
    """A raster of cloud probabilities, bilinearly on the grid of the mask.

    Args:
        path: the file.
        grid: of the mask.
        scale: the number in it that stands for certainty, e.g. 100.

    Raises:
        UserError: it cannot be read, or lies elsewhere.
    """

    def __init__(self, path: Path, grid: Grid, scale: float) -> None:
        facts = NumberFacts(valid_range=(0.0, scale), resampling="bilinear")
        self.scale = scale
        self.raster = AlignedRaster(path, grid, f"cloudless={path}", facts=facts)

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `CloudProbability.read`."""
        numbers, known = self.raster.read(window)
        probability = np.where(
            known[0], numbers[0].astype(np.float32) / np.float32(self.scale), np.float32(0)
        )
        return np.clip(probability, 0, 1), known[0]

    def close(self) -> None:
        """Close the file."""
        self.raster.close()


class DetectedProbability:
    """s2cloudless on a scene.

    The detector takes reflectance (harmonised digital numbers / 10 000), pixel by pixel. Coarser than the scene it takes
    means of blocks of pixels, and its probability is interpolated bilinearly between them.

    Args:
        scene: with the bands of the detector, in its order.
        resolution_m: at which it works; None: the scene's.
        num_threads: of the detector.
        sign: where a job is asked to end.

    Raises:
        UserError: the package is not installed, or the resolution is no multiple of the scene's.

    Source: A. Zupanc, Improving Cloud Detection with Machine Learning (2017); Sentinel Hub's s2cloudless.
    """

    def __init__(
        self, scene: Scene, resolution_m: float | None, num_threads: int, sign: StopSign | None = None
    ) -> None:
        self.scene, self.num_threads, self.sign = scene, num_threads, sign or StopSign()
        self.factor = _factor(scene, resolution_m)
        self._detector = detector()
        self._coarse: tuple[np.ndarray, np.ndarray] | None = None

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `CloudProbability.read`."""
        if self.factor == 1:
            pixels, valid = self.scene.read(window)
            return self._detect(pixels, valid), valid
        if self._coarse is None:
            self._coarse = self._detect_coarse()
        probability, known = self._coarse
        relation = GridRelation(self.factor)
        cells = coarse_window_for(window, relation, probability.shape)
        rows, columns = slice(cells.row, cells.bottom), slice(cells.column, cells.right)
        weights = upsample(known[None, rows, columns].astype(np.float32), relation, cells, window)[0]
        values = upsample(probability[None, rows, columns], relation, cells, window)[0]
        inside = weights > 1e-6
        return np.clip(np.divide(values, weights, out=np.zeros_like(values), where=inside), 0, 1), inside

    def close(self) -> None:
        """Close the scene."""
        self.scene.close()

    def _detect(self, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """(C, h, w) harmonised digital numbers to (h, w) float32; 0 where not valid."""
        probability = np.zeros(valid.shape, np.float32)
        if valid.any():
            reflectance = (pixels[:, valid].T / np.float32(10_000))[None, None]
            found = self._detector.get_cloud_probability_maps(reflectance, num_threads=self.num_threads)
            probability[valid] = found[0, 0]
        return probability

    def _detect_coarse(self) -> tuple[np.ndarray, np.ndarray]:
        """Probability and where it is known, both on the coarse grid; cells at the ends may be cut off by the scene."""
        factor = self.factor
        shape = tuple(-(-side // factor) for side in self.scene.grid.shape)
        probability, known = np.zeros(shape, np.float32), np.zeros(shape, bool)
        cells = max(_BLOCK // factor, 1)
        for row in range(0, shape[0], cells):
            for column in range(0, shape[1], cells):
                self.sign.check()
                window = Window(row * factor, column * factor, cells * factor, cells * factor)
                means, there = _block_means(*self.scene.read(window.clip(*self.scene.grid.shape)), factor)
                place = np.s_[row : row + there.shape[0], column : column + there.shape[1]]
                probability[place], known[place] = self._detect(means, there), there
        return probability, known

    def __enter__(self) -> "DetectedProbability":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def detector() -> Any:
    """The detector of the package with its own weights; each call gives one of its own.

    Raises:
        UserError: the package is not installed.
    """
    try:
        with _LOADING:  # the package's imports are many
            from s2cloudless import S2PixelCloudDetector
    except ImportError as error:
        raise UserError(
            f"generator.cloudless: found none, and s2cloudless, which would compute it, cannot be imported ({error}); "
            "expected cloudless=DIR, or the package: uv pip install s2cloudless"
        ) from error
    return S2PixelCloudDetector(all_bands=False)


def _factor(scene: Scene, resolution_m: float | None) -> int:
    if resolution_m is None:
        return 1
    if scene.grid.transform is None:
        raise UserError(
            f"generator.cloudless_resolution_m: found {resolution_m:g} for {scene.path}, which has no georeference; "
            "expected null"
        )
    ratio = resolution_m / abs(scene.grid.transform[0])
    if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
        raise UserError(
            f"generator.cloudless_resolution_m: found {resolution_m:g}, expected a multiple of the pixels of {scene.path} "
            f"({abs(scene.grid.transform[0]):g})"
        )
    return round(ratio)


def _block_means(pixels: np.ndarray, valid: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of the valid pixels of blocks, (C, h, w) float32, and which blocks have any."""
    height, width = valid.shape
    below, right = -height % factor, -width % factor
    pixels = np.pad(pixels * valid, ((0, 0), (0, below), (0, right)))
    valid = np.pad(valid, ((0, below), (0, right)))
    shape = (valid.shape[0] // factor, factor, valid.shape[1] // factor, factor)
    count = valid.reshape(shape).sum((1, 3))
    total = pixels.reshape(-1, *shape).sum((2, 4), dtype=np.float64)
    return (total / np.maximum(count, 1)).astype(np.float32), count > 0
