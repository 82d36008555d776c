"""Sums over a validation of segmentation, from which its figures are taken at the end."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

IGNORE = 255


class ConfusionSums:
    """Pixels by true and predicted class over a whole set, and the loss; figures do not depend on the size of batches.

    Args:
        classes: names in the order of their indices.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.matrix = torch.zeros(len(self.classes), len(self.classes), dtype=torch.int64)
        self._loss = torch.zeros((), dtype=torch.float64)

    @torch.no_grad()
    def add(self, prediction: Tensor, mask: Tensor, loss: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: (B, H, W) class indices.
            mask: (B, H, W) class indices, 255 = unknown.
            loss: mean over the pixels of known class.
        """
        known = mask != IGNORE
        count = len(self.classes)
        pairs = mask[known].long() * count + prediction[known].long()
        self.matrix = self.matrix.to(mask.device) + pairs.bincount(minlength=count**2).view(count, count)
        self._loss = self._loss.to(mask.device) + loss.double() * known.sum()

    def figures(self, reduce: Callable[[Tensor], Tensor] = lambda total: total) -> dict[str, Tensor]:
        """{loss, accuracy, mean_iou, iou_<class>}, float32; empty where no pixel has a class.

        Intersection over union of a class that is neither in the masks nor in the predictions is nothing: it is left
        out of the mean, and not named.

        Args:
            reduce: adds up what several processes have.
        """
        matrix, loss = reduce(self.matrix).double(), reduce(self._loss)
        pixels = matrix.sum()
        if not pixels:
            return {}
        shared = matrix.diagonal()
        either = matrix.sum(0) + matrix.sum(1) - shared
        ious = {
            f"iou_{name}": shared[index] / either[index]
            for index, name in enumerate(self.classes)
            if either[index]
        }
        figures = {"loss": loss / pixels, "accuracy": shared.sum() / pixels}
        figures |= {"mean_iou": torch.stack(list(ious.values())).mean(), **ious}
        return {name: value.float() for name, value in figures.items()}
