"""How far a translated image is from the truth: masked losses on raw values."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError

HALF_RANGE = (
    0.5  # of the declared range [0, 1]: reconstruction losses see differences on [-1, 1], as published
)
CHARBONNIER_EPSILON = 1e-3

# The window and constants of Wang et al., "Image quality assessment", TIP 2004, for values that span 1.
WINDOW_SIZE, WINDOW_SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def _charbonnier(difference: Tensor) -> Tensor:
    return torch.sqrt(difference.square() + CHARBONNIER_EPSILON**2)


def _smooth_l1(difference: Tensor) -> Tensor:
    return functional.smooth_l1_loss(difference, torch.zeros_like(difference), reduction="none")


RECONSTRUCTION_LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "smooth_l1": _smooth_l1,
    "l1": torch.abs,
    "mse": torch.square,
    "charbonnier": _charbonnier,
}


class TranslationLoss(nn.Module):
    """weight * reconstruction + ssim_weight * (1 - SSIM), over valid pixels.

    The reconstruction loss is taken on the scale of the networks, where the declared range spans [-1, 1]
    (published constants mean that scale), SSIM on raw values with a data range of 1.

    Args:
        reconstruction: smooth_l1, l1, mse or charbonnier.
        weight: of the reconstruction loss.
        ssim_weight: of 1 - SSIM; 0 computes none.

    Raises:
        UserError: an unknown loss, or a negative weight.
    """

    def __init__(self, reconstruction: str = "l1", weight: float = 1.0, ssim_weight: float = 0.0) -> None:
        super().__init__()
        if reconstruction not in RECONSTRUCTION_LOSSES:
            raise UserError(
                f"model.reconstruction.loss: found {reconstruction!r}, "
                f"expected one of {', '.join(RECONSTRUCTION_LOSSES)}"
            )
        for key, value in (("reconstruction.weight", weight), ("ssim_weight", ssim_weight)):
            if value < 0:
                raise UserError(f"model.{key}: found {value}, expected 0 or more")
        self.pixel_loss = RECONSTRUCTION_LOSSES[reconstruction]
        self.weight = float(weight)
        self.ssim_weight = float(ssim_weight)

    def forward(self, prediction: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Scalars {loss, reconstruction, [ssim]}, float32.

        `prediction` and `target` are (B, C, H, W) raw, `valid` is (B, 1, H, W) bool; the target may be anything,
        NaN included, where it is not valid.
        """
        with torch.autocast(target.device.type, enabled=False):
            difference = error(prediction, target, valid) / HALF_RANGE
            terms = {"reconstruction": masked_mean(self.pixel_loss(difference), valid)}
            loss = self.weight * terms["reconstruction"]
            if self.ssim_weight:
                terms["ssim"] = ssim(prediction, target, valid).mean()
                loss = loss + self.ssim_weight * (1 - terms["ssim"])
            return {"loss": loss, **terms}


def error(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """`prediction - target` (B, C, H, W) float32, 0 where not valid."""
    return torch.where(valid, prediction.float() - target.float(), 0.0)


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of values (B, C, H, W) over all bands of the valid pixels (B, 1, H, W); 0 where there are none."""
    total = torch.where(valid, values, 0.0).sum()
    return total / (valid.sum() * values.shape[1]).clamp(min=1)


def ssim(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Structural similarity of each image, (B,) float32, mean over bands and windows.

    Only windows that lie wholly on valid pixels count; an image without any counts as equal, 1.

    Args:
        prediction, target: (B, C, H, W) raw values, which span 1.
        valid: (B, 1, H, W) bool.

    Raises:
        UserError: images smaller than the window of 11 pixels.
    """
    if min(target.shape[-2:]) < WINDOW_SIZE:
        raise UserError(
            f"data.patch_size: found {target.shape[-2]}x{target.shape[-1]} pixels, "
            f"expected at least {WINDOW_SIZE} a side for SSIM"
        )
    with torch.autocast(
        target.device.type, enabled=False
    ):  # variances are small differences of large numbers
        x, y = torch.where(valid, prediction.float(), 0.0), torch.where(valid, target.float(), 0.0)
        mean_x, mean_y, square_x, square_y, product = _blurred(torch.cat([x, y, x * x, y * y, x * y])).chunk(
            5
        )
        variances = square_x - mean_x**2 + square_y - mean_y**2
        covariance = product - mean_x * mean_y
        similarity = (2 * covariance + C2) / (variances + C2)
        similarity = similarity * (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
        windows = -functional.max_pool2d(-valid.float(), WINDOW_SIZE, stride=1)
        counts = windows.sum((1, 2, 3))
        means = (similarity.mean(1, keepdim=True) * windows).sum((1, 2, 3)) / counts.clamp(min=1)
        return torch.where(counts > 0, means, 1.0)


def _blurred(images: Tensor) -> Tensor:
    """Gaussian means over all windows that lie inside: (B, C, H, W) -> (B, C, H - 10, W - 10)."""
    offsets = torch.arange(WINDOW_SIZE, dtype=torch.float32, device=images.device) - WINDOW_SIZE // 2
    window = torch.exp(-(offsets**2) / (2 * WINDOW_SIGMA**2))
    window = (window / window.sum()).view(1, 1, -1, 1)
    planes = images.flatten(0, 1)[:, None]
    blurred = functional.conv2d(functional.conv2d(planes, window), window.transpose(2, 3))
    return blurred.unflatten(0, images.shape[:2])[:, :, 0]
