"""What `conf/sensor/slstr.yaml` knows of SLSTR and its products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SlstrBand:
    """A band of the instrument.

    Attributes:
        name: e.g. "S1".
        wavelength_nm: centre.
        quantity: "radiance" (mW m-2 sr-1 nm-1) or "BT" (brightness temperature, K): what its files are called by.
        grids: suffixes of the grids that it may come on, the preferred one first.
        solar_irradiance: mW m-2 nm-1, where a product does not say.
        radiance_factor: what radiances are multiplied by.
    """

    name: str
    wavelength_nm: float
    quantity: str
    grids: Sequence[str]
    solar_irradiance: float | None = None
    radiance_factor: float = 1.0

    def file(self, grid: str) -> str:
        """Name of its file on a grid."""
        return f"{self.name}_{self.quantity}_{grid}.nc"


@dataclass(frozen=True)
class SlstrFacts:
    """What the config knows of the instrument and its products; see `products.slstr.SlstrReader`."""

    bands: Mapping[str, SlstrBand]
    grids: Mapping[str, Mapping[str, Any]]
    cloud_masks: Mapping[str, Mapping[str, Any]]
    flags: Mapping[str, Mapping[str, Any]]
    flag_aliases: Mapping[str, str]
    invalid_flags: Sequence[str]
    day_flags: Sequence[str]
    night_zenith_deg: float
    tie_point_reach: int
