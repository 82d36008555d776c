"""Sums over a validation of super-resolution, from which its figures are taken at the end."""

import torch
from torch import Tensor


def masked_error(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """prediction - target, and 0 where it is not valid, whatever the target holds there; all (B, C, H, W)."""
    return torch.where(valid, prediction - target, 0.0)


class ValidationSums:
    """Errors over all valid values at once, so that figures do not depend on the size of batches.

    Args:
        scale: digital numbers per unit of the network's scale.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._values: Tensor | float = 0.0
        self._absolute: Tensor | float = 0.0
        self._squared: dict[str, Tensor | float] = {}

    @torch.no_grad()
    def add(self, prediction: Tensor, target: Tensor, valid: Tensor, bicubic: Tensor | None = None) -> None:
        """Add a batch of digital numbers, (B, C, H, W) all; the baseline in every batch or in none."""
        error = masked_error(prediction, target, valid).double()
        self._values = self._values + valid.sum().double()
        self._absolute = self._absolute + error.abs().sum()
        self._add_squared("rmse", error)
        if bicubic is not None:
            self._add_squared("rmse_bicubic", masked_error(bicubic, target, valid).double())

    def means(self) -> dict[str, Tensor]:
        """{loss (L1 on the network's scale), rmse and, with a baseline, rmse_bicubic (digital numbers)}; empty of nothing."""
        values = torch.as_tensor(self._values)
        if not values:
            return {}
        means = {"loss": self._absolute / values / self.scale}
        means |= {name: (total / values).sqrt() for name, total in self._squared.items()}
        return {name: torch.as_tensor(value).float() for name, value in means.items()}

    def _add_squared(self, name: str, error: Tensor) -> None:
        self._squared[name] = self._squared.get(name, 0.0) + error.square().sum()
