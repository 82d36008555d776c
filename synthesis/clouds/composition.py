"""Clouds laid over clear images: with an opacity for each pixel, or half and half as published."""

import numpy as np

COMPOSITIONS = ("alpha", "published")


def alpha_composite(
    surface: np.ndarray, cloud: np.ndarray, opacity: np.ndarray, light: np.ndarray | None = None
) -> np.ndarray:
    """I = a C + (1 - a) L S, in the unit and type of the surface.

    Where a is 0 and L is 1, pixels are those of the surface, bit for bit.

    Args:
        surface: S, (C, h, w), whole numbers or float32.
        cloud: C, (C, h, w) float32, in the same unit.
        opacity: a, (h, w) float32 in [0, 1].
        light: L, (C, h, w) or (1, h, w) float32: what shadow leaves of the surface's light; None: 1 everywhere.

    Returns:
        (C, h, w) of the surface's type, rounded and kept within it.
    """
    touched = opacity > 0
    below = surface.astype(np.float32)
    if light is not None:
        touched = touched | (light < 1).any(0)
        below *= light
    mixed = below + opacity * (cloud - below)
    if surface.dtype.kind in "iu":
        limits = np.iinfo(surface.dtype)
        np.clip(np.rint(mixed, out=mixed), limits.min, limits.max, out=mixed)
    return np.where(touched, mixed.astype(surface.dtype), surface)


def published_composite(surface: np.ndarray, cloud: np.ndarray) -> np.ndarray:
    """Half surface, half cloud everywhere, whatever the mask says; then darkest to brightest is stretched to 0 to 255.

    So the cloud's image shows where there is no cloud, and brightness means nothing between images. Source: cloudGAN,
    `merge_images`: Pillow's `blend`, which cuts halves off, then one stretch over all bands, cut off again.

    Args:
        surface, cloud: (3, h, w) uint8.

    Returns:
        (3, h, w) uint8; zeros where the mean of both is one number everywhere.
    """
    half = (surface.astype(np.uint16) + cloud) >> 1
    low, high = float(half.min()), float(half.max())
    if high <= low:
        return np.zeros(surface.shape, np.uint8)
    stretched: np.ndarray = ((half - low) / (high - low) * 255).astype(np.uint8)
    return stretched
