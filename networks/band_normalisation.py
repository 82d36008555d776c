"""From harmonised digital numbers to what segmentation networks take: the published scales, and statistics of the data."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError

LEAST_SPREAD = 1e-3  # of the mean: a band that hardly varies is not blown up
SATURATION = 15000.0  # digital numbers; the published linear scale ends there


class BandNormalisation(nn.Module, ABC):
    """(B, C, H, W) harmonised digital numbers to the network's scale, band by band, in float32.

    Auxiliary layers come in units of their own: divided by `divide_by` and clipped to [0, 1], whatever becomes of the bands.

    Args:
        bands: names, in the order of the channels.
        auxiliary_layers: {name: {divide_by, ...}}; bands of these names are such layers.

    Attributes:
        is_auxiliary: of each band.
    """

    factor: Tensor
    auxiliary: Tensor

    def __init__(
        self, bands: Sequence[str], auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__()
        layers = auxiliary_layers or {}
        self.bands = tuple(bands)
        self.is_auxiliary = tuple(name in layers for name in self.bands)
        divisors = [float(layers[name]["divide_by"]) if name in layers else 1.0 for name in self.bands]
        if any(divisor <= 0 for divisor in divisors):
            raise UserError(f"auxiliary_layers: found divide_by {min(divisors):g}, expected a number above 0")
        # Facts of the catalogue, so not in checkpoints.
        self.register_buffer("factor", _channels([1 / divisor for divisor in divisors]), persistent=False)
        self.register_buffer("auxiliary", _channels(self.is_auxiliary).bool(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Normalise; the image stays as it is."""
        image = image.float()
        spectral = self.spectral(image)
        if not any(self.is_auxiliary):
            return spectral
        return torch.where(self.auxiliary, (image * self.factor).clamp_(0, 1), spectral)

    @abstractmethod
    def spectral(self, image: Tensor) -> Tensor:
        """All bands as if none was auxiliary, in a tensor of its own or the image itself."""

    def fit(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Take statistics of the training data (digital numbers, by band), where they are wanted."""
        del mean, std

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "BandNormalisation":
        """Go to another device, but not to another precision: digital numbers need more than eight bits."""
        before = dict(self._buffers)
        super()._apply(fn, recurse)
        for name, buffer in self._buffers.items():
            exact = before[name]
            if buffer is not None and exact is not None and buffer.dtype != exact.dtype:
                self._buffers[name] = exact.to(buffer.device)
        return self


class NoNormalisation(BandNormalisation):
    """Bands as they are."""

    def spectral(self, image: Tensor) -> Tensor:
        """The image."""
        return image


class LinearNormalisation(BandNormalisation):
    """Digital numbers / 15000, clipped to [0, 1]: the published scale."""

    def __init__(
        self,
        bands: Sequence[str],
        auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        divide_by: float = SATURATION,
    ) -> None:
        super().__init__(bands, auxiliary_layers)
        if not divide_by > 0:
            raise UserError(f"normalisation.linear.divide_by: found {divide_by}, expected a number above 0")
        self.factor = torch.where(self.auxiliary, self.factor, 1 / divide_by)

    def forward(self, image: Tensor) -> Tensor:
        """Normalise; layers too are no more than a factor and the clipping."""
        return self.spectral(image.float())

    def spectral(self, image: Tensor) -> Tensor:
        """All bands times their factor, clipped."""
        return (image * self.factor).clamp_(0, 1)


class LogNormalisation(BandNormalisation):
    """A logistic curve over the logarithm of digital numbers: the published `--log_normalize`.

    At `low` a band becomes the first of `shares`, at `high` the second (0.3 and 0.7 as published, where the two are
    quantiles of the training images); 0 and less become 0. With r = ln(x / low) / ln(high / low) and the published
    shares, y = 1 / (1 + (7/3)^(1 - 2r)).

    What follows from the constants are buffers and so in every checkpoint.

    Args:
        bands, auxiliary_layers: as above.
        low, high: digital numbers by band, 0 < low < high; auxiliary layers need none. None: `take` tells them later.
        shares: see above, 0 < first < second < 1.

    Raises:
        UserError: a band without constants, or impossible ones.
    """

    gain: Tensor
    shift: Tensor

    def __init__(
        self,
        bands: Sequence[str],
        auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        low: Mapping[str, float] | None = None,
        high: Mapping[str, float] | None = None,
        shares: Sequence[float] = (0.3, 0.7),
    ) -> None:
        super().__init__(bands, auxiliary_layers)
        self.register_buffer("gain", torch.zeros_like(self.factor))
        self.register_buffer("shift", torch.zeros_like(self.factor))
        if low is not None or high is not None:
            self.take(low or {}, high or {}, shares)

    def take(
        self, low: Mapping[str, float], high: Mapping[str, float], shares: Sequence[float] = (0.3, 0.7)
    ) -> None:
        """Take the constants, as of the class.

        Raises:
            UserError: a band without constants, or impossible ones.
        """
        if len(shares) != 2 or not 0 < shares[0] < shares[1] < 1:
            raise UserError(
                f"normalisation.log.shares: found {list(shares)}, expected two rising numbers between 0 and 1"
            )
        first, second = (math.log(share / (1 - share)) for share in shares)
        gains, shifts = [], []
        for name, auxiliary in zip(self.bands, self.is_auxiliary, strict=True):
            if auxiliary:
                gains.append(0.0)
                shifts.append(0.0)
                continue
            if name not in low or name not in high:
                raise UserError(
                    f"normalisation.log: no constants for the band {name}, found those of {', '.join(low)}"
                )
            below, above = float(low[name]), float(high[name])
            if not 0 < below < above:
                raise UserError(
                    f"normalisation.log: found {below:g} and {above:g} for {name}, expected 0 < low < high"
                )
            gain = (second - first) / (math.log(above) - math.log(below))
            gains.append(gain)
            shifts.append(first - gain * math.log(below))
        self.gain.copy_(_channels(gains))
        self.shift.copy_(_channels(shifts))

    def spectral(self, image: Tensor) -> Tensor:
        """sigmoid(gain * ln x + shift); ln 0 is minus infinity, its sigmoid 0."""
        logarithm = image.clamp(min=0).log_()
        if any(self.is_auxiliary):
            logarithm = logarithm.masked_fill_(self.auxiliary, 0.0)
        return logarithm.mul_(self.gain).add_(self.shift).sigmoid_()


class StandardNormalisation(BandNormalisation):
    """(x - mean) / standard deviation, by band, of the training data.

    Both are buffers and so in every checkpoint. Until they are known bands are divided by 15000.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, bands: Sequence[str], auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__(bands, auxiliary_layers)
        self.register_buffer("mean", _channels([0.0] * len(self.bands)))
        self.register_buffer("std", _channels([SATURATION] * len(self.bands)))

    def spectral(self, image: Tensor) -> Tensor:
        """All bands less their mean, by their spread."""
        return (image - self.mean).div_(self.std)

    def fit(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Take the statistics of the bands; those of auxiliary layers are not looked at.

        Raises:
            UserError: of another number of bands, or not finite.
        """
        means, stds = _channels(mean), _channels(std)
        if means.shape != self.mean.shape or stds.shape != self.std.shape:
            raise UserError(
                f"band statistics: found {len(mean)} means and {len(std)} deviations, expected {len(self.bands)}"
            )
        spectral = ~self.auxiliary.cpu()
        if not (torch.isfinite(means) & torch.isfinite(stds) | ~spectral).all():
            raise UserError(
                "band statistics: found values that are no finite numbers, expected those of valid pixels"
            )
        self.mean.copy_(torch.where(spectral, means, 0.0))
        stds = torch.maximum(stds, LEAST_SPREAD * means.abs())
        self.std.copy_(torch.where(spectral & (stds > 0), stds, 1.0))


KINDS = ("standard", "linear", "log", "none")


def build_band_normalisation(
    kind: str,
    bands: Sequence[str],
    auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    linear: Mapping[str, Any] | None = None,
    log: Mapping[str, Any] | None = None,
) -> BandNormalisation:
    """The normalisation `kind` for `bands`.

    Args:
        kind: of `KINDS`.
        bands: names, in order.
        auxiliary_layers: facts of the layers among them.
        linear: arguments of `LinearNormalisation`.
        log: those of `LogNormalisation`; empty: they are told later.

    Raises:
        UserError: an unknown kind, or impossible constants.
    """
    if kind == "standard":
        return StandardNormalisation(bands, auxiliary_layers)
    if kind == "linear":
        return LinearNormalisation(bands, auxiliary_layers, **(linear or {}))
    if kind == "log":
        if log is None:
            raise UserError("normalisation.log: found nothing, expected low and high by band")
        return LogNormalisation(bands, auxiliary_layers, **log)
    if kind == "none":
        return NoNormalisation(bands, auxiliary_layers)
    raise UserError(f"normalisation.kind: found {kind!r}, expected one of {', '.join(KINDS)}")


def _channels(values: Sequence[Any]) -> Tensor:
    """(1, C, 1, 1) float32."""
    return torch.tensor([float(value) for value in values]).view(1, -1, 1, 1)
