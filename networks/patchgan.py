"""The patch discriminator of conditional GANs and of CycleGAN."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from errors import UserError
from networks.normalisation import build_normalisation

KERNEL, PADDING = 4, 1


def _xavier(weight: Tensor) -> Tensor:
    return nn.init.xavier_normal_(weight)


def _narrow_normal(weight: Tensor) -> Tensor:
    return nn.init.normal_(weight, 0.0, 0.02)


def _as_made(weight: Tensor) -> Tensor:
    return weight


INITIALISATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "xavier": _xavier,
    "normal": _narrow_normal,
    "default": _as_made,
}


class PatchGAN(nn.Module):
    """Says of each patch of an image how real it looks: (B, in_channels, H, W) -> (B, 1, h, w) logits.

    Convolutions with kernel 4 and padding 1, LeakyReLU between them, normalisation after all but the first and
    the last. There is no sigmoid at the end: binary cross-entropy takes logits, least squares takes values.
    A conditional discriminator gets the image and its source side by side.

    The layers are one sequence, `model`, so that with the default depth and `normalisation: instance` the tensors
    are `model.{0,2,5,8,11}.{weight,bias}`.

    Source: Isola et al., "Image-to-image translation with conditional adversarial networks", CVPR 2017.

    Args:
        in_channels: bands of all that is looked at.
        filters: of each convolution; the last one is the number of logits of a patch.
        strides: of each convolution.
        normalisation: batch, instance (without parameters), group or none.
        slope: of LeakyReLU below zero.
        initialisation: how weights are drawn: xavier (normal, as the published toy networks), normal (standard
            deviation 0.02, as CycleGAN), with zero biases; default: weights and biases as torch draws them.

    Raises:
        UserError: other numbers of strides than of filters, or an unknown normalisation or initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        filters: Sequence[int] = (64, 128, 256, 512, 1),
        strides: Sequence[int] = (2, 2, 2, 1, 1),
        normalisation: str = "batch",
        slope: float = 0.2,
        initialisation: str = "xavier",
    ) -> None:
        super().__init__()
        widths = [int(width) for width in filters]
        self.strides = [int(stride) for stride in strides]
        if len(widths) != len(self.strides) or len(widths) < 2:
            raise UserError(
                f"model.discriminator_options: found {len(widths)} filters and {len(self.strides)} strides, "
                "expected equally many, at least two"
            )
        if initialisation not in INITIALISATIONS:
            raise UserError(
                f"model.discriminator_options.initialisation: found {initialisation!r}, "
                f"expected one of {', '.join(INITIALISATIONS)}"
            )
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(zip([in_channels, *widths], widths, strict=False)):
            layers.append(nn.Conv2d(before, after, KERNEL, stride=self.strides[level], padding=PADDING))
            if level == len(widths) - 1:
                break
            if level > 0:
                layers += build_normalisation(normalisation, after)
            layers.append(nn.LeakyReLU(slope))
        self.model = nn.Sequential(*layers)
        self._initialise(initialisation)

    @property
    def smallest_side(self) -> int:
        """The least side of an image of which there is a patch to judge."""
        side = 1
        for stride in reversed(self.strides):
            side = (side - 1) * stride + KERNEL - 2 * PADDING
        return side

    def forward(self, image: Tensor) -> Tensor:
        """Logits of all patches, (B, 1, h, w).

        Raises:
            UserError: an image smaller than a patch.
        """
        if min(image.shape[-2:]) < self.smallest_side:
            raise UserError(
                f"data.patch_size: found {image.shape[-2]}x{image.shape[-1]} pixels, expected at least "
                f"{self.smallest_side} a side for the discriminator (or fewer model.discriminator_options.filters)"
            )
        logits: Tensor = self.model(image)
        return logits

    def _initialise(self, rule: str) -> None:
        for layer in self.model:
            if isinstance(layer, nn.Conv2d) and not layer.weight.is_meta:
                INITIALISATIONS[rule](layer.weight)
                if rule != "default" and layer.bias is not None:
                    nn.init.zeros_(layer.bias)
