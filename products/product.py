"""What every opened product is: named bands on their native grids, read lazily by window."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from products.grid import Grid, GridRelation
from products.window import Window

if TYPE_CHECKING:
    from products.sensor import Sensor


@dataclass(frozen=True)
class Geolocation:
    """Where the pixels of a swath lie: two (h, w) float64 arrays in degrees (WGS 84), NaN where unknown."""

    longitude: np.ndarray
    latitude: np.ndarray


class Product(ABC):
    """An opened product; a context manager that closes it. Can be pickled: files open on first use in each process.

    Attributes:
        path: file or folder.
        name: identifies it in results, e.g. the SAFE's name without suffix.
        sensor: facts of the instrument.
        grids: ground sample distance (m) -> grid, finest first, of the groups that the product has.
        offsets: by band: what is added to a digital number so that `scale` times it is the physical value, e.g.
            -1000 for Sentinel-2 from processing baseline 04.00 on; 0 where absent.
        scales: by band, where the product says otherwise than the sensor's config.
        physical_offsets: by band, where what is added after scaling is otherwise than in the sensor's config.
        tags: text metadata worth keeping in outputs (level, baseline, sensing time, platform, ...).
        synthetic: no sensor has measured it.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        sensor: "Sensor",
        grids: Mapping[int, Grid],
        *,
        offsets: Mapping[str, float] | None = None,
        scales: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
        synthetic: bool = False,
    ) -> None:
        self.path, self.name, self.sensor = path, name, sensor
        self.grids = dict(sorted(grids.items()))
        self.offsets, self.scales = dict(offsets or {}), dict(scales or {})
        self.physical_offsets: dict[str, float] = {}
        self.tags, self.synthetic = dict(tags or {}), synthetic

    @abstractmethod
    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """Stored digital numbers of all bands of a grid inside `window`, (C, h, w) in the sensor's type and order.

        Raises:
            UserError: the file is damaged there.
        """

    def geolocation(self, ground_sample_distance_m: int, window: Window) -> Geolocation | None:
        """Longitude and latitude of the window's pixels, for products without a map projection; else None."""
        return None

    def close(self) -> None:  # noqa: B027  (most products have nothing to close)
        """Close what is open; reading opens it again."""

    @property
    def finest_m(self) -> int:
        """Ground sample distance of the finest grid."""
        return next(iter(self.grids))

    def relation(self, ground_sample_distance_m: int) -> GridRelation:
        """How a grid lies on the finest one."""
        finest, coarse = self.grids[self.finest_m], self.grids[ground_sample_distance_m]
        return finest.relation(coarse, ground_sample_distance_m // self.finest_m, str(self.path))

    def read_harmonised(self, ground_sample_distance_m: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Digital numbers with the product's offsets applied, and where they are data.

        Harmonised numbers mean the same in every processing baseline: reflectance x 10 000 for Sentinel-2.

        Returns:
            (C, h, w) float32, 0 where there are no data, and (C, h, w) bool: neither nodata nor outside of the
            sensor's valid range.
        """
        stored = self.read(ground_sample_distance_m, window)
        valid = self.valid(stored)
        pixels = stored.astype(np.float32)
        pixels += self.offsets_of(ground_sample_distance_m)[:, None, None]
        pixels[~valid] = 0
        return pixels, valid

    def valid(self, stored: np.ndarray) -> np.ndarray:
        """Where stored digital numbers of any shape are data; bool."""
        low, high = self.sensor.valid_range
        valid: np.ndarray = (stored != self.sensor.nodata) & (stored >= low) & (stored <= high)
        return valid

    def offsets_of(self, ground_sample_distance_m: int) -> np.ndarray:
        """The offsets of a grid's bands, (C,) float32."""
        names = [band.name for band in self.sensor.group(ground_sample_distance_m)]
        return np.array([self.offsets.get(name, 0.0) for name in names], np.float32)

    def __enter__(self) -> "Product":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
