"""A translation as pictures to look at."""

import torch
from torch import Tensor

PERCENTILES = (0.02, 0.98)
LARGEST_SAMPLE = 1 << 20  # of values from which percentiles are taken
ERROR_GAIN = 4.0


def draw_translation(source: Tensor, prediction: Tensor, target: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """{source, prediction, target, error}: (B, 3 or 1, H, W) float32 in [0, 1].

    The first three bands of each (the first where there are fewer), stretched between the 2nd and 98th percentile
    of the target's valid pixels; the error is the mean absolute one over bands, relative to the stretch, times 4.

    Args:
        source: (B, Cs, H, W) raw.
        prediction, target: (B, C, H, W) raw; the target may be NaN where it is not valid.
        valid: (B, 1, H, W) bool.
    """
    target = torch.where(valid, target, torch.nan)
    lowest, highest = _percentiles(_shown(target))
    span = (highest - lowest).clamp(min=1e-6)
    difference = (prediction.float() - target).abs().mean(1, keepdim=True)
    pictures = {
        name: (_shown(image.float()) - lowest) / span
        for name, image in (("source", source), ("prediction", prediction), ("target", target))
    }
    pictures["error"] = ERROR_GAIN * difference / span
    return {name: torch.nan_to_num(picture).clamp(0, 1) for name, picture in pictures.items()}


def _shown(image: Tensor) -> Tensor:
    return image[:, : 3 if image.shape[1] >= 3 else 1]


def _percentiles(image: Tensor) -> tuple[Tensor, Tensor]:
    """Two percentiles of each image, (B, 1, 1, 1); 0 and 1 where nothing is valid."""
    values = image.flatten(1)
    values = values[:, :: -(-values.shape[1] // LARGEST_SAMPLE)]
    lowest, highest = (torch.nanquantile(values, share, dim=1).view(-1, 1, 1, 1) for share in PERCENTILES)
    return torch.nan_to_num(lowest, nan=0.0), torch.nan_to_num(highest, nan=1.0)
