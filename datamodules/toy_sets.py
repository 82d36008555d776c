"""Datasets of `data=toy`: random crops of frames for training, whole frames scene by scene for evaluation."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset, Sampler

from synthesis.toy.layout import Window
from synthesis.toy.tasks import TaskScene

SceneFrames = Sequence[tuple[TaskScene, Sequence[int]]]  # scenes with the frames to use of each
PICTURES = ("source", "target", "valid", "mask", "image")  # of a sample: what is turned
SECOND_DOMAIN = 1  # in the seed of what an unpaired sample draws from its other domain


class TrainingCrops(Dataset):
    """Crops of frames, or of runs of frames, of training scenes; indexed by `(index, draw)`.

    Position and augmentation come from `numpy.random.default_rng([seed, satellite, draw])`. A sample is a dict (see
    `read`); nothing is kept of a scene.

    Args:
        scenes: scenes and their frames, ascending.
        patch_size: side of a crop, pixels; None = whole frames.
        sequence_length: frames in a sample, consecutive ones of `scenes`; 1 gives samples without a time axis.
        augmentation: `none` or `dihedral`.
        mask: `classes` or `instances`.
        segmentation: whether samples are `image` and `mask` instead of `source` and `target`.
        seed, satellite: see above.
    """

    def __init__(
        self,
        scenes: SceneFrames,
        *,
        patch_size: int | None,
        sequence_length: int,
        augmentation: str,
        mask: str,
        segmentation: bool,
        seed: int,
        satellite: int,
    ) -> None:
        self.scenes = scenes
        self.patch_size, self.sequence_length = patch_size, sequence_length
        self.augmentation, self.mask, self.segmentation = augmentation, mask, segmentation
        self.seed, self.satellite = seed, satellite
        self.runs = [
            (number, start)
            for number, (_, frames) in enumerate(scenes)
            for start in range(len(frames) - sequence_length + 1)
        ]

    def __len__(self) -> int:
        return len(self.runs)

    def labels(self, kind: str) -> list[str]:
        """The scene of each sample, as its class, place and unit; see `shards.Labelled`."""
        return [self.scenes[number][0].name for number, _ in self.runs]

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        number, start = self.runs[index]
        scene, frames = self.scenes[number]
        chosen = list(frames[start : start + self.sequence_length])
        window, turn = self.drawn(scene, np.random.default_rng([self.seed, self.satellite, draw]))
        if self.sequence_length > 1:
            sample = read_sequence(scene, chosen, window, self.mask)
        else:
            sample = read_sample(scene, chosen[0], window, self.mask, self.segmentation)
        return {key: turn(value) if key in PICTURES else value for key, value in sample.items()}

    def drawn(self, scene: TaskScene, rng: np.random.Generator) -> tuple[Window, "Turn"]:
        """A random window of a scene's frames, and how to turn what is read of it."""
        height, width = scene.shape
        h, w = scene.shape if self.patch_size is None else (self.patch_size, self.patch_size)
        row, column = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        turn = Turn() if self.augmentation == "none" else Turn.drawn(rng, square=h == w)
        return (row, column, h, w), turn


class UnpairedCrops(Dataset):
    """Samples of two domains that have nothing to do with each other, for CycleGAN; indexed by `(index, draw)`.

    `domain_a` (Cs, h, w) are the sources of sample `index`, `domain_b` (C, h, w) is the target of another one, drawn
    from the same satellite's samples, in a crop of its own.

    Args:
        crops: the paired samples.
        indices: those that belong to the satellite.
    """

    def __init__(self, crops: TrainingCrops, indices: Sequence[int]) -> None:
        self.crops, self.indices = crops, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        crops = self.crops
        first = np.random.default_rng([crops.seed, crops.satellite, draw])
        second = np.random.default_rng([crops.seed, crops.satellite, draw, SECOND_DOMAIN])
        other = int(second.integers(len(self.indices)))
        a, valid_a, name_a = self._read(index, first, source=True)
        b, valid_b, name_b = self._read(other, second, source=False)
        return {
            "domain_a": a, "domain_b": b, "valid_a": valid_a, "valid_b": valid_b, "id": f"{name_a} + {name_b}",
        }  # fmt: skip

    def _read(self, index: int, rng: np.random.Generator, source: bool) -> tuple[np.ndarray, np.ndarray, str]:
        number, start = self.crops.runs[self.indices[index]]
        scene, frames = self.crops.scenes[number]
        window, turn = self.crops.drawn(scene, rng)
        frame = frames[start]
        pixels = scene.source_pixels(frame, window) if source else scene.target_pixels(frame, window)
        filled, valid = without_gaps(turn(pixels))
        return filled, valid, sample_id(scene, str(frame), window)


class WholeFrames(Dataset):
    """Whole frames, scene by scene and ascending in time; indexed by number."""

    def __init__(self, scenes: SceneFrames, *, mask: str, segmentation: bool) -> None:
        self.items = [(scene, frame) for scene, frames in scenes for frame in frames]
        self.lengths = [len(frames) for _, frames in scenes]
        self.mask, self.segmentation = mask, segmentation

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        scene, frame = self.items[index]
        return read_sample(scene, frame, (0, 0, *scene.shape), self.mask, self.segmentation)


class SceneBatches(Sampler[list[int]]):
    """Batches of consecutive numbers that never cross the end of a scene.

    Args:
        lengths: samples of each scene, in order.
        batch_size: at most so many in a batch.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int) -> None:
        self.batches: list[list[int]] = []
        first = 0
        for length in lengths:
            numbers = list(range(first, first + length))
            self.batches += [numbers[i : i + batch_size] for i in range(0, length, batch_size)]
            first += length

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        yield from self.batches


class Turn:
    """One of the eight flips and quarter turns of a square, for arrays (..., h, w)."""

    def __init__(self, axes: tuple[int, ...] = (), swapped: bool = False) -> None:
        self.axes, self.swapped = axes, swapped

    @classmethod
    def drawn(cls, rng: np.random.Generator, square: bool) -> "Turn":
        """A random one; of crops that are not square only flips."""
        vertical, horizontal, swapped = rng.integers(2, size=3)
        return cls(
            tuple(axis for axis, on in ((-2, vertical), (-1, horizontal)) if on), bool(swapped) and square
        )

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """The turned array, contiguous."""
        turned = np.flip(array, self.axes) if self.axes else array
        return np.ascontiguousarray(np.swapaxes(turned, -2, -1) if self.swapped else turned)


def read_sample(
    scene: TaskScene, frame: int, window: Window, mask: str, segmentation: bool
) -> dict[str, Any]:
    """One sample without a time axis.

    `source` (Cs, h, w) and `target` (C, h, w) float32, 0 where there is no data; `valid` (1, h, w) bool: where the
    target has data in all bands; `mask` (h, w) int64; `id`, `scene` str; `frame` int. For segmentation `image` (Cs, h, w)
    and its `valid` instead of `source` and `target`.
    """
    source, source_valid = without_gaps(scene.source_pixels(frame, window))
    annotated = {"mask": read_mask(scene, frame, window, mask)}
    labels = {"id": sample_id(scene, str(frame), window), "scene": scene.name, "frame": frame}
    if segmentation:
        return {"image": source, **annotated, "valid": source_valid, **labels}
    target, valid = without_gaps(scene.target_pixels(frame, window))
    return {"source": source, "target": target, "valid": valid, **annotated, **labels}


def read_sequence(scene: TaskScene, frames: Sequence[int], window: Window, mask: str) -> dict[str, Any]:
    """One sample with a time axis: `source` (T, Cs, h, w), `target` (T, C, h, w), `valid` (T, 1, h, w), `frame` (T,).

    The rest is as in `read_sample`; `mask` has no time axis, because the map of a scene does not change.
    """
    size = window[2:]
    source = np.empty((len(frames), scene.num_source_bands, *size), np.float32)
    target = np.empty((len(frames), scene.bands[scene.target_name], *size), np.float32)
    for step, frame in enumerate(frames):
        scene.source_pixels(frame, window, source[step])
        scene.target_pixels(frame, window, target[step])
    source, _ = without_gaps(source)
    target, valid = without_gaps(target)
    return {
        "source": source,
        "target": target,
        "valid": valid,
        "mask": read_mask(scene, frames[0], window, mask),
        "id": sample_id(scene, f"{frames[0]}-{frames[-1]}", window),
        "scene": scene.name,
        "frame": np.array(frames),
    }


def read_mask(scene: TaskScene, frame: int, window: Window, mask: str) -> np.ndarray:
    """(h, w) int64: classes from 0 with 255 for the background, or numbers of fields from 1 with 0."""
    return scene.class_mask(frame, window) if mask == "classes" else scene.instance_mask(frame, window)


def without_gaps(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (..., C, h, w) with 0 for NaN, and where (..., 1, h, w) all bands have data."""
    there = np.isfinite(pixels)
    if there.all():
        return pixels, np.ones((*pixels.shape[:-3], 1, *pixels.shape[-2:]), dtype=bool)
    return np.where(there, pixels, np.float32(0)), there.all(axis=-3, keepdims=True)


def sample_id(scene: TaskScene, frames: str, window: Window) -> str:
    """`scene/frame_5#row,column,height,width`."""
    return f"{scene.name}/frame_{frames}#{','.join(map(str, window))}"
