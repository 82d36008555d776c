"""A latent scene as a source of frames, without writing it to disk."""

import numpy as np

from synthesis.toy.scene import Scene


class SceneFrames:
    """Gives a scene's frames as a product on disk would.

    Args:
        scene: any.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.frame_indices = list(range(scene.num_frames))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, bands of a frame."""
        height, width, bands = self._scene.texture.shape
        return height, width, bands

    @property
    def horizon(self) -> int:
        """Frames of the series."""
        return self._scene.num_frames

    @property
    def num_cells(self) -> int:
        """Cells of the scene."""
        return self._scene.series.shape[1] - 1

    def frame(self, index: int) -> np.ndarray:
        """(H, W, B), see `Scene.frame`."""
        return self._scene.frame(index)

    def annotation(self, index: int) -> np.ndarray:
        """(H, W, 2) int16, the same for all frames."""
        return self._scene.annotation
