"""Losses of segmentation, over pixels whose class is known; 255 has no part in any of them."""

from collections.abc import Callable, Mapping, Sequence

import torch
from segmentation_models_pytorch.losses import LovaszLoss
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError

IGNORE = 255
WEIGHTINGS = ("none", "inverse_sqrt", "inverse")
MEANS = ("weights", "pixels")
_DICE_SMOOTHING = 1.0  # pixels: a class that a batch hardly has gives no wild gradient
_LOVASZ = LovaszLoss("multiclass", ignore_index=IGNORE)


def class_weights(counts: Sequence[float], weighting: str) -> Tensor:
    """Weights (K,) float32 of the classes from their pixels in the training data, with sum 1.

    `inverse_sqrt` (as published): proportional to 1 / sqrt(count); `inverse`: to 1 / count; `none`: all 1, whose sum is K. A
    class without pixels gets the largest weight of the others, and is not counted in the sum.

    Raises:
        UserError: an unknown weighting, or no pixels at all.
    """
    if weighting not in WEIGHTINGS:
        raise UserError(
            f"model.class_weighting: found {weighting!r}, expected one of {', '.join(WEIGHTINGS)}"
        )
    pixels = torch.tensor([float(count) for count in counts], dtype=torch.float64)
    if weighting == "none":
        return torch.ones(len(pixels))
    present = pixels > 0
    if not present.any():
        raise UserError("model.class_weighting: the training data have no labelled pixel to weigh classes by")
    weights = torch.zeros_like(pixels)
    weights[present] = pixels[present] ** (-0.5 if weighting == "inverse_sqrt" else -1.0)
    weights /= weights.sum()
    weights[~present] = weights.max()
    return weights.float()


class SegmentationLoss(nn.Module):
    """A weighted sum of losses, with weights of the classes.

    * `cross_entropy`: of softmax;
    * `focal`: the same times (1 - p)^gamma, p the probability of the true class (Lin et al. 2017, of softmax);
    * `dice`: 1 - Dice coefficient of probabilities over the batch, mean over the classes that the batch has;
    * `lovasz`: Lovasz-softmax over the batch, mean over the classes that it has (Berman et al. 2018).

    The first two are weighted by class: divided by the sum of the weights of the pixels (`mean: weights`), or by the number of
    pixels (`pixels`, as published; about a quarter of it with four classes and weights of sum 1).

    Args:
        loss: a name, several as in "cross_entropy+0.5*dice", or {name: weight}.
        num_classes: classes.
        mean: see above.
        focal_gamma: exponent of the focal loss.

    Raises:
        UserError: an unknown name, or a weight that is none.
    """

    weights: Tensor

    def __init__(
        self,
        loss: str | Mapping[str, float],
        num_classes: int,
        *,
        mean: str = "weights",
        focal_gamma: float = 2.0,
    ) -> None:
        super().__init__()
        parts = _parts(loss) if isinstance(loss, str) else {str(key): float(v) for key, v in loss.items()}
        for name, weight in parts.items():
            if name not in LOSSES:
                raise UserError(f"model.loss: found {name!r}, expected one of {', '.join(LOSSES)}")
            if weight < 0:
                raise UserError(f"model.loss.{name}: found {weight:g}, expected 0 or more")
        if not sum(parts.values()) > 0:
            raise UserError("model.loss: found nothing, expected a loss with a weight above 0")
        if mean not in MEANS:
            raise UserError(f"model.cross_entropy_mean: found {mean!r}, expected one of {', '.join(MEANS)}")
        self.parts = {name: weight for name, weight in parts.items() if weight}
        self.by_weights, self.focal_gamma = mean == "weights", float(focal_gamma)
        self.register_buffer("weights", torch.ones(num_classes))

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        """A number with a gradient; 0, with a gradient of 0, where no pixel has a class.

        Args:
            logits: (B, K, H, W); computed with in float32.
            mask: (B, H, W) int64 class indices, 255 = unknown.
        """
        logits = logits.float()
        if not bool((mask != IGNORE).any()):
            return logits.sum() * 0.0
        total = logits.new_zeros(())
        for name, weight in self.parts.items():
            total = total + weight * LOSSES[name](self, logits, mask)
        return total

    def _over_pixels(self, losses: Tensor, mask: Tensor) -> Tensor:
        """Mean of what pixels (B, H, W) lost, weights of classes already applied."""
        known = mask != IGNORE
        if self.by_weights:
            of_pixels = self.weights[mask.clamp(max=len(self.weights) - 1)] * known
            return losses.sum() / of_pixels.sum()
        return losses.sum() / known.sum()


def _parts(loss: str) -> dict[str, float]:
    """{name: weight} of "cross_entropy+0.5*dice"."""
    parts: dict[str, float] = {}
    for term in loss.split("+"):
        weight, _, name = term.rpartition("*")
        try:
            parts[name.strip()] = float(weight) if weight else 1.0
        except ValueError as error:
            raise UserError(
                f"model.loss: found {term.strip()!r}, expected a name, or a number, * and a name"
            ) from error
    return parts


def _cross_entropy(module: SegmentationLoss, logits: Tensor, mask: Tensor) -> Tensor:
    losses = functional.cross_entropy(
        logits, mask, weight=module.weights, ignore_index=IGNORE, reduction="none"
    )
    return module._over_pixels(losses, mask)


def _focal(module: SegmentationLoss, logits: Tensor, mask: Tensor) -> Tensor:
    losses = functional.cross_entropy(logits, mask, ignore_index=IGNORE, reduction="none")
    doubt = -torch.expm1(-losses)  # 1 - p, exact where p is near 1; 0 where the class is unknown
    weights = module.weights[mask.clamp(max=len(module.weights) - 1)]
    return module._over_pixels(weights * doubt.clamp(min=0) ** module.focal_gamma * losses, mask)


def _dice(module: SegmentationLoss, logits: Tensor, mask: Tensor) -> Tensor:
    known = (mask != IGNORE).unsqueeze(1)
    probabilities = logits.softmax(1) * known
    true = functional.one_hot(mask.where(known.squeeze(1), 0), logits.shape[1]).movedim(-1, 1) * known
    pixels = true.sum((0, 2, 3))
    shared = (probabilities * true).sum((0, 2, 3))
    both = probabilities.sum((0, 2, 3)) + pixels
    losses = 1 - (2 * shared + _DICE_SMOOTHING) / (both + _DICE_SMOOTHING)
    present = pixels > 0
    return (losses * present).sum() / present.sum()


def _lovasz(module: SegmentationLoss, logits: Tensor, mask: Tensor) -> Tensor:
    loss: Tensor = _LOVASZ(logits, mask)
    return loss


LOSSES: dict[str, Callable[[SegmentationLoss, Tensor, Tensor], Tensor]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "dice": _dice,
    "lovasz": _lovasz,
}
