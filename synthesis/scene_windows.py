"""Windows drawn from a scene, the same in every call."""

import zlib

import numpy as np

from products.scene import Scene
from products.window import Window


def drawn_windows(scene: Scene, side: int, count: int, seed: int) -> list[Window]:
    """At most `count` windows of a scene that do not overlap, by seed and name of the scene, in the order of their rows.

    Args:
        scene: to draw from.
        side: of the windows, pixels; those at the scene's ends are smaller.
        count: how many, all where there are fewer.
        seed: of the draw.
    """
    height, width = scene.grid.shape
    rows, columns = -(-height // side), -(-width // side)
    generator = np.random.default_rng([seed, zlib.crc32(scene.name.encode())])
    chosen = generator.permutation(rows * columns)[:count]
    return [
        Window(int(number) // columns * side, int(number) % columns * side, side, side).clip(height, width)
        for number in np.sort(chosen)
    ]
