"""Datasets of windows of products at reduced resolution: random patches for training, tiles for evaluation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from products.product_part import ProductPart
from products.reduced_resolution import ReducedResolution
from products.window import Window

DRAWS = 10  # of positions, until one has enough pixels with data


class TrainingPatches(Dataset):
    """Square patches at uniformly random positions of the target grid, indexed by `(index, draw)`.

    Position and augmentation come from `numpy.random.default_rng([seed, satellite, draw])`. Of a few positions the
    first is taken where enough of the truth is data, or else the best.

    Args:
        scenes: training products, or parts of them.
        patch_size: side, pixels of the target grid.
        augmentation: `none` or `dihedral` (the eight flips and quarter turns).
        min_valid_fraction: of the pixels of the truth that should be data.
        gain_spread: every band of a patch is multiplied by exp(u), u uniform from -gain_spread to gain_spread.
        seed, satellite: see above.
    """

    def __init__(
        self,
        scenes: Sequence[ReducedResolution],
        *,
        patch_size: int,
        augmentation: str,
        min_valid_fraction: float,
        seed: int,
        satellite: int,
        gain_spread: float = 0.0,
    ) -> None:
        self.scenes, self.patch_size = list(scenes), patch_size
        self.gain_spread = gain_spread
        self.augmentation, self.min_valid_fraction = augmentation, min_valid_fraction
        self.seed, self.satellite = seed, satellite
        times = [max(1, scene.usable.height * scene.usable.width // patch_size**2) for scene in self.scenes]
        self.index = np.repeat(np.arange(len(self.scenes)), times)

    def __len__(self) -> int:
        return len(self.index)

    def labels(self, kind: str) -> list[str] | None:
        """The product that each sample comes from; see `shards.Labelled`."""
        if kind not in ("place", "unit"):
            return None
        return [self.scenes[number].product.name for number in self.index]

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        scene = self.scenes[self.index[index]]
        generator = np.random.default_rng([self.seed, self.satellite, draw])
        window = self._window(scene, generator)
        patch = turned(self.augmentation, generator, sample(scene, window, window))
        return with_gains(self.gain_spread, generator, patch)

    def _window(self, scene: ReducedResolution, generator: np.random.Generator) -> Window:
        best, chosen = -1.0, scene.usable
        for _ in range(DRAWS):
            row = int(generator.integers(scene.usable.height - self.patch_size + 1))
            column = int(generator.integers(scene.usable.width - self.patch_size + 1))
            window = Window(
                scene.usable.row + row, scene.usable.column + column, self.patch_size, self.patch_size
            )
            fraction = float(scene.truth(window)[1].mean())
            if fraction >= self.min_valid_fraction:
                return window
            if fraction > best:
                best, chosen = fraction, window
        return chosen


class EvaluationTiles(Dataset):
    """The windows that evaluation reads, indexed by number: whole scenes, or tiles of larger ones.

    A tile is read with a ring of `context` pixels around it, which does not count (`valid` is False there). A network
    whose receptive field reaches no further gives there what it gives for the whole scene.

    Args:
        scenes: products, or parts of them.
        size: largest side of what is read, pixels of the target grid, ring included.
        context: width of the ring.
    """

    def __init__(self, scenes: Sequence[ReducedResolution], *, size: int, context: int) -> None:
        self.scenes = list(scenes)
        self.tiles: list[tuple[int, Window, Window]] = []
        for number, scene in enumerate(self.scenes):
            self.tiles += [(number, core, read) for core, read in tiles(scene.usable, size, context)]

    def __len__(self) -> int:
        return len(self.tiles)

    def __getitem__(self, index: int) -> dict[str, Any]:
        number, core, window = self.tiles[index]
        scene = self.scenes[number]
        return {**sample(scene, window, core), "bicubic": scene.bicubic(window)}


def with_gains(spread: float, generator: np.random.Generator, patch: dict[str, Any]) -> dict[str, Any]:
    """A patch whose bands are brighter or darker by random factors, the same in inputs and truth.

    Without it a network that knows few places learns which spectra occur there, and shifts the colours of others.
    """
    if spread == 0:
        return patch
    inputs = {}
    gain: Any = 1.0
    for distance, bands in patch["inputs"].items():
        gain = np.exp(generator.uniform(-spread, spread, (len(bands), 1, 1))).astype(np.float32)
        inputs[distance] = bands * gain
    return {**patch, "inputs": inputs, "target": patch["target"] * gain}  # the coarsest group is the truth's


def tiles(area: Window, size: int, context: int) -> list[tuple[Window, Window]]:
    """An area as (tile, what is read for it); in one piece where that is no larger than `size`."""
    if max(area.height, area.width) <= size:
        return [(area, area)]
    step = size - 2 * context
    found = []
    for row in range(area.row, area.bottom, step):
        for column in range(area.column, area.right, step):
            core = Window(row, column, min(step, area.bottom - row), min(step, area.right - column))
            ring = core.expand(context)
            top, left = max(ring.row, area.row), max(ring.column, area.column)
            read = Window(top, left, min(ring.bottom, area.bottom) - top, min(ring.right, area.right) - left)
            found.append((core, read))
    return found


def sample(scene: ReducedResolution, window: Window, core: Window) -> dict[str, Any]:
    """One sample of `window`, of which `core` counts.

    Returns:
        `inputs` {distance: (C, H, W) float32 harmonised digital numbers}, finest first, `target` (C, H, W) float32,
        `valid` (C, H, W) bool, `id` (`product#row,column,height,width` on the target grid), `scene`.
    """
    inputs, known = scene.inputs(window)
    target, valid = scene.truth(window)
    valid = valid & known
    if core != window:
        counted = np.zeros(known.shape, bool)
        counted[core.inside(window)] = True
        valid &= counted
    row, column = origin(scene)
    name = scene.product.name
    place = Window(core.row + row, core.column + column, core.height, core.width)
    return {"inputs": inputs, "target": target, "valid": valid, "id": f"{name}#{place}", "scene": name}


def origin(scene: ReducedResolution) -> tuple[int, int]:
    """First row and column of a scene in its whole product, on the target grid."""
    product = getattr(scene.product, "product", scene.product)  # what a cache reads
    return product.origin[scene.target_m] if isinstance(product, ProductPart) else (0, 0)


def turned(augmentation: str, generator: np.random.Generator, made: dict[str, Any]) -> dict[str, Any]:
    """Flip and turn all images of a sample alike; see `TrainingPatches`."""
    if augmentation == "none":
        return made
    vertical, horizontal, transposed = (bool(bit) for bit in generator.integers(2, size=3))
    axes = tuple(axis for axis, flipped in ((-2, vertical), (-1, horizontal)) if flipped)

    def turn(image: np.ndarray) -> np.ndarray:
        image = np.flip(image, axes)
        return np.ascontiguousarray(np.swapaxes(image, -2, -1) if transposed else image)

    inputs = {distance: turn(image) for distance, image in made["inputs"].items()}
    return {**made, "inputs": inputs, "target": turn(made["target"]), "valid": turn(made["valid"])}
