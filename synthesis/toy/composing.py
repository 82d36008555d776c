"""A frame from its parts; by itself, because reading a product must not import what draws one."""

import numpy as np


def compose(cells: np.ndarray, texture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A frame (H, W, B) from cell numbers (H, W), texture (H, W, B) and a value per cell (N + 1, B)."""
    frame = np.take(values, cells, axis=0)
    frame += texture
    return frame
