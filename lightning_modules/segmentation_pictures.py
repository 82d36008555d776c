"""A segmentation as pictures to look at."""

from collections.abc import Sequence

import torch
from torch import Tensor

IGNORE = 255
PERCENTILES = (0.02, 0.98)
LARGEST_SAMPLE = 1 << 20  # of values from which percentiles are taken
SHOWN_BANDS = (("B4", "B3", "B2"), ("red", "green", "blue"))  # the first of these that a scene has
_GREY = 0.25  # of what is not known


def draw_segmentation(
    image: Tensor, valid: Tensor, mask: Tensor, probabilities: Tensor, bands: Sequence[str], colours: Tensor
) -> dict[str, Tensor]:
    """{image, truth, prediction, error, confidence}: (B, 3 or 1, H, W) float32 in [0, 1].

    The image in true colours where it has them, else its first bands, each stretched between the 2nd and 98th percentile
    of its valid pixels; truth and prediction in the colours of the classes, dark grey where unknown; errors white;
    confidence is the probability of the predicted class.

    Args:
        image: (B, C, H, W) digital numbers.
        valid: (B, 1, H, W) bool.
        mask: (B, H, W), 255 = unknown.
        probabilities: (B, K, H, W).
        bands: names.
        colours: (K, 3) in [0, 1].
    """
    confidence, prediction = probabilities.max(1)
    known = mask != IGNORE
    pictures = {
        "image": _stretched(image[:, shown_bands(bands)].float(), valid),
        "truth": _coloured(mask, known, colours),
        "prediction": _coloured(prediction, valid.squeeze(1), colours),
        "error": ((prediction != mask) & known).unsqueeze(1).float(),
        "confidence": confidence.unsqueeze(1) * valid,
    }
    return {name: picture.float() for name, picture in pictures.items()}


def shown_bands(bands: Sequence[str]) -> list[int]:
    """Indices of three bands for red, green and blue; of one where there are fewer than three."""
    for names in SHOWN_BANDS:
        if set(names) <= set(bands):
            return [list(bands).index(name) for name in names]
    return [2, 1, 0] if len(bands) >= 3 else [0]


def _stretched(image: Tensor, valid: Tensor) -> Tensor:
    values = torch.where(valid, image, torch.nan).flatten(2)
    values = values[:, :, :: -(-values.shape[2] // LARGEST_SAMPLE)]
    low, high = (
        torch.nan_to_num(torch.nanquantile(values, share, dim=2), nan=nothing)[:, :, None, None]
        for share, nothing in zip(PERCENTILES, (0.0, 1.0), strict=True)
    )
    return ((image - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * valid


def _coloured(classes: Tensor, known: Tensor, colours: Tensor) -> Tensor:
    picture = colours[classes.clamp(max=len(colours) - 1).long()].movedim(-1, 1)
    return torch.where(known.unsqueeze(1), picture, _GREY)
