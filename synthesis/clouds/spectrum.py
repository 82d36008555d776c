"""Reflectance of thick cloud by band."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from errors import UserError

LOG = logging.getLogger(__name__)
DEFAULT = "default"


class CloudSpectrum:
    """Reflectance of thick cloud by the name of a band, in capitals or not.

    Args:
        table: {name: reflectance}; `default`: that of bands that are not named, null where these shall be refused.

    Raises:
        UserError: a reflectance that is none.
    """

    def __init__(self, table: Mapping[str, float | None]) -> None:
        self.table = {str(name).lower(): value for name, value in table.items() if value is not None}
        for name, value in self.table.items():
            if not 0 < float(value) <= 2:
                raise UserError(
                    f"generator.spectrum.{name}: found {value}, expected a reflectance above 0, at most 2"
                )

    def of(self, bands: Sequence[str]) -> np.ndarray:
        """Reflectance of each band, (C,) float32.

        Raises:
            UserError: a band that the table does not know.
        """
        unknown = [band for band in bands if band.lower() not in self.table]
        if unknown and DEFAULT not in self.table:
            raise UserError(
                f"generator.spectrum: found no reflectance of cloud for {', '.join(unknown)}, expected one: give "
                f"+generator.spectrum.{unknown[0]}=0.7, spectrum.default=0.7, or names of bands by scenes.band_order=[...]"
            )
        if unknown:
            LOG.warning(
                "cloud has the reflectance %g in the bands %s, of which generator.spectrum says nothing "
                "(scenes.band_order=[red,green,blue,nir] names bands)",
                self.table[DEFAULT], ", ".join(unknown),
            )  # fmt: skip
        return np.array([self.table.get(band.lower(), self.table.get(DEFAULT)) for band in bands], np.float32)
