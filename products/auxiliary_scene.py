"""A scene with layers beside its bands."""

from collections.abc import Sequence

import numpy as np

from products.auxiliary_layer import AuxiliaryLayer
from products.band_names import positions
from products.scene import Scene
from products.window import Window


class AuxiliaryScene(Scene):
    """A scene whose bands and layers are read together.

    Whether a pixel has data is decided by the scene's bands alone; layers are filled where they know nothing, and 0 where
    the scene has no data.

    Args:
        scene: its bands.
        layers: on any grid.
        bands: names of bands and layers in the order in which they are read; None: the scene's, then the layers.

    Raises:
        UserError: a layer does not cover the scene, or a band is missing.
    """

    def __init__(
        self, scene: Scene, layers: Sequence[AuxiliaryLayer], bands: Sequence[str] | None = None
    ) -> None:
        self.scene, self.layers = scene, list(layers)
        for layer in layers:
            layer.check_covers(scene.grid, str(scene.path))
        found = (*scene.bands, *(layer.name for layer in layers))
        wanted = found if bands is None else tuple(bands)
        self._positions = positions(wanted, found, str(scene.path))
        super().__init__(
            scene.path,
            scene.name,
            scene.grid,
            wanted,
            key=scene.key,
            tags=scene.tags,
            synthetic=scene.synthetic,
        )

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Scene.read`."""
        pixels, valid = self.scene.read(window)
        planes: list[np.ndarray] = [*pixels, *(layer.read(self.grid, window) for layer in self.layers)]
        stacked = np.stack([planes[number] for number in self._positions])
        if not valid.all():
            stacked[:, ~valid] = 0
        return stacked, valid

    def close(self) -> None:
        """Close the scene and the layers."""
        self.scene.close()
        for layer in self.layers:
            layer.close()
