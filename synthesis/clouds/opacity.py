"""How opaque a cloud is, from its mask and its brightness."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from errors import UserError


@dataclass(frozen=True)
class Opacity:
    """What makes a cloud thin: little brightness, and the nearness of its edge.

    Opacity rises smoothly from `least` at the brightness `thin` to `most` at `thick`, and over `feather_px` from the edge
    inwards; it is 0 outside of the mask, so that what the mask calls clear is clear.

    Args:
        thin, thick: brightness in [0, 1] of cloud that is as thin as can be, and of cloud that hides the ground.
        white: brightness at which cloud has the reflectance of its spectrum.
        least, most: opacity of the thinnest and of the thickest cloud, more than 0: what is called cloud holds some.
        feather_px: from the edge of a cloud to its full opacity; 0: edges are sharp.

    Raises:
        UserError: impossible numbers.
    """

    thin: float = 0.1
    thick: float = 0.45
    white: float = 0.6
    least: float = 0.15
    most: float = 1.0
    feather_px: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.thin < self.thick <= 1:
            raise UserError(
                f"generator.opacity: found thin={self.thin} and thick={self.thick}, expected 0 <= thin < thick <= 1"
            )
        if not 0 < self.least <= self.most <= 1:
            raise UserError(
                f"generator.opacity: found least={self.least} and most={self.most}, expected 0 < least <= most <= 1"
            )
        if not self.white > 0:
            raise UserError(f"generator.opacity.white: found {self.white}, expected more than 0")
        if not self.feather_px >= 0:
            raise UserError(f"generator.opacity.feather_px: found {self.feather_px}, expected at least 0")

    def of(self, mask: np.ndarray, brightness: np.ndarray) -> np.ndarray:
        """Opacity, (h, w) float32 in [0, 1].

        Args:
            mask: (h, w) bool, where there is cloud.
            brightness: (h, w) float32 of the cloud, in [0, 1].
        """
        ramp = _smooth((brightness - self.thin) / (self.thick - self.thin))
        if self.feather_px > 0 and not mask.all():
            # The first pixel inside has the distance 1; clouds go on beyond the image.
            ramp *= _smooth((distance_transform_edt(mask).astype(np.float32) - 0.5) / self.feather_px)
        opacity = self.least + (self.most - self.least) * ramp
        return np.where(mask, opacity, 0).astype(np.float32)

    def thick_brightness(self, brightness: np.ndarray) -> np.ndarray:
        """The brightness that cloud would have if it were thick: what is thin is dark by its opacity alone."""
        thick: np.ndarray = np.maximum(brightness, np.float32(self.thick))
        return thick

    def thick_colours(self, cloud: np.ndarray, brightness: np.ndarray) -> np.ndarray:
        """The image of a cloud (C, h, w) in [0, 1], as if it were thick; its colours are kept."""
        gain = self.thick_brightness(brightness) / np.maximum(
            brightness, np.float32(max(self.thin, self.thick / 8))
        )
        thick: np.ndarray = np.minimum(cloud * gain, 1)
        return thick


def brightness_of(cloud: np.ndarray) -> np.ndarray:
    """Brightness of a cloud's image (C, h, w): the mean of its bands, (h, w) float32."""
    mean: np.ndarray = cloud.mean(0, dtype=np.float32)
    return mean


def _smooth(position: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, between them without a kink."""
    position = np.clip(position, 0, 1)
    smooth: np.ndarray = position * position * (3 - 2 * position)
    return smooth
