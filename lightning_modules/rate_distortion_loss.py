"""The rate-distortion loss of learned compression, with the published trade-offs."""

from collections.abc import Mapping

import torch
from pytorch_msssim import ms_ssim
from torch import Tensor, nn

from errors import UserError

# Lambda per quality with which CompressAI trained its published models (its documentation, "Training").
PUBLISHED_LAMBDAS: dict[str, dict[int, float]] = {
    "mse": {1: 0.0018, 2: 0.0035, 3: 0.0067, 4: 0.0130, 5: 0.0250, 6: 0.0483, 7: 0.0932, 8: 0.1800},
    "ms-ssim": {1: 2.40, 2: 4.58, 3: 8.73, 4: 16.64, 5: 31.73, 6: 60.50, 7: 115.37, 8: 220.00},
}
# MS-SSIM halves the image four times and then slides a window of 11 pixels over it.
SMALLEST_MS_SSIM_SIDE = 161  # pixels
# Published lambdas weigh an MSE in 8-bit digital numbers; ours is of values that span [0, 1].
DIGITAL_NUMBERS = 255


class RateDistortionLoss(nn.Module):
    """lambda * distortion + rate, the rate in bits per pixel with all bands of a pixel together.

    `distortion` is "mse" (of values normalised to a span of 1, times 255**2 as published) or "ms-ssim"
    (1 - MS-SSIM for a data range of 1). `lmbda` None takes the published value for `quality`.
    Raises `errors.UserError` for an unknown distortion or a lambda that is not positive.
    """

    def __init__(self, distortion: str = "mse", quality: int = 1, lmbda: float | None = None) -> None:
        super().__init__()
        if distortion not in PUBLISHED_LAMBDAS:
            raise UserError(
                f"model.distortion: found {distortion!r}, expected one of {', '.join(PUBLISHED_LAMBDAS)}"
            )
        if lmbda is None:
            lmbda = PUBLISHED_LAMBDAS[distortion][quality]
        if lmbda <= 0:
            raise UserError(f"model.lmbda: found {lmbda}, expected a positive number or null")
        self.distortion = distortion
        self.lmbda = float(lmbda)

    def forward(
        self, image: Tensor, reconstruction: Tensor, likelihoods: Mapping[str, Tensor], valid: Tensor
    ) -> dict[str, Tensor]:
        """Scalars {loss, bits_per_pixel, bits_per_pixel_per_band, mse, [ms_ssim]} of a batch, float32.

        `image` and `reconstruction` are (B, C, H, W) of the true size (padding cropped), `valid` is
        (B, 1, H, W) bool: pixels that are not valid cause no distortion; all pixels carry the rate.
        """
        with torch.autocast(image.device.type, enabled=False):
            return self._terms(image, reconstruction.float(), likelihoods, valid)

    def _terms(
        self, image: Tensor, reconstruction: Tensor, likelihoods: Mapping[str, Tensor], valid: Tensor
    ) -> dict[str, Tensor]:
        batch, bands, height, width = image.shape
        rate = estimated_bits(likelihoods).sum() / (batch * height * width)
        mse = masked_mse(image, reconstruction, valid)
        terms = {"bits_per_pixel": rate, "bits_per_pixel_per_band": rate / bands, "mse": mse}
        if self.distortion == "mse":
            distortion = DIGITAL_NUMBERS**2 * mse
        else:
            if min(height, width) < SMALLEST_MS_SSIM_SIDE:
                raise UserError(
                    f"model.distortion: ms-ssim needs images of at least {SMALLEST_MS_SSIM_SIDE} pixels a side, "
                    f"found {height} x {width}: enlarge data.patch_size or take mse"
                )
            terms["ms_ssim"] = ms_ssim(torch.where(valid, reconstruction, image), image, data_range=1.0)
            distortion = 1 - terms["ms_ssim"]
        return {"loss": self.lmbda * distortion + rate, **terms}


def estimated_bits(likelihoods: Mapping[str, Tensor]) -> Tensor:
    """Information content in bits of each image of a batch, (B,) float32, from latents' likelihoods (B, ...)."""
    per_latent = [-likelihood.float().log2().flatten(1).sum(1) for likelihood in likelihoods.values()]
    return torch.stack(per_latent).sum(0)


def masked_mse(image: Tensor, reconstruction: Tensor, valid: Tensor) -> Tensor:
    """Mean squared error over the valid samples of (B, C, H, W) images; 0 where none is valid."""
    squared_error = (reconstruction - image).square() * valid
    return squared_error.sum() / (valid.sum() * image.shape[1]).clamp(min=1)
