"""What a config knows of an instrument (`conf/sensor/`), and its products opened by the readers named there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from errors import UserError
from products.product import Product


@dataclass(frozen=True)
class Band:
    """A band of an instrument.

    Attributes:
        name: unique in the sensor.
        ground_sample_distance_m: nominal pixel side of the grid that it comes on.
        wavelength_nm: centre; None where there is none to tell.
        description: what outputs call it; `name` where None.
        source: what the product's files call it, where that is not `name`.
        native_ground_sample_distance_m: what the instrument resolves, where products hold it on a finer grid.
    """

    name: str
    ground_sample_distance_m: int
    wavelength_nm: float | None = None
    description: str | None = None
    source: str | None = None
    native_ground_sample_distance_m: int | None = None

    @property
    def label(self) -> str:
        """The description, or the name."""
        return self.description or self.name


class Reader(Protocol):
    """Knows one product format."""

    def recognises(self, path: Path) -> bool:
        """Whether `path` (a file or folder that exists) looks like a product of this format; judged by content."""

    def open(self, path: Path, sensor: "Sensor") -> Product:
        """The product, checked as far as possible without reading pixels.

        Raises:
            UserError: naming the file, what was found and what was expected.
        """


class Sensor:
    """An instrument.

    Args:
        name: e.g. "sentinel2".
        bands: facts of each band by name (`Band`); within a ground sample distance in the order that networks take.
        dtype: numpy name of the stored pixels.
        nodata: stored digital number of pixels without data.
        valid_range: smallest and largest stored digital number of a pixel with data.
        scale: physical value of one digital number, e.g. 1e-4 (reflectance).
        offset: added after scaling, where no product says otherwise: physical = scale * digital number + offset.
        readers: formats, tried in this order.
        weights: option of `conf/weights` that serves without a run; None: there is none.
        title: the instrument in words.

    Raises:
        UserError: no bands, or an empty range.
    """

    def __init__(
        self,
        *,
        name: str,
        bands: Mapping[str, Mapping[str, Any]],
        dtype: str,
        nodata: float,
        valid_range: Sequence[float],
        readers: Sequence[Reader],
        scale: float = 1.0,
        offset: float = 0.0,
        weights: str | None = None,
        title: str = "",
    ) -> None:
        self.name, self.title, self.weights = name, title or name, weights
        self.bands = {key: Band(name=key, **facts) for key, facts in bands.items()}
        self.dtype, self.nodata = dtype, float(nodata)
        self.scale, self.offset = float(scale), float(offset)
        self.valid_range = (float(valid_range[0]), float(valid_range[1]))
        self.readers = list(readers)
        if not self.bands:
            raise UserError(f"sensor.bands of {name}: found none, expected at least one band")
        if self.valid_range[0] >= self.valid_range[1]:
            raise UserError(f"sensor.valid_range of {name}: found {list(valid_range)}, expected [low, high]")

    @property
    def ground_sample_distances_m(self) -> tuple[int, ...]:
        """Of the grids, finest first."""
        return tuple(sorted({band.ground_sample_distance_m for band in self.bands.values()}))

    def group(self, ground_sample_distance_m: int) -> tuple[Band, ...]:
        """The bands of a grid, in the order of the config."""
        return tuple(
            band for band in self.bands.values() if band.ground_sample_distance_m == ground_sample_distance_m
        )

    def inputs_of(self, target_m: int) -> dict[int, tuple[str, ...]]:
        """Names of the bands that a network for the grid `target_m` takes: that grid and all finer ones, finest first.

        Raises:
            UserError: the sensor has no such grid, or none that is finer.
        """
        known = self.ground_sample_distances_m
        if target_m not in known[1:]:
            expected = ", ".join(map(str, known[1:])) or "a sensor with two grids"
            raise UserError(f"{self.name} has no {target_m} m bands to sharpen; expected one of {expected}")
        return {m: tuple(band.name for band in self.group(m)) for m in known if m <= target_m}

    def factor(self, coarse_m: int) -> int:
        """Finest pixels per pixel of the grid `coarse_m` and side.

        Raises:
            UserError: the ratio is no whole number.
        """
        finest = self.ground_sample_distances_m[0]
        if coarse_m % finest:
            raise UserError(f"{self.name}: {coarse_m} m is no multiple of its finest grid, {finest} m")
        return coarse_m // finest

    def open(self, path: str | Path) -> Product:
        """Open a product with the first reader that recognises it.

        Raises:
            UserError: there is no such path, no reader knows it, or the product is damaged.
        """
        path = Path(path)
        if not path.exists():
            raise UserError(f"{path}: there is no such file or folder; expected a product of {self.title}")
        for reader in self.readers:
            if reader.recognises(path):
                return reader.open(path, self)
        kinds = ", ".join(str(getattr(reader, "kind", type(reader).__name__)) for reader in self.readers)
        raise UserError(f"{path}: not recognised as a product of {self.title}; expected {kinds}")
