"""DSen2 and VDSen2: the residual networks that bring coarse bands to the finest grid of their instrument.

C. Lanaras et al., Super-resolution of Sentinel-2 images: learning a globally applicable deep neural network,
ISPRS Journal 146 (2018) 305-319, arXiv 1803.04271.
"""

import difflib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError


class ResidualBlock(nn.Module):
    """x + scale * conv(relu(conv(x))): no normalisation, no activation after the sum."""

    def __init__(self, features: int, scale: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) to the same."""
        branch = self.second(torch.relu_(self.first(x)))
        if torch.is_grad_enabled():
            return torch.add(x, branch, alpha=self.scale)
        return torch.add(x, branch, alpha=self.scale, out=branch)  # large scenes: memory is slow to get


class DSen2(nn.Module):
    """Convolutions of 3 x 3, zero-padded: one to `features`, residual blocks, one to the bands; adds the last group.

    Args:
        in_channels: bands of each input group, finest first.
        out_channels: bands that come out; None = those of the last group, to which the result is added.
        features: channels between the convolutions.
        blocks: residual blocks.
        residual_scale: factor of what a block adds.
        zero_tail: the last kernel starts at zero, so that training starts from the last group as it came: the network gives
            that from the first step on and learns what is missing. Published networks start from noise.

    Raises:
        UserError: an impossible size.
    """

    kind = "dsen2"  # its name among `NETWORKS`

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int | None = None,
        *,
        features: int = 128,
        blocks: int = 6,
        residual_scale: float = 0.1,
        zero_tail: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = _channels(in_channels)
        self.out_channels = self.in_channels[-1] if out_channels is None else out_channels
        if self.out_channels != self.in_channels[-1]:
            raise UserError(
                f"model.out_channels: found {out_channels}, expected the {self.in_channels[-1]} bands of the last group"
            )
        for name, value, least in (("features", features, 1), ("blocks", blocks, 0)):
            if not isinstance(value, int) or value < least:
                raise UserError(f"model.network_options.{name}: found {value!r}, expected at least {least}")
        self.features, self.residual_scale = features, float(residual_scale)
        self.head = nn.Conv2d(sum(self.in_channels), features, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(features, self.residual_scale) for _ in range(blocks))
        self.tail = nn.Conv2d(features, self.out_channels, 3, padding=1)
        for convolution in self.convolutions():
            _he_uniform(convolution)
        if zero_tail:
            nn.init.zeros_(self.tail.weight)

    @property
    def receptive_radius(self) -> int:
        """Pixels around an output pixel that it depends on."""
        return 2 * len(self.blocks) + 2

    def options(self) -> dict[str, Any]:
        """The keyword arguments that build this network again."""
        return {
            "features": self.features,
            "blocks": len(self.blocks),
            "residual_scale": self.residual_scale,
        }

    def convolutions(self) -> list[nn.Conv2d]:
        """All of them, from input to output: 2 * blocks + 2."""
        inner = [convolution for block in self.blocks for convolution in (block.first, block.second)]
        return [self.head, *inner, self.tail]  # type: ignore[list-item]

    def forward(self, groups: Sequence[Tensor]) -> Tensor:
        """Sharpen the last group.

        Any split of the input bands into groups will do, as long as the last holds the bands that come out.

        Args:
            groups: (B, C, H, W) each, normalised, finest first, all on the finest grid.

        Returns:
            (B, out_channels, H, W), normalised, unclipped; where convolutions compute in less than float32, the sum with
            the last group does not.

        Raises:
            UserError: other numbers of bands.
        """
        found = [group.shape[1] for group in groups]
        if sum(found) != self.head.in_channels or found[-1] != self.out_channels:
            raise UserError(
                f"the network was given groups of {found} bands, expected {self.head.in_channels} together "
                f"and {self.out_channels} in the last"
            )
        stacked = groups[0] if len(groups) == 1 else torch.cat(tuple(groups), dim=1)
        x = torch.relu_(self.head(stacked.to(self.head.weight.dtype)))
        for block in self.blocks:
            x = block(x)
        return self.tail(x) + groups[-1]


def vdsen2(
    in_channels: Sequence[int],
    out_channels: int | None = None,
    *,
    features: int = 256,
    blocks: int = 32,
    residual_scale: float = 0.1,
    zero_tail: bool = False,
) -> DSen2:
    """The very deep variant of the paper: `DSen2` with 256 features and 32 blocks."""
    return DSen2(
        in_channels,
        out_channels,
        features=features,
        blocks=blocks,
        residual_scale=residual_scale,
        zero_tail=zero_tail,
    )


# By name: callables (in_channels, out_channels, **options) -> module with `in_channels`, `out_channels`,
# `receptive_radius`, `kind` and `options()`, called with the groups.
NETWORKS: dict[str, Callable[..., nn.Module]] = {"dsen2": DSen2, "vdsen2": vdsen2}


def build_super_resolution_network(
    name: str, in_channels: Sequence[int], options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Build the network `name` for groups of `in_channels` bands, finest first; `options` are its keyword arguments.

    An option that is None is left at its default.

    Raises:
        UserError: an unknown name or option, or an impossible size.
    """
    if name not in NETWORKS:
        nearest = difflib.get_close_matches(str(name), NETWORKS, n=1, cutoff=0.0)[0]
        raise UserError(
            f"model.network: found {name!r}, expected one of {', '.join(NETWORKS)}; did you mean {nearest!r}?"
        )
    builder = NETWORKS[name]
    known = [
        key for key, item in inspect.signature(builder).parameters.items() if item.kind is item.KEYWORD_ONLY
    ]
    for key in options or {}:
        if key not in known:
            raise UserError(f"model.network_options: found {key!r}, {name} has {', '.join(known)}")
    return builder(in_channels, **{key: value for key, value in (options or {}).items() if value is not None})


def _channels(in_channels: Sequence[int]) -> tuple[int, ...]:
    channels = tuple(in_channels)
    if not channels or any(not isinstance(count, int) or count < 1 for count in channels):
        raise UserError(
            f"model.in_channels: found {list(channels)}, expected bands of each group, finest first"
        )
    return channels


def _he_uniform(convolution: nn.Conv2d) -> None:
    """Kernels uniform within sqrt(6 / fan-in), biases zero (Keras's he_uniform)."""
    limit = math.sqrt(6 / convolution.weight[0].numel())
    nn.init.uniform_(convolution.weight, -limit, limit)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
