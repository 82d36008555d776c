"""Clouds, snow, water and ground by thresholds on a few bands: the rule that a trained network has to beat."""

from collections.abc import Mapping, Sequence

import numpy as np

from products.band_roles import BandRoles

CLOUD, SNOW, WATER, GROUND = "cloud", "snow", "water", "ground"
VISIBLE = ("blue", "green", "red")
NEEDED = (*VISIBLE, "nir", "swir16")
CIRRUS = "cirrus"
_TINY = 1e-6  # of reflectance: keeps indices of black pixels finite


class SpectralRule:
    """Thresholds on top-of-atmosphere reflectance, in the order snow, cloud, water, ground: the first that applies.

    - snow: NDSI = (green - SWIR 1.6 um) / (green + SWIR) above `snow_ndsi`, and near infrared above `snow_nir`
      (water is dark there), as Hall et al. 1995 map snow;
    - cloud: mean of blue, green and red above `cloud_brightness`, or the cirrus band above `cirrus` where there is one;
    - water: NDWI = (green - near infrared) / (green + near infrared) above `water_ndwi` (McFeeters 1996);
    - ground: all else.

    Args:
        roles: finds the bands.
        classes: {cloud, snow, water, ground: names that the class may have in a class table}.
        reflectance_of_number: reflectance of one digital number.
        snow_ndsi, snow_nir, cloud_brightness, cirrus, water_ndwi: thresholds.
    """

    def __init__(
        self,
        *,
        roles: BandRoles,
        classes: Mapping[str, Sequence[str]],
        reflectance_of_number: float,
        snow_ndsi: float,
        snow_nir: float,
        cloud_brightness: float,
        cirrus: float,
        water_ndwi: float,
    ) -> None:
        self.roles = roles
        self.classes = {kind: list(names) for kind, names in classes.items()}
        self.reflectance_of_number = reflectance_of_number
        self.snow_ndsi, self.snow_nir = snow_ndsi, snow_nir
        self.cloud_brightness, self.cirrus, self.water_ndwi = cloud_brightness, cirrus, water_ndwi

    def problem(self, bands: Sequence[str], names: Sequence[str]) -> str | None:
        """Why the rule cannot make a class map of such images, None where it can.

        It needs visible, near infrared and 1.6 um bands, and classes for ground and for one kind more.

        Args:
            bands: names of the image's bands.
            names: of the classes.
        """
        missing = self.roles.missing(NEEDED, bands)
        if missing:
            return missing
        found = self.indices(names)
        if GROUND not in found:
            return f"no class for ground ({', '.join(self.classes[GROUND])}); found {', '.join(names)}"
        if len(set(found.values())) < 2:
            return f"no class for cloud, snow or water; found {', '.join(names)}"
        return None

    def indices(self, names: Sequence[str]) -> dict[str, int]:
        """{kind: index of its class}, kinds without one left out."""
        found = {}
        for kind, known in self.classes.items():
            index = next((names.index(name) for name in known if name in names), None)
            if index is not None:
                found[kind] = index
        return found

    def __call__(self, image: np.ndarray, bands: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Class map of an image.

        Args:
            image: `(C, H, W)` harmonised digital numbers.
            bands: names of the bands; `problem` says whether they will do.
            names: of the classes; pixels of a kind that has none become ground.

        Returns:
            `(H, W)` uint8 class indices.
        """
        found = self.indices(names)

        def reflectance(role: str) -> np.ndarray:
            index = self.roles.index(role, bands)
            assert index is not None
            return np.asarray(image[index], np.float32) * np.float32(self.reflectance_of_number)

        blue, green, red, nir, swir = (reflectance(role) for role in NEEDED)
        snow = (_difference(green, swir) > self.snow_ndsi) & (nir > self.snow_nir)
        cloud = (blue + green + red) / 3 > self.cloud_brightness
        if self.roles.index(CIRRUS, bands) is not None:
            cloud |= reflectance(CIRRUS) > self.cirrus
        water = _difference(green, nir) > self.water_ndwi
        result = np.full(image.shape[1:], found[GROUND], np.uint8)
        for kind, where in ((WATER, water), (CLOUD, cloud), (SNOW, snow)):  # the last one wins
            result[where] = found.get(kind, found[GROUND])
        return result


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Normalised difference."""
    return (a - b) / np.maximum(np.abs(a + b), np.float32(_TINY))
