import numpy as np
import pytest

from synthesis.toy.derivation.cloud_fields import Lattice, spread


def test_a_still_image_has_a_lattice_of_its_own_size() -> None:
    lattice = Lattice.below(256, 128, 2.0, None, 30)
    assert (lattice.rows, lattice.columns, len(lattice.offsets)) == (128, 64, 1)
    assert lattice.windows() == [(slice(0, 128), slice(0, 64))]


@pytest.mark.parametrize("wind", [(3.0, -8.5), (-2.0, 4.0), (0.0, 0.0)])
def test_a_moving_image_never_leaves_its_lattice(wind: tuple[float, float]) -> None:
    lattice = Lattice.below(40, 30, 2.0, wind, 12)
    corner = lattice.offsets
    assert (corner.min(axis=0) == 0).all()
    np.testing.assert_allclose(np.diff(corner, axis=0), -np.tile(wind, (11, 1)))
    reach = corner.max(axis=0) + np.array([40, 30])
    assert (reach <= np.array([lattice.rows, lattice.columns]) * 2).all()
    assert all(window[0].stop <= lattice.rows + 1 for window in lattice.windows())


def test_the_lattice_is_spread_over_the_image() -> None:
    lattice = Lattice.below(24, 36, 3.0, None, 1)
    rows, columns = np.mgrid[: lattice.rows, : lattice.columns].astype(np.float32)
    image = spread(lattice.taps(0), 10 * rows + columns)
    assert image.shape == (24, 36)
    inner = image[6:-6, 6:-6]
    i, j = np.mgrid[6:18, 6:30]
    np.testing.assert_allclose(inner, 10 * ((i + 0.5) / 3 - 0.5) + (j + 0.5) / 3 - 0.5, rtol=1e-4)


def test_noise_lies_in_the_unit_range() -> None:
    noise = Lattice.below(64, 48, 1.0, None, 1).noise(np.random.default_rng(0), 1.5)
    assert (noise.min(), noise.max(), noise.dtype) == (0, 1, np.float32)
