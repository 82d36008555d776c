"""Degraded products of an ideal one: the stages of a derivation applied frame by frame."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from synthesis.toy.derivation.scene_frames import SceneFrames
from synthesis.toy.derivation.stage import Draws, Shape
from synthesis.toy.derivation.stages import Stages, build_stages
from synthesis.toy.product_writer import ProductWriter

__all__ = ["DerivedFrames", "FrameSource", "SceneFrames", "derive"]


class FrameSource(Protocol):
    """What frames can be derived from: a product on disk, a latent scene, or derived frames."""

    @property
    def frame_indices(self) -> list[int]:
        """Numbers of the frames that there are, ascending."""
        ...

    @property
    def shape(self) -> Shape:
        """Height, width, bands of a frame."""
        ...

    @property
    def horizon(self) -> int:
        """Frames of the series, those left out included."""
        ...

    @property
    def num_cells(self) -> int:
        """The largest cell number."""
        ...

    def frame(self, index: int) -> np.ndarray:
        """(H, W, B) float."""
        ...

    def annotation(self, index: int) -> np.ndarray:
        """(H, W, 2) int16: cell and class, 0 = background."""
        ...


class DerivedFrames:
    """Frames of a derived product, computed when they are asked for, each independent of the others.

    Args:
        source: frames to derive from.
        stages: their options by name, see `synthesis.toy.derivation.stages`; or built ones.
        seed: of all random draws, at least 0.
        name: of the product; the same source with another name has other clouds and other noise.
        keep: hold computed frames in memory, for products that are derived from this one.

    Raises:
        UserError: an unknown stage or option, or an impossible value.
    """

    def __init__(
        self,
        source: FrameSource,
        stages: Mapping[str, Any] | Stages,
        *,
        seed: int,
        name: str,
        keep: bool = False,
    ) -> None:
        built = stages if isinstance(stages, Stages) else build_stages(stages)
        self._source = source
        self._kept: dict[int, np.ndarray] | None = {} if keep else None
        self.horizon = source.horizon
        self.num_cells = source.num_cells
        self.frame_indices = built.selection.choose(source.frame_indices, Draws(seed, 0, name, self.horizon))
        self.prepared = []
        self.shape = source.shape
        for number, stage in built.pixels:
            prepared = stage.prepare(self.shape, Draws(seed, number, name, self.horizon))
            self.shape = prepared.shape
            self.prepared.append(prepared)
        self._labels: tuple[np.ndarray, np.ndarray] | None = None  # of the source, and what became of it

    def frame(self, index: int) -> np.ndarray:
        """(H, W, B) float32, NaN where there is no data; not to be changed."""
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        if index not in self.frame_indices:
            raise KeyError(index)
        frame = self._source.frame(index).astype(np.float32, copy=False)
        for stage in self.prepared:
            frame = stage.image(frame, index)
        if self._kept is not None:
            self._kept[index] = frame
        return frame

    def annotation(self, index: int) -> np.ndarray:
        """(H, W, 2) int16; the same array for all frames whose source has the same labels."""
        if index not in self.frame_indices:
            raise KeyError(index)
        given = self._source.annotation(index)
        if self._labels is not None:
            before, derived = self._labels
            if given is before or np.array_equal(given, before):
                return derived
        derived = given
        for stage in self.prepared:
            derived = stage.labels(derived)
        self._labels = given, derived
        return derived


def derive(
    source: FrameSource,
    stages: Mapping[str, Any] | Stages,
    *,
    seed: int,
    name: str,
    folder: str | Path,
    layout: str,
    advance: Callable[[int], None] | None = None,
    keep: bool = False,
) -> DerivedFrames:
    """Derive a product and write it; frames that an interrupted call has left in `folder` are kept.

    Args:
        source, stages, seed, name, keep: see `DerivedFrames`.
        folder: of the product; made where it does not exist. Whose it is is not checked, see `synthesis.toy.claim`.
        layout: `published` or `compact`.
        advance: called with 1 after every frame.

    Returns:
        The derived frames, as a source for further products.

    Raises:
        UserError: impossible options, or a source that cannot be read.
    """
    derived = DerivedFrames(source, stages, seed=seed, name=name, keep=keep)
    with ProductWriter(
        folder, layout, shape=derived.shape, num_cells=derived.num_cells, horizon=derived.horizon
    ) as writer:
        for index in derived.frame_indices:
            if not writer.has(index):
                writer.write(index, derived.frame(index), derived.annotation(index))
            if advance is not None:
                advance(1)
        writer.finish()
    return derived
