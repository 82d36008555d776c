"""Layers beside the bands of a scene (elevation, tree cover, ...), read on the scene's grid whatever grid they are on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from errors import UserError
from products.grid import Grid
from products.grid_mapping import centres_on, coordinates_on, described, edges_of, georeferenced
from products.single_band import SingleBand
from products.window import Window

_FINEST = 8  # at most so many samples along each side of a pixel of a scene that is coarser than the layer
_LEAST_WEIGHT = 1e-6  # of neighbours that are known: less is rounding
_SLACK = 1.0  # pixels of the layer by which a scene may reach out: coordinates of both are rounded


@dataclass(frozen=True)
class LayerFacts:
    """What is known of a kind of layer (`conf/auxiliary_layers/`).

    Attributes:
        nodata: numbers that mean nothing, beside what the file itself declares.
        valid_range: numbers outside of it mean nothing.
        resampling: `nearest` or `bilinear`.
        fill: what takes the place of numbers that mean nothing.
        divide_by: brings it near 0 to 1 for networks; nothing is divided here.
    """

    nodata: tuple[float, ...] = ()
    valid_range: tuple[float, float] = (-math.inf, math.inf)
    resampling: str = "bilinear"
    fill: float = 0.0
    divide_by: float = 1.0

    @classmethod
    def of(cls, name: str, facts: Mapping[str, Any]) -> "LayerFacts":
        """From a config.

        Raises:
            UserError: an unknown key, resampling or range.
        """
        unknown = set(facts) - set(cls.__annotations__)
        if unknown:
            raise UserError(
                f"auxiliary_layers.{name}: found {', '.join(sorted(unknown))}, expected {', '.join(cls.__annotations__)}"
            )
        low, high = (float(value) for value in facts.get("valid_range", (-math.inf, math.inf)))
        known = cls(
            nodata=tuple(float(value) for value in facts.get("nodata", ())),
            valid_range=(low, high),
            resampling=str(facts.get("resampling", "bilinear")),
            fill=float(facts.get("fill", 0.0)),
            divide_by=float(facts.get("divide_by", 1.0)),
        )
        if known.resampling not in ("nearest", "bilinear"):
            raise UserError(
                f"auxiliary_layers.{name}.resampling: found {known.resampling}, expected nearest or bilinear"
            )
        return known


class AuxiliaryLayer:
    """A raster with one band, read on the grids of scenes; can be pickled.

    Numbers that mean nothing take no part in interpolation: weights go to the neighbours, and where there are none the
    layer is `fill`. Values do not depend on the window. A scene that is coarser than the layer has the mean of samples
    within each of its pixels (nearest: the number at its centre).

    Args:
        path: the file.
        name: of the layer.
        facts: of layers of that name.

    Raises:
        UserError: the file cannot be read, or has several bands.
    """

    def __init__(self, path: str | Path, name: str, facts: LayerFacts | None = None) -> None:
        self.path, self.name, self.facts = Path(path), name, facts or LayerFacts()
        self.label = f"auxiliary.{name}={path}"
        self.band = SingleBand(self.path, self.label)
        self.grid = self.band.grid
        self._void = {*self.facts.nodata, *([] if self.band.nodata is None else [self.band.nodata])}

    def check_covers(self, grid: Grid, scene: str) -> None:
        """Whether the layer covers a scene's grid.

        Raises:
            UserError: it does not, or one of both has no georeference and the sizes differ.
        """
        if not georeferenced(grid, self.grid):
            if grid.shape != self.grid.shape:
                raise UserError(
                    f"{self.label}: found {described(self.grid)}, expected the size of {scene}, {described(grid)}"
                )
            return
        rows, columns = coordinates_on(self.grid, grid, *edges_of(grid), self.label)
        beyond = max(
            -rows.min(), -columns.min(), rows.max() - self.grid.height, columns.max() - self.grid.width
        )
        if not beyond <= _SLACK:  # NaN and infinity too
            raise UserError(
                f"{self.label}: found {described(self.grid)}, expected a layer that covers {scene}, {described(grid)}"
                f"{self._there(grid, rows, columns)}"
            )

    def read(self, grid: Grid, window: Window) -> np.ndarray:
        """The layer on a window of a scene's grid, (h, w) float32, finite.

        Raises:
            UserError: the file is damaged there.
        """
        if not georeferenced(grid, self.grid):
            values = self._values(window)
            return np.where(np.isnan(values), np.float32(self.facts.fill), values)
        samples = self._samples(grid)
        rows, columns = centres_on(self.grid, grid, window, self.label, samples)
        if self.facts.resampling == "nearest":
            values = self._nearest(rows, columns)
        else:
            values = self._bilinear(rows, columns)
        if samples > 1:
            blocks = values.reshape(window.height, samples, window.width, samples)
            known = ~np.isnan(blocks)
            count = known.sum((1, 3))
            total = np.where(known, blocks, 0).sum((1, 3), dtype=np.float64)
            values = np.where(count, total / np.maximum(count, 1), np.nan).astype(np.float32)
        return np.where(np.isnan(values), np.float32(self.facts.fill), values)

    def close(self) -> None:
        """Close the file; reading opens it again."""
        self.band.close()

    def _there(self, grid: Grid, rows: np.ndarray, columns: np.ndarray) -> str:
        """Where a scene lies on the layer's map, where that is another map than the scene's."""
        if grid.crs == self.grid.crs or not np.isfinite([rows, columns]).all():
            return ""
        assert self.grid.transform is not None
        x, y = Affine(*self.grid.transform) @ (columns, rows)
        return f", there x {x.min():.10g} to {x.max():.10g}, y {y.min():.10g} to {y.max():.10g}"

    def _samples(self, grid: Grid) -> int:
        """Along each side of the scene's pixels."""
        if self.facts.resampling == "nearest":
            return 1
        middle = np.array([0.0, 1.0]) + grid.height / 2, np.array([0.0, 1.0]) + grid.width / 2
        rows, columns = coordinates_on(self.grid, grid, *middle, self.label)
        step = max(abs(float(rows[1] - rows[0])), abs(float(columns[1] - columns[0])))
        return min(max(round(step), 1), _FINEST)

    def _nearest(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        row = np.clip(np.floor(rows), 0, self.grid.height - 1).astype(np.intp)
        column = np.clip(np.floor(columns), 0, self.grid.width - 1).astype(np.intp)
        window = _around(row, column)
        return self._values(window)[row - window.row, column - window.column]

    def _bilinear(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        row = np.floor(rows - 0.5).astype(np.intp)
        column = np.floor(columns - 0.5).astype(np.intp)
        down, right = rows - 0.5 - row, columns - 0.5 - column
        corners = [
            (np.clip(row + i, 0, self.grid.height - 1), np.clip(column + j, 0, self.grid.width - 1), weight)
            for i, j, weight in (
                (0, 0, (1 - down) * (1 - right)), (0, 1, (1 - down) * right),
                (1, 0, down * (1 - right)), (1, 1, down * right),
            )
        ]  # fmt: skip
        (top, left, _), (bottom, last, _) = corners[0], corners[-1]
        window = _around(np.stack([top, bottom]), np.stack([left, last]))
        values = self._values(window)
        known = ~np.isnan(values)
        values = np.where(known, values, 0)
        total, norm = np.zeros(rows.shape), np.zeros(rows.shape)
        for i, j, weight in corners:
            place = i - window.row, j - window.column
            total += values[place] * weight
            norm += known[place] * weight
        found = norm > _LEAST_WEIGHT
        result = np.full(rows.shape, np.nan, np.float32)
        result[found] = total[found] / norm[found]
        return result

    def _values(self, window: Window) -> np.ndarray:
        """Numbers of the file, float32, NaN where they mean nothing."""
        stored = self.band.read(window)
        values = stored.astype(np.float32)
        low, high = self.facts.valid_range
        void = ~((stored >= low) & (stored <= high))  # NaN too
        for number in self._void:
            void |= stored == number
        values[void] = np.nan
        return values


def _around(rows: np.ndarray, columns: np.ndarray) -> Window:
    top, left = int(rows.min()), int(columns.min())
    return Window(top, left, int(rows.max()) + 1 - top, int(columns.max()) + 1 - left)
