"""A super-resolution network with what belongs to it: its bands, and how digital numbers become its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError


class SuperResolver(nn.Module):
    """Harmonised digital numbers in and out; the only place that knows the network's scale.

    The network sees (digital number + offset) / scale. A harmonised digital number is the stored one plus the offset of
    its product: reflectance x 10000 for Sentinel-2, whatever the processing baseline.

    Args:
        network: called with the groups, (B, C, H, W) each, normalised, finest first; gives (B, Ct, H, W), normalised. It
            has `receptive_radius` and, if known, `in_channels`.
        sensor: name of the instrument, e.g. "sentinel2".
        bands: names of the bands of each group by ground sample distance in m; the coarsest is sharpened.
        scale: > 0.
        offset: in digital numbers.
        source: where the weights come from, in words; for provenance.
        channels_last: memory layout of weights, and so of activations: faster on CPUs.

    Attributes:
        resolutions: ground sample distances of the groups in m, finest first.
        target_m: that of the sharpened group.
        halo: pixels of context around a window within which the result does not depend on the window.

    Raises:
        UserError: the network takes other numbers of bands, or `scale` is not positive.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        sensor: str,
        bands: Mapping[int, Sequence[str]],
        scale: float,
        offset: float = 0.0,
        source: str = "untrained",
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        if not scale > 0:
            raise UserError(f"normalisation.scale: found {scale}, expected a number above 0")
        self.sensor, self.source = sensor, source
        self.bands = {int(m): tuple(bands[m]) for m in sorted(bands, key=int)}
        self.resolutions = tuple(self.bands)
        self.target_m = self.resolutions[-1]
        self.scale, self.offset = float(scale), float(offset)
        self.in_channels = [len(names) for names in self.bands.values()]
        expected = getattr(network, "in_channels", self.in_channels)
        if list(expected) != self.in_channels:
            raise UserError(
                f"a network for groups of {list(expected)} bands, but {sensor} has {self.in_channels} "
                f"up to its {self.target_m} m grid"
            )
        self.network = network
        if channels_last:
            network.to(memory_format=torch.channels_last)

    @property
    def halo(self) -> int:
        """Receptive radius of the network, pixels of the finest grid."""
        return int(self.network.receptive_radius)  # type: ignore[arg-type]

    @property
    def target_bands(self) -> tuple[str, ...]:
        """Names of the bands that come out."""
        return self.bands[self.target_m]

    def description(self) -> dict[str, Any]:
        """What a product made with this network should say of it; plain values."""
        options = getattr(self.network, "options", dict)
        return {
            "network": getattr(self.network, "kind", type(self.network).__name__),
            **options(),
            "sensor": self.sensor,
            "bands": {m: list(names) for m, names in self.bands.items()},
            "target_m": self.target_m,
            "scale": self.scale,
            "offset": self.offset,
            "parameters": sum(parameter.numel() for parameter in self.parameters()),
            "source": self.source,
        }

    def groups(self, inputs: Mapping[int, Tensor] | Sequence[Tensor]) -> list[Tensor]:
        """The input groups, finest first.

        Raises:
            UserError: a group is missing, or there are others.
        """
        if isinstance(inputs, Mapping):
            if set(inputs) != set(self.resolutions):
                raise UserError(
                    f"the network for {self.target_m} m was given groups of {sorted(inputs)} m, "
                    f"expected {list(self.resolutions)}"
                )
            return [inputs[m] for m in self.resolutions]
        if len(inputs) != len(self.resolutions):
            raise UserError(f"the network was given {len(inputs)} groups, expected {len(self.resolutions)}")
        return list(inputs)

    def normalise(self, digital_numbers: Tensor) -> Tensor:
        """(x + offset) / scale, in float32."""
        return (digital_numbers.float() + self.offset).div_(self.scale)

    def normalised(self, inputs: Mapping[int, Tensor] | Sequence[Tensor]) -> Tensor:
        """What the loss looks at: the prediction (B, Ct, H, W) on the normalised scale, from digital numbers."""
        prediction: Tensor = self.network([self.normalise(group) for group in self.groups(inputs)])
        return prediction

    def forward(self, inputs: Mapping[int, Tensor] | Sequence[Tensor]) -> Tensor:
        """Sharpen.

        Args:
            inputs: groups (B, C, H, W) of harmonised digital numbers by ground sample distance in m, or in their order,
                finest first; all on the finest grid, no NaN. They stay as they are.

        Returns:
            (B, Ct, H, W) float32 harmonised digital numbers, unclipped.

        Raises:
            UserError: other groups or numbers of bands than the network's.
        """
        prediction = self.normalised(inputs).float()
        if torch.is_grad_enabled():
            return prediction * self.scale - self.offset
        return prediction.mul_(self.scale).sub_(self.offset)
