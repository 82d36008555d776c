"""SLSTR's false colour, which shows ice cyan, droplets white and the sea black: as published, and on a fixed scale."""

from collections.abc import Mapping, Sequence

import numpy as np

from errors import UserError

FALSE_COLOUR_BANDS = ("S1", "S3", "S5")
STRETCHES = ("published", "fixed")


def false_colour(reflectance: Mapping[str, np.ndarray]) -> np.ndarray:
    """Red (S3 + S5) / 2, green S3, blue (S3 + S1) / 2, (3, H, W) float32, at most 1; negative values are kept.

    Unknown is 0, and each band counts up to 1, before they are mixed. Source: cloudGAN, `to_false_color`.

    Args:
        reflectance: {S1, S3, S5: (H, W) float32, NaN where unknown}.
    """
    s1, s3, s5 = (np.minimum(np.nan_to_num(reflectance[name], nan=0.0), 1) for name in FALSE_COLOUR_BANDS)
    colours = np.empty((3, *s3.shape), np.float32)
    np.add(s3, s5, out=colours[0])
    colours[1] = s3
    np.add(s3, s1, out=colours[2])
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
    if stretch == "published":
        low, high = float(colours.min()), float(colours.max())
        if high <= low:
            return np.zeros(colours.shape, np.uint8)
        return ((colours - np.float32(low)) * np.float32(255 / (high - low))).clip(0, 255).astype(np.uint8)
    check_stretch(stretch, fixed_range)
    low, high = map(float, fixed_range)
    scaled = (colours - np.float32(low)) * np.float32(255 / (high - low))
    return np.rint(scaled, out=scaled).clip(0, 255, out=scaled).astype(np.uint8)


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
