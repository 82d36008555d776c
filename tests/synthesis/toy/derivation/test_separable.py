import numpy as np
import pytest
from scipy import ndimage

from synthesis.toy.derivation.separable import apply, block_means, cubic, gaussian_blur


def test_apply_is_a_product_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    frame = rng.random((12, 15, 3), dtype=np.float32)
    down, across = block_means(12, 4, None, False), block_means(15, 6, None, False)
    expected = np.einsum("ij,jkc,lk->ilc", down.toarray(), frame, across.toarray())
    found = apply(down, across, frame)
    assert (found.shape, found.dtype, found.flags.c_contiguous) == ((4, 6, 3), np.float32, True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_plain_block_means() -> None:
    np.testing.assert_allclose(block_means(6, 3, None, False).toarray(), np.kron(np.eye(3), [[0.5, 0.5]]))
    # 5 pixels in 2 blocks: the middle one counts half in each.
    expected = np.array([[2, 2, 1, 0, 0], [0, 0, 1, 2, 2]]) / 5
    np.testing.assert_allclose(block_means(5, 2, None, False).toarray(), expected, atol=1e-7)
    # 2 pixels in 3 blocks: the middle one sees both.
    np.testing.assert_allclose(
        block_means(2, 3, None, False).toarray(), [[1, 0], [0.5, 0.5], [0, 1]], atol=1e-7
    )


@pytest.mark.parametrize("beyond_block", [False, True])
@pytest.mark.parametrize(("length", "blocks"), [(64, 8), (61, 7), (10, 10), (7, 9)])
def test_point_spread(length: int, blocks: int, beyond_block: bool) -> None:
    ratio, sigma = length / blocks, 0.4 * length / blocks
    matrix = block_means(length, blocks, sigma, beyond_block).toarray()
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)
    assert (matrix >= 0).all()
    middles = matrix @ (np.arange(length) + 0.5)
    inner = slice(blocks // 3, blocks - blocks // 3)
    np.testing.assert_allclose(middles[inner], (np.arange(blocks)[inner] + 0.5) * ratio, atol=0.16 * ratio)
    if blocks == 8:
        inside = matrix[3, 24:32].sum()
        # 0.789 of a Gaussian lie within 1.25 standard deviations of its middle.
        assert inside == pytest.approx(0.789 if beyond_block else 1, abs=0.001)


def test_published_blocks_have_gaussian_weights() -> None:
    weights = block_means(16, 2, 1.5, False).toarray()[0, :8]
    expected = np.exp(-0.5 * ((np.arange(8) - 3.5) / 1.5) ** 2)
    np.testing.assert_allclose(weights, expected / expected.sum(), atol=0.01)


def test_blur_is_scipys_inside_and_keeps_constants() -> None:
    line = np.random.default_rng(1).random(60)
    matrix = gaussian_blur(60, 1.7)
    expected = ndimage.gaussian_filter1d(line, 1.7, truncate=4.0)
    np.testing.assert_allclose((matrix @ line)[10:-10], expected[10:-10], rtol=1e-5)
    np.testing.assert_allclose(matrix @ np.ones(60), 1, rtol=1e-6)


def test_cubic_interpolation() -> None:
    places = np.array([-3.0, 0.0, 2.0, 4.25, 7.5, 9.0, 12.0])
    matrix = cubic(places, 10)
    parabola = (np.arange(10.0) - 3) ** 2
    np.testing.assert_allclose((matrix @ parabola)[2:5], (places[2:5] - 3) ** 2, rtol=1e-5)
    np.testing.assert_allclose(matrix @ np.arange(10.0), np.clip(places, 0, 9), atol=1e-5)
