"""The codecs of `conf/codec`, built as `running` builds them, and a picture with smooth and sharp parts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from evaluation.classical_codecs import ClassicalCodec


@pytest.fixture(scope="session")
def codec(repository: Path) -> Callable[[str], ClassicalCodec]:
    return lambda name: instantiate(OmegaConf.load(repository / "conf" / "codec" / f"{name}.yaml")[name])


@pytest.fixture(scope="session")
def scene() -> Callable[[int, int, float], np.ndarray]:
    """`scene(bands, side, peak)`: `(bands, side, side)` float64 from 0 to `peak`, bands alike but not equal."""

    def make(bands: int, side: int, peak: float) -> np.ndarray:
        rng = np.random.default_rng(7)
        rows, columns = np.mgrid[:side, :side] / side
        base = 0.5 + 0.25 * np.sin(9 * rows) * np.cos(7 * columns) + 0.2 * ((rows + columns) % 0.3 > 0.15)
        image = np.stack([base * (0.6 + 0.3 * band / bands) for band in range(bands)])
        return np.clip(image + rng.normal(0, 0.01, image.shape), 0, 1) * peak

    return make
