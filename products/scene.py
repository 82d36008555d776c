"""A scene: named bands of one place and time on one grid, read lazily by window."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np

from products.grid import Grid
from products.window import Window


@dataclass(frozen=True, order=True)
class SceneKey:
    """Where and when a scene was taken; what two files share that belong together.

    Attributes:
        tile: e.g. "T32TNS"; "" where the files do not say.
        time: start of sensing (UTC), to the second where known; at midnight where only the day is known.
        day_only: whether only the day is known.
    """

    tile: str
    time: datetime
    day_only: bool = False

    def matches(self, other: "SceneKey") -> bool:
        """Same tile (or one is not known) and same time (or same day where one knows only that)."""
        if self.tile and other.tile and self.tile != other.tile:
            return False
        if self.day_only or other.day_only:
            return self.time.date() == other.time.date()
        return self.time == other.time

    def __str__(self) -> str:
        time = self.time.strftime("%Y%m%d" if self.day_only else "%Y%m%dT%H%M%S")
        return f"{self.tile}_{time}" if self.tile else time


class Scene(ABC):
    """Bands on one grid; a context manager that closes it. Can be pickled: files open on first use in each process.

    Pixels are harmonised digital numbers: radiometric offsets are applied and reflectance is x 10 000, whatever the
    file stores. Auxiliary layers (elevation, tree cover, ...) are bands too, in units of their own.

    Attributes:
        path: file or folder.
        name: identifies it in results and in the ids of windows; no `#`.
        key: tile and time, None where unknown.
        grid: of all bands.
        bands: names in the order in which they are read.
        tags: text metadata worth keeping in outputs.
        synthetic: no sensor has measured it.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        grid: Grid,
        bands: tuple[str, ...],
        *,
        key: SceneKey | None = None,
        tags: Mapping[str, str] | None = None,
        synthetic: bool = False,
    ) -> None:
        self.path, self.name, self.grid, self.bands = path, name, grid, tuple(bands)
        self.key, self.tags, self.synthetic = key, dict(tags or {}), synthetic

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        return len(self.bands), *self.grid.shape

    @property
    def window(self) -> Window:
        """The whole scene."""
        return Window(0, 0, *self.grid.shape)

    @abstractmethod
    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """What lies in a window inside the scene.

        Returns:
            (C, h, w) float32, finite, 0 where there are no data; (h, w) bool: where all bands have data.

        Raises:
            UserError: the file is damaged there.
        """

    def close(self) -> None:  # noqa: B027  (most scenes have nothing to close)
        """Close what is open; reading opens it again."""

    def __enter__(self) -> "Scene":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
