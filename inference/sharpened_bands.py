"""The output of super-resolution for one tile: digital numbers of the original and the sharpened bands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from inference.stacked_groups import Stack
from networks.super_resolver import SuperResolver
from products import region
from products.product import Product
from products.window import Window

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class SharpenedBands:
    """Networks on a window of a product; a `TileFunction` of stacks.

    Each network sees at most what lies within its own halo and its own grids, so that its bands are the same whether
    others run beside it or not, and in whatever tiles.

    Args:
        networks: in the order of their bands in the output, ready to predict, on `device`.
        product: an open product of their sensor.
        originals: whether the finest bands come first, stored digital numbers bit for bit (or harmonised).
        harmonised: write harmonised digital numbers instead of the product's own.
        precision: a key of `PRECISIONS`: what convolutions compute in.
        device: where the networks are.
    """

    def __init__(
        self,
        networks: Sequence[SuperResolver],
        product: Product,
        *,
        originals: bool,
        harmonised: bool = False,
        precision: str = "float32",
        device: str = "cpu",
    ) -> None:
        self.networks, self.product = list(networks), product
        self.originals, self.harmonised = originals, harmonised
        self.precision, self.device = PRECISIONS[precision], torch.device(device)
        self._reach = [region.usable(product, network.resolutions) for network in self.networks]
        sensor = product.sensor
        self._dtype = np.dtype(sensor.dtype)
        self._nodata = int(sensor.nodata) if self._dtype.kind in "ui" else sensor.nodata
        self._low, self._high = _storable(sensor.valid_range, self._dtype)

    @property
    def halo(self) -> int:
        """Context that the networks want around a tile, in pixels of the finest grid."""
        return max(network.halo for network in self.networks)

    def __call__(self, array: Stack, window: Window, core: Window) -> np.ndarray:
        """Digital numbers (C, core.height, core.width) in the sensor's type: originals, then each network's bands."""
        parts = []
        if self.originals:
            parts.append(self._finest_bands(array, core.inside(window)))
        for network, reach in zip(self.networks, self._reach, strict=True):
            parts.append(self._sharpen(network, array, window, core, reach))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _finest_bands(self, stack: Stack, cut: tuple[slice, slice]) -> np.ndarray:
        finest = self.product.finest_m
        assert stack.originals is not None
        if not self.harmonised:
            return stack.originals[:, *cut]
        return self._digital_numbers(stack.pixels[finest][:, *cut], stack.valid[finest][:, *cut], finest)

    def _sharpen(
        self, network: SuperResolver, stack: Stack, window: Window, core: Window, reach: Window
    ) -> np.ndarray:
        target = network.target_m
        valid = stack.valid[target][:, *core.inside(window)]
        if not valid.any():
            return np.full(valid.shape, self._nodata, self._dtype)
        seen = _common(core.expand(network.halo), _common(window, reach))
        rows, columns = seen.inside(window)
        groups = [
            torch.from_numpy(stack.pixels[distance][None, :, rows, columns]).to(self.device)
            for distance in network.resolutions
        ]
        with torch.inference_mode(), self._arithmetic():
            sharp = _cut(network(groups), core.inside(seen))
        return self._digital_numbers(sharp.numpy(), valid, target)

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        # By its own choice cuDNN computes float32 convolutions with 10 bits of mantissa.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            if self.precision is torch.float32:
                yield
                return
            with torch.autocast(self.device.type, self.precision):
                yield

    def _digital_numbers(self, harmonised: np.ndarray, valid: np.ndarray, distance: int) -> np.ndarray:
        """Harmonised (C, h, w) float32 as what the file holds: rounded, in the valid range, nodata where not valid."""
        numbers = harmonised
        if not self.harmonised:
            numbers = numbers - self.product.offsets_of(distance)[:, None, None]
        if self._dtype.kind in "ui":
            numbers = np.rint(numbers)
        numbers = np.clip(numbers, self._low, self._high).astype(self._dtype)
        taken = numbers == self._nodata
        if taken.any():
            numbers[taken] = _neighbour(self._nodata, self._high)
        numbers[~valid] = self._nodata
        return numbers


def _cut(prediction: Tensor, cut: tuple[slice, slice]) -> Tensor:
    return prediction[0, :, *cut].to("cpu", torch.float32).contiguous()


def _storable(valid_range: tuple[float, float], dtype: np.dtype) -> tuple[float, float]:
    """The valid range as far as the type goes."""
    low, high = valid_range
    limits = np.iinfo(dtype) if dtype.kind in "ui" else np.finfo(dtype)
    return max(low, float(limits.min)), min(high, float(limits.max))


def _neighbour(number: float, high: float) -> float:
    """The next number in the range."""
    return number + 1 if number + 1 <= high else number - 1


def _common(one: Window, other: Window) -> Window:
    row, column = max(one.row, other.row), max(one.column, other.column)
    return Window(row, column, min(one.bottom, other.bottom) - row, min(one.right, other.right) - column)
