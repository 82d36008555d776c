"""The sun above an SLSTR product: zenith from the tie points, brought to its image grids."""

from typing import Any

import numpy as np

from products.slstr_files import SlstrFiles, decoded
from products.slstr_grids import SlstrGrids
from products.slstr_tie_points import extended, interpolated
from products.window import Window


class SlstrSun:
    """Sun zenith of one product.

    The cosine is interpolated linearly between tie points: 16 km are short against its curvature (error below 1e-6),
    and nothing rings at the swath's edge or jumps at the terminator.

    Args:
        files, grids: of the product.
        night_zenith_deg: from here on it is night.
        tie_point_reach: see `products.slstr_tie_points.extended`.
    """

    def __init__(
        self, files: SlstrFiles, grids: SlstrGrids, night_zenith_deg: float, tie_point_reach: int
    ) -> None:
        self.files, self.grids, self.tie_point_reach = files, grids, tie_point_reach
        self.lowest = np.float32(np.cos(np.radians(night_zenith_deg)))
        self._kept: dict[str, np.ndarray] = {}

    def is_known(self, grid: str) -> bool:
        """Whether the product has the sun's zenith for the view of a grid."""
        return _file(grid) in self.files.names

    def cosine(self, grid: str, window: Window | None = None) -> np.ndarray:
        """Of the zenith, (h, w) float32, NaN where the tie points do not say.

        Raises:
            UserError: `geometry_tn.nc` (`geometry_to.nc`) is missing or damaged.
        """
        file, tie = _file(grid), f"t{grid[-1]}"
        self.files.require(file, "the sun zenith")
        zenith = decoded(self.files.read(file, f"solar_zenith_{tie}"), np.float64)
        zenith[(zenith < 0) | (zenith > 180)] = np.nan  # fill values that the file does not name
        known = extended(np.cos(np.radians(zenith)), self.tie_point_reach)
        rows, columns = self.grids.grid(grid).positions_on(self.grids.grid(tie))
        if window is not None:
            rows, columns = rows[window.row : window.bottom], columns[window.column : window.right]
        return interpolated(known, rows, columns)

    def day_cosine(self, grid: str, window: Window | None = None) -> np.ndarray:
        """The same, NaN at night too. That of a whole grid is kept, since every band needs it: do not write to it.

        Raises:
            UserError: see `cosine`.
        """
        if grid in self._kept:
            kept = self._kept[grid]
            return kept if window is None else kept[window.row : window.bottom, window.column : window.right]
        cosine = self.cosine(grid, window)
        cosine[cosine <= self.lowest] = np.nan
        if window is None:
            self._kept[grid] = cosine
        return cosine

    def close(self) -> None:
        """Forget what was kept."""
        self._kept.clear()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}}


def _file(grid: str) -> str:
    return f"geometry_t{grid[-1]}.nc"
