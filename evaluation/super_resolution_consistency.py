"""Consistency at full resolution: a super-resolved image, degraded, should be the image that it was made from."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion

from products.degradation import degrade
from products.grid import GridRelation

# Cells next to a hole are left out: what fills the hole reaches them through the blur.
_SURROUNDINGS = np.ones((1, 3, 3), bool)


@dataclass(frozen=True)
class ConsistencySums:
    """Squared differences between degraded results and what was measured; `+` pools those of two windows.

    Wald's first property of synthesised images (Wald, Ranchin, Mangolini 1997), measured on the product's own grid,
    where there is no truth to compare with. It is needed and not enough: a smooth image can have it too.

    Attributes:
        pixels: coarse pixels that count, `(C,)` int64.
        squared: sum of squared differences, `(C,)` float64, digital numbers squared.
    """

    pixels: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(
        cls, fine: np.ndarray, coarse: np.ndarray, valid: np.ndarray, relation: GridRelation
    ) -> "ConsistencySums":
        """The sums of one window.

        Args:
            fine: `(C, H, W)` super-resolved digital numbers.
            coarse: `(C, h, w)` as measured; from the corner of `fine` on that `relation` tells.
            valid: `(C, h, w)` bool. A pixel counts where the eight around it are valid too.
            relation: how the coarse window lies on the fine one.

        Raises:
            ValueError: `fine` does not cover `coarse`.
        """
        again = degrade(
            fine, relation.factor, row_offset=relation.row_offset, column_offset=relation.column_offset
        )
        rows, columns = (min(a, b) for a, b in zip(again.shape[1:], coarse.shape[1:], strict=True))
        missing = max(coarse.shape[1] - rows, coarse.shape[2] - columns)
        if missing > 1 or len(again) != len(coarse):  # 1: grids half a pixel apart
            raise ValueError(f"{fine.shape} does not cover {coarse.shape} at {relation}")
        counts = binary_erosion(valid, _SURROUNDINGS, border_value=1)[:, :rows, :columns]
        difference = again[:, :rows, :columns].astype(np.float64) - coarse[:, :rows, :columns]
        squared = np.square(np.where(counts, difference, 0.0)).sum(axis=(1, 2))
        return cls(counts.sum(axis=(1, 2)), squared)

    def __add__(self, other: "ConsistencySums") -> "ConsistencySums":
        return ConsistencySums(self.pixels + other.pixels, self.squared + other.squared)

    def rmse(self) -> list[float | None]:
        """Root of the mean squared difference of each band, digital numbers; None where no pixel counts."""
        return [
            float(np.sqrt(squared / pixels)) if pixels and np.isfinite(squared) else None
            for pixels, squared in zip(self.pixels, self.squared, strict=True)
        ]

    def mean(self) -> float | None:
        """Mean of `rmse` over the bands that have pixels; None without any, or where a difference is not finite."""
        known = [value for value in self.rmse() if value is not None]
        return sum(known) / len(known) if known and np.isfinite(self.squared).all() else None
