"""FID and KID of features whose distances are known."""

import numpy as np
import pytest
import torch

from evaluation.feature_distances import frechet_distance, kernel_distance


def features(count: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (count, 4))


def test_fid_of_a_shift_and_of_a_scale() -> None:
    one = features(4000, 0)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one + 3, one) == pytest.approx(4 * 9, rel=1e-6)
    # Covariances 4 C and C: trace of 4 C + C - 2 sqrt(4 C C) = trace of C.
    centred = one - one.mean(axis=0)
    assert frechet_distance(2 * centred, centred) == pytest.approx(np.trace(np.cov(one.T)), rel=1e-6)


def test_kid_is_near_nothing_for_one_source_and_grows_with_the_distance() -> None:
    same = kernel_distance(features(300, 1), features(300, 2))
    near = kernel_distance(features(300, 1, shift=0.5), features(300, 2))
    far = kernel_distance(features(300, 1, shift=1.5), features(300, 2))
    assert same is not None and near is not None and far is not None
    assert abs(same) < 0.05 < near < far


def test_draws_have_a_seed_of_their_own() -> None:
    one, other = features(60, 3), features(80, 4, scale=2)
    state = torch.get_rng_state()
    first = kernel_distance(one, other, subset_size=20, subsets=3, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert first == kernel_distance(one, other, subset_size=20, subsets=3, seed=1)
    assert first != kernel_distance(one, other, subset_size=20, subsets=3, seed=2)


def test_too_few_samples_have_no_distance() -> None:
    assert frechet_distance(features(1, 0), features(9, 0)) is None
    assert kernel_distance(features(9, 0), features(1, 0)) is None


def test_frechet_distance_is_that_of_torchmetrics_and_needs_few_samples():
    from torch import nn
    from torchmetrics.image.fid import FrechetInceptionDistance

    class AsGiven(nn.Module):
        num_features = 5

        def forward(self, features):
            return features

    random = np.random.default_rng(0)
    real, found = random.normal(size=(40, 5)), random.normal(1.0, 2.0, size=(30, 5))
    metric = FrechetInceptionDistance(feature=AsGiven()).set_dtype(torch.float64)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(found), real=False)
    assert frechet_distance(found, real) == pytest.approx(float(metric.compute()), rel=1e-6)
    alike = np.repeat(random.normal(size=(1, 64)), 3, axis=0)
    assert frechet_distance(alike, alike + 1) == pytest.approx(64)  # no spread at all
