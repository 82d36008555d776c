"""Numbers of files as harmonised digital numbers: reflectance x 10 000, whatever the file stores."""

import numpy as np

REFLECTANCE = 10_000  # harmonised digital numbers per unit of reflectance


def harmonised(
    stored: np.ndarray, scale: float | np.ndarray, offset: float | np.ndarray, nodata: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a file as harmonised digital numbers, and where they are data.

    Args:
        stored: (C, h, w).
        scale, offset: of all bands, or (C, 1, 1).
        nodata: number that means no data: in any band of whole numbers, in all bands of floats; None: there is none.

    Returns:
        (C, h, w) float32, 0 where no data, and (h, w) bool.
    """
    valid = np.ones(stored.shape[1:], bool)
    if stored.dtype.kind == "f":
        valid &= np.isfinite(stored).all(0)
    if nodata is not None:
        void = stored == nodata
        valid &= ~(void.all(0) if stored.dtype.kind == "f" else void.any(0))
    pixels = stored.astype(np.float32, order="C")
    # Whole numbers stay what they are: no multiplication by 1.
    if not np.all(np.equal(scale, 1)):
        pixels *= np.asarray(scale, np.float32)
    if np.any(offset):
        pixels += np.asarray(offset, np.float32)
    if not valid.all():
        pixels[:, ~valid] = 0
    return pixels, valid
