"""Pictures of images by what their bands see."""

from collections.abc import Mapping, Sequence

import numpy as np

from errors import UserError
from products.band_roles import BandRoles
from products.query_writing import Display

FALLBACK = "rgb"  # the only picture where the bands of none are known: the first three


class Colours:
    """Which bands are red, green and blue, in several ways.

    Args:
        roles: what bands are called.
        pictures: {name: roles shown as red, green, blue}.
        percentiles: of the valid pixels of all three bands that become black and white.
        least_contrast: from black to white at least this part of the brightest, so that even ground does not become
            noise; whatever unit the numbers have.

    Raises:
        UserError: a picture that is not of three roles, or of one that `roles` does not know.
    """

    def __init__(
        self,
        *,
        roles: BandRoles,
        pictures: Mapping[str, Sequence[str]],
        percentiles: Sequence[float] = (1.0, 99.0),
        least_contrast: float = 0.1,
    ) -> None:
        for name, shown in pictures.items():
            if len(shown) != 3 or any(role not in roles.roles for role in shown):
                raise UserError(
                    f"task.colours.pictures.{name}: found {list(shown)}, expected three of {', '.join(roles.roles)}"
                )
        self._roles, self._pictures = roles, {name: tuple(shown) for name, shown in pictures.items()}
        self._percentiles = (float(percentiles[0]), float(percentiles[1]))
        self._least_contrast = float(least_contrast)

    def names(self, bands: Sequence[str]) -> tuple[str, ...]:
        """Pictures that an image with these bands has, at least one."""
        found = tuple(
            name for name, shown in self._pictures.items() if self._roles.indices(shown, bands) is not None
        )
        return found or (FALLBACK,)

    def picture(self, name: str, image: np.ndarray, valid: np.ndarray, bands: Sequence[str]) -> np.ndarray:
        """One of them.

        Args:
            name: of the picture.
            image: (C, h, w) float32.
            valid: (h, w) bool.
            bands: names.

        Returns:
            (h, w, 3) uint8; black where there are no data.
        """
        places = self._roles.indices(self._pictures.get(name, ()), bands)
        if places is None or not places:
            places = [min(place, len(bands) - 1) for place in range(3)]
        brightest = np.percentile(image[places][:, valid], self._percentiles[1]) if valid.any() else 0
        least_range = max(self._least_contrast * abs(float(brightest)), float(np.finfo(np.float32).tiny))
        display = Display({name: [bands[place] for place in places]}, self._percentiles, least_range)
        return display.picture(name, image, valid, bands)
