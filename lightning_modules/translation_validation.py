"""Sums over a validation, from which its figures are taken at the end."""

import torch
from torch import Tensor

from lightning_modules.translation_losses import TranslationLoss, error, ssim

LOWEST_MSE = 1e-10  # 100 dB


class ValidationSums:
    """Losses weighted by valid pixels, SSIM by images, squared errors over all values at once.

    Losses are means over batches weighted by their valid pixels, so they do not depend on the size of batches
    (but for SSIM within a loss, which is a mean over images).
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._pixels: Tensor | float = 0.0
        self._values: Tensor | float = 0.0
        self._squared: Tensor | float = 0.0
        self._ssim: Tensor | float = 0.0
        self._images = 0

    @torch.no_grad()
    def add(self, loss: TranslationLoss, prediction: Tensor, target: Tensor, valid: Tensor) -> None:
        """Add a batch: (B, C, H, W) raw twice, and (B, 1, H, W) bool."""
        pixels = valid.sum().double()
        for name, value in loss(prediction, target, valid).items():
            self._sums[name] = self._sums.get(name, 0.0) + pixels * value.double()
        self._pixels = self._pixels + pixels
        self._values = self._values + pixels * target.shape[1]
        self._squared = self._squared + error(prediction, target, valid).double().square().sum()
        self._ssim = self._ssim + ssim(prediction, target, valid).double().sum()
        self._images += len(target)

    def means(self) -> dict[str, Tensor]:
        """{loss, reconstruction, mse, psnr (dB, of the pooled error, for values that span 1), ssim}; empty of nothing."""
        if not self._images:
            return {}
        pixels = torch.as_tensor(self._pixels).clamp(min=1)
        means = {name: total / pixels for name, total in self._sums.items()}
        means["mse"] = torch.as_tensor(self._squared / torch.as_tensor(self._values).clamp(min=1))
        means["psnr"] = -10 * torch.log10(means["mse"].clamp(min=LOWEST_MSE))
        means["ssim"] = torch.as_tensor(self._ssim / self._images)
        return {name: value.float() for name, value in means.items()}
