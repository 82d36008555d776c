"""A compact U-Net for any size of image and any number of bands, made for short trainings."""

from torch import Tensor, nn

from errors import UserError
from networks.normalisation import build_normalisation

UPSAMPLINGS = ("bilinear", "transposed")
HEADS = ("direct", "mix")


class UNet(nn.Module):
    """U-Net with 3x3 convolutions and skips at all resolutions: (B, in_channels, H, W) -> (B, out_channels, H, W).

    The full resolution, where most of the arithmetic is, has one convolution on the way down and one on the way
    up, every other level two and one. Width doubles from level to level up to `largest_width`.

    With `head: mix` the network does not paint the image, it says how to make it from what it is given: each
    output band is a weighted sum of all input channels plus an offset, with weights and offset of its own for
    every pixel. Undoing haze, which scales and shifts what is below, or taking over texture from an earlier image
    is then a smooth function, learned in a fraction of the steps. It starts as zero: grey.

    Sides must be multiples of `multiple` and at least `smallest_side`.

    Source: Ronneberger et al., "U-Net", MICCAI 2015; `mix` is the kernel prediction of Bako et al., SIGGRAPH 2017,
    with kernels of one pixel.

    Args:
        in_channels, out_channels: bands.
        base_width: channels at full resolution.
        depth: number of resolutions, at least 1.
        largest_width: of any level.
        normalisation: batch, instance, group or none.
        upsampling: bilinear (then a convolution) or transposed (a learned 2x2 kernel).
        dropout: share of channels that are dropped at the coarsest level in training.
        head: direct (values) or mix (weights and offsets).

    Raises:
        UserError: an impossible width or depth, or an unknown name.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        base_width: int = 16,
        depth: int = 5,
        largest_width: int = 192,
        normalisation: str = "batch",
        upsampling: str = "bilinear",
        dropout: float = 0.0,
        head: str = "mix",
    ) -> None:
        super().__init__()
        for name, value in {"base_width": base_width, "depth": depth, "largest_width": largest_width}.items():
            if not isinstance(value, int) or value < 1:
                raise UserError(f"model.network_options.{name}: found {value!r}, expected at least 1")
        for name, choice, known in (("upsampling", upsampling, UPSAMPLINGS), ("head", head, HEADS)):
            if choice not in known:
                raise UserError(
                    f"model.network_options.{name}: found {choice!r}, expected {' or '.join(known)}"
                )
        widths = [min(base_width * 2**level, largest_width) for level in range(depth)]
        self.multiple = 2 ** (depth - 1)
        self.smallest_side = 2 * self.multiple  # of a single pixel no normalisation takes statistics
        self.out_channels = out_channels
        self.mixes = head == "mix"
        self.down = nn.ModuleList(
            nn.Sequential(
                *_layer(before, after, normalisation, stride=1 if level == 0 else 2),
                *([] if level == 0 else _layer(after, after, normalisation)),
            )
            for level, (before, after) in enumerate(zip([in_channels, *widths], widths, strict=False))
        )
        self.dropout = nn.Dropout2d(dropout)
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # (coarser, finer), coarsest first
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(coarser, finer, 2, stride=2)
            if upsampling == "transposed"
            else nn.Sequential(
                nn.Conv2d(coarser, finer, 1),  # before enlarging: a quarter of the pixels
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            )
            for coarser, finer in pairs
        )
        self.up = nn.ModuleList(nn.Sequential(*_layer(finer, finer, normalisation)) for _, finer in pairs)
        self.output = nn.Conv2d(
            widths[0], out_channels * (in_channels + 1 if self.mixes else 1), 3, padding=1
        )
        if self.mixes and not self.output.weight.is_meta:
            nn.init.zeros_(self.output.weight)
            assert self.output.bias is not None
            nn.init.zeros_(self.output.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Translate (B, in_channels, H, W) into (B, out_channels, H, W)."""
        features = image
        maps = []
        for block in self.down:
            features = block(features)
            maps.append(features)
        features = self.dropout(maps.pop())
        for enlarge, block in zip(self.enlarge, self.up, strict=True):
            features = block(enlarge(features) + maps.pop())
        output: Tensor = self.output(features)
        return self._mixed(image, output) if self.mixes else output

    def _mixed(self, image: Tensor, output: Tensor) -> Tensor:
        # Channels last, as they lie in memory: twice as fast.
        maps = output.movedim(1, -1).unflatten(-1, (self.out_channels, image.shape[1] + 1))
        mixed = (maps[..., :-1] * image.movedim(1, -1).unsqueeze(-2)).sum(-1) + maps[..., -1]
        return mixed.movedim(-1, 1)


def _layer(before: int, after: int, normalisation: str, stride: int = 1) -> list[nn.Module]:
    """Convolution, normalisation, activation."""
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=normalisation == "none")
    return [convolution, *build_normalisation(normalisation, after), nn.SiLU(inplace=True)]
