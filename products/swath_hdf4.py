"""Swaths and map grids of MODIS and VIIRS in HDF4 (MOD09, MYD09, VNP09, VJ109, VJ209)."""

from pathlib import Path
from typing import TYPE_CHECKING

from products.product import Product
from products.swath_hdf4_file import Hdf4File, is_hdf4
from products.swath_product import SwathProduct

if TYPE_CHECKING:
    from products.sensor import Sensor


class Hdf4SwathReader:
    """Opens HDF4 files; bands are found by the `source` names of the sensor's config.

    Args:
        geolocation: file of the positions, or folder of geolocation products; null: the product's own, or the
            geolocation product beside it.
        first_samples_aligned: see `SwathProduct`.
    """

    kind = "an HDF4 file of MODIS or VIIRS"

    def __init__(self, geolocation: str | None = None, first_samples_aligned: bool = False) -> None:
        self.geolocation, self.first_samples_aligned = geolocation, first_samples_aligned

    def recognises(self, path: Path) -> bool:
        """See `Reader.recognises`."""
        return is_hdf4(path)

    def open(self, path: Path, sensor: "Sensor") -> Product:
        """See `Reader.open`."""
        return SwathProduct(
            Hdf4File(path),
            sensor,
            geolocation=Path(self.geolocation) if self.geolocation else None,
            first_samples_aligned=self.first_samples_aligned,
        )
