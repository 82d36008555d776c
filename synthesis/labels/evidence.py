"""What labels are made of: what each source says of the pixels of a window, all (h, w)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Evidence:
    """What is known of a window.

    Attributes:
        scene_class: the ExoLabs classification, numbers as in its file; its nodata where nothing is known.
        snow: whether the ExoLabs snow map says snow.
        bare: whether it says that there is none.
        water: whether the water map says water.
        water_known: whether it says anything.
        cloud: whether the cloud probability is above the threshold.
        cloud_known: whether there is one.
    """

    scene_class: np.ndarray
    snow: np.ndarray
    bare: np.ndarray
    water: np.ndarray
    water_known: np.ndarray
    cloud: np.ndarray
    cloud_known: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        height, width = self.scene_class.shape
        return height, width


@dataclass(frozen=True)
class SceneCodes:
    """What the numbers of the ExoLabs scene classification (its first band) mean.

    Attributes:
        nodata: nothing is known.
        ground: seen, and neither dark, cloud nor snow.
        dark: in shadow.
        cloud: clouds.
        snow: snow.
    """

    nodata: int
    ground: int
    dark: int
    cloud: int
    snow: int


@dataclass(frozen=True)
class Indices:
    """What a mask holds for each class."""

    cloud: int
    ground: int
    snow: int
    water: int
    unknown: int
