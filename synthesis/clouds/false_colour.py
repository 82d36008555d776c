"""SLSTR's false colour, which shows ice cyan, droplets white and the sea black: as published, and on a fixed scale."""

from collections.abc import Mapping, Sequence

import numpy as np

from errors import UserError

FALSE_COLOUR_BANDS = ("S1", "S3", "S5")
STRETCHES = ("published", "fixed")
_PLACES = {"S1": (2,), "S3": (0, 1, 2), "S5": (0,)}  # red, green, blue to which a band is added


def false_colour(reflectance: Mapping[str, np.ndarray]) -> np.ndarray:
    """Red (S3 + S5) / 2, green S3, blue (S3 + S1) / 2, (3, H, W) float32, at most 1; negative values are kept.

    Unknown is 0, and each band counts up to 1, before they are mixed. Source: cloudGAN, `to_false_color`.

    Args:
        reflectance: {S1, S3, S5: (H, W) float32, NaN where unknown}.
    """
    colours = np.zeros((3, *reflectance["S3"].shape), np.float32)
    for name, places in _PLACES.items():
        values = np.nan_to_num(reflectance[name], nan=0.0)
        np.minimum(values, 1, out=values)
        for place in places:
            colours[place] += values
    colours[0] /= 2
    colours[2] /= 2
    return colours


def stretched(colours: np.ndarray, stretch: str, fixed_range: Sequence[float] = (0.0, 1.0)) -> np.ndarray:
    """False colour as 8-bit numbers, (3, H, W) uint8.

    Args:
        colours: (3, H, W) float32 of a whole scene.
        stretch: `published`: from the lowest to the highest value of the scene, all colours together, cut off to whole
            numbers; so brightness depends on the scene. `fixed`: `fixed_range`, rounded.
        fixed_range: values that become 0 and 255.

    Raises:
        UserError: another stretch, or an impossible range.
    """
    check_stretch(stretch, fixed_range)
    published = stretch == "published"
    low, high = (colours.min(), colours.max()) if published else map(float, fixed_range)
    pixels = np.zeros(colours.shape, np.uint8)
    if high <= low:
        return pixels
    for colour, place in zip(colours, pixels, strict=True):
        scaled = (colour - np.float32(low)) * np.float32(255 / (float(high) - float(low)))
        np.clip(scaled if published else np.rint(scaled, out=scaled), 0, 255, out=scaled)
        place[:] = scaled
    return pixels


def check_stretch(stretch: str, fixed_range: Sequence[float]) -> None:
    """Refuse what `stretched` cannot do.

    Raises:
        UserError: another stretch, or an impossible range.
    """
    if stretch not in STRETCHES:
        raise UserError(f"generator.stretch: found {stretch}, expected one of {', '.join(STRETCHES)}")
    if len(fixed_range) != 2 or not fixed_range[0] < fixed_range[1]:
        raise UserError(
            f"generator.fixed_range: found {list(fixed_range)}, expected two ascending reflectances"
        )
