import numpy as np
import pytest
import torch

from synthesis.toy.raising import cubic_weights, raise_to

ALL = slice(None)


def test_it_is_bicubic_interpolation_as_torch_does_it() -> None:
    image = np.random.default_rng(0).random((3, 8, 6), dtype=np.float32)
    raised = raise_to(image, (32, 24), ALL, ALL)
    assert (raised.shape, raised.dtype) == ((3, 32, 24), np.float32)
    # torch takes the kernel with a = -0.75, but for antialiased sampling, which upwards is plain interpolation.
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None], size=(32, 24), mode="bicubic", antialias=True
    )[0].numpy()
    np.testing.assert_allclose(raised[:, 8:-8, 8:-8], expected[:, 8:-8, 8:-8], atol=1e-5)


def test_constants_and_slopes_are_kept() -> None:
    constant = np.full((1, 5, 7), 0.3, np.float32)
    np.testing.assert_allclose(raise_to(constant, (13, 30), ALL, ALL), 0.3, atol=1e-6)
    slope = np.arange(8, dtype=np.float32)[None, :, None].repeat(4, axis=2)
    fine = raise_to(slope, (32, 4), ALL, ALL)[0, 8:-8, 0]
    np.testing.assert_allclose(np.diff(fine), 0.25, atol=1e-5)
    np.testing.assert_allclose(cubic_weights(5, 17).sum(axis=1), 1, atol=1e-6)


def test_a_part_is_a_part_of_the_whole() -> None:
    image = np.random.default_rng(1).random((2, 8, 8), dtype=np.float32)
    whole = raise_to(image, (24, 24), ALL, ALL)
    np.testing.assert_allclose(
        raise_to(image, (24, 24), slice(3, 9), slice(10, 24)), whole[:, 3:9, 10:], atol=1e-6
    )


def test_missing_pixels_spoil_only_their_own_ground() -> None:
    image = np.full((1, 6, 6), 0.5, np.float32)
    image[0, 2, 3] = np.nan
    raised = raise_to(image, (24, 24), ALL, ALL)[0]
    missing = np.isnan(raised)
    rows, columns = np.nonzero(missing)
    assert 4 <= missing.sum() <= 36
    assert (rows.min() >= 7, rows.max() <= 12, columns.min() >= 11, columns.max() <= 16) == (True,) * 4
    assert missing[9:11, 13:15].all()
    np.testing.assert_allclose(raised[~missing], 0.5, atol=1e-5)


@pytest.mark.parametrize("size", [(6, 6), (7, 9)])
def test_the_same_grid_changes_nothing(size: tuple[int, int]) -> None:
    image = np.random.default_rng(2).random((1, *size), dtype=np.float32)
    np.testing.assert_allclose(raise_to(image, size, ALL, ALL), image, atol=1e-6)
