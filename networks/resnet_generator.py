"""The residual generator of CycleGAN, with the published names of its tensors."""

from itertools import pairwise

from torch import Tensor, nn

from errors import UserError
from networks.normalisation import build_normalisation

OUTPUTS = ("tanh", "linear")
INITIALISATIONS = ("normal", "xavier", "default")
OUTER_KERNEL, OUTER_PADDING = 7, 3
WEIGHT_DEVIATION = 0.02


class ResnetGenerator(nn.Module):
    """Downsampling, residual blocks, upsampling: (B, in_channels, H, W) -> (B, out_channels, H', W').

    A 7x7 convolution, `downsamplings` strided 3x3 convolutions that double the width, `blocks` residual blocks,
    as many transposed convolutions, a 7x7 convolution; reflection padding around the outer convolutions and in
    the blocks, every convolution with a bias, ReLU and normalisation after all but the last. H' and W' are H and
    W rounded up to multiples of `multiple`; sides are at least `smallest_side`.

    The layers are one sequence, `model`, and a block's are `conv_block`, so with the defaults the tensors have
    the names and shapes of the published weight files: 48 of 9 blocks (11,378,179 parameters for 3 to 3 bands),
    36 of 6 (7,837,699). With dropout the second convolution of a block is `conv_block.6` instead of `.5`.

    Source: Zhu et al., "Unpaired image-to-image translation using cycle-consistent adversarial networks",
    ICCV 2017, after Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016.

    Args:
        in_channels, out_channels: bands.
        base_width: channels after the first convolution.
        blocks: residual blocks.
        downsamplings: halvings of the resolution.
        normalisation: instance (without parameters, as published), group, batch or none.
        dropout: share of values dropped inside of the blocks in training; 0 leaves the layers out.
        output: tanh (values end at -1 and 1) or linear, for data that go beyond.
        initialisation: how weights are drawn: normal (standard deviation 0.02, as published), xavier (normal) or
            default (torch's). The first two set biases to zero.

    Raises:
        UserError: an impossible number or an unknown name.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        base_width: int = 64,
        blocks: int = 9,
        downsamplings: int = 2,
        normalisation: str = "instance",
        dropout: float = 0.0,
        output: str = "tanh",
        initialisation: str = "normal",
    ) -> None:
        super().__init__()
        counts = {"base_width": (base_width, 1), "blocks": (blocks, 0), "downsamplings": (downsamplings, 0)}
        for name, (count, least) in counts.items():
            if not isinstance(count, int) or count < least:
                raise UserError(f"model.network_options.{name}: found {count!r}, expected at least {least}")
        if not 0 <= dropout < 1:
            raise UserError(f"model.network_options.dropout: found {dropout!r}, expected 0 to below 1")
        for name, value, known in (
            ("output", output, OUTPUTS),
            ("initialisation", initialisation, INITIALISATIONS),
        ):
            if value not in known:
                raise UserError(
                    f"model.network_options.{name}: found {value!r}, expected one of {', '.join(known)}"
                )
        self.multiple = 2**downsamplings
        # Reflection takes more pixels than it pads, at the full resolution and at the coarsest.
        self.smallest_side = max(OUTER_PADDING + 1, 2 * self.multiple)
        widths = [base_width * 2**level for level in range(downsamplings + 1)]
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(OUTER_PADDING),
            nn.Conv2d(in_channels, base_width, OUTER_KERNEL),
            *_normalised(normalisation, base_width),
        ]
        for before, after in pairwise(widths):
            layers.append(nn.Conv2d(before, after, 3, stride=2, padding=1))
            layers += _normalised(normalisation, after)
        layers += [ResidualBlock(widths[-1], normalisation, dropout) for _ in range(blocks)]
        for before, after in pairwise(widths[::-1]):
            layers.append(nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1))
            layers += _normalised(normalisation, after)
        layers += [nn.ReflectionPad2d(OUTER_PADDING), nn.Conv2d(base_width, out_channels, OUTER_KERNEL)]
        if output == "tanh":
            layers.append(nn.Tanh())
        self.model = nn.Sequential(*layers)
        for layer in self.modules():
            _initialise(layer, initialisation)

    def forward(self, image: Tensor) -> Tensor:
        """Translate (B, in_channels, H, W)."""
        translated: Tensor = self.model(image)
        return translated


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with normalisation, added to what comes in; (B, channels, H, W) stays."""

    def __init__(self, channels: int, normalisation: str, dropout: float) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *_normalised(normalisation, channels),
            *([nn.Dropout(dropout)] if dropout else []),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *build_normalisation(normalisation, channels),
        )

    def forward(self, image: Tensor) -> Tensor:
        """The sum."""
        total: Tensor = image + self.conv_block(image)
        return total


def _normalised(name: str, channels: int) -> list[nn.Module]:
    return [*build_normalisation(name, channels), nn.ReLU(inplace=True)]


def _initialise(layer: nn.Module, rule: str) -> None:
    if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) or rule == "default" or layer.weight.is_meta:
        return
    if rule == "normal":
        nn.init.normal_(layer.weight, 0.0, WEIGHT_DEVIATION)
    else:
        nn.init.xavier_normal_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
