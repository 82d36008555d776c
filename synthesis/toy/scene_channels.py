"""The sources of a task as channels on the target's grid: a product, an earlier sharp frame, a coarse product raised."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from synthesis.toy.degrading import degrade
from synthesis.toy.derivation.aggregation import Aggregation
from synthesis.toy.layout import Product, Window
from synthesis.toy.raising import raise_to


class Channels(ABC):
    """Some of a sample's channels.

    Attributes:
        name: of the source.
        product: that is read.
        num_bands: how many channels.
    """

    name: str
    product: Product
    num_bands: int

    @abstractmethod
    def has(self, frame: int) -> bool:
        """Whether this source can be given for a frame."""

    @abstractmethod
    def read(self, frame: int, window: Window | None = None) -> np.ndarray:
        """(C, h, w) of a real type, NaN = no data, perhaps a view; all of the frame without a window."""


class ProductChannels(Channels):
    """A product's own pixels."""

    def __init__(self, name: str, product: Product) -> None:
        self.name, self.product = name, product
        self.num_bands = product.shape[2]
        self._frames = frozenset(product.frame_indices)

    def has(self, frame: int) -> bool:
        """See `Channels.has`."""
        return frame in self._frames

    def read(self, frame: int, window: Window | None = None) -> np.ndarray:
        """See `Channels.read`."""
        return _channel_first(self.product.frame(frame, window))


class HistoryChannels(Channels):
    """The newest earlier frame of a product that is taken only at multiples of `revisit`.

    A frame before which there is none has no history.
    """

    def __init__(self, name: str, product: Product, revisit: int) -> None:
        self.name, self.product = name, product
        self.num_bands = product.shape[2]
        self._taken = [frame for frame in product.frame_indices if frame % revisit == 0]

    def taken_for(self, frame: int) -> int | None:
        """Number of the frame that is `frame`'s history: strictly before it; None where there is none."""
        position = bisect_left(self._taken, frame)
        return self._taken[position - 1] if position else None

    def has(self, frame: int) -> bool:
        """See `Channels.has`."""
        return self.taken_for(frame) is not None

    def read(self, frame: int, window: Window | None = None) -> np.ndarray:
        """See `Channels.read`."""
        taken = self.taken_for(frame)
        if taken is None:
            raise KeyError(frame)
        return _channel_first(self.product.frame(taken, window))


class RaisedChannels(Channels):
    """A product of another grid, raised to (height, width) by bicubic interpolation.

    Args:
        name: of the source.
        product: the coarse product; with `degradation` a sharp one, which is made coarse on the fly.
        shape: (height, width) of the grid to raise to.
        degradation: makes a frame coarse.
    """

    def __init__(
        self, name: str, product: Product, shape: tuple[int, int], degradation: Aggregation | None = None
    ) -> None:
        self.name, self.product, self.shape, self.degradation = name, product, shape, degradation
        self.num_bands = product.shape[2]
        self._frames = frozenset(product.frame_indices)

    def has(self, frame: int) -> bool:
        """See `Channels.has`."""
        return frame in self._frames

    def read(self, frame: int, window: Window | None = None) -> np.ndarray:
        """See `Channels.read`; the coarse frame is read whole."""
        pixels = self.product.frame(frame)
        if self.degradation is not None:
            pixels = degrade(self.degradation, pixels)
        rows, columns = slice(None), slice(None)
        if window is not None:
            row, column, height, width = window
            rows, columns = slice(row, row + height), slice(column, column + width)
        return raise_to(_channel_first(pixels.astype(np.float32, copy=False)), self.shape, rows, columns)


def _channel_first(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1)


def frames_of_all(frames: Iterable[int], channels: Iterable[Channels]) -> list[int]:
    """Those of `frames` that every source can be given for, ascending."""
    channels = list(channels)
    return [frame for frame in sorted(set(frames)) if all(source.has(frame) for source in channels)]
