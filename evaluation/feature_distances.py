"""How far two sets of features are apart: FID, and KID by torchmetrics."""

import warnings

import numpy as np
import torch
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

LEAST = 2  # samples of a set


class _AsGiven(nn.Module):
    """Takes the place of the network whose features there are already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, F) as it is."""
        return features


def frechet_distance(found: np.ndarray, real: np.ndarray) -> float | None:
    """FID of two sets of features, (N, F) and (M, F); None for fewer than two samples.

    Biased upwards, the more the fewer samples there are: only sets of equal size can be compared.

    Source: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", 2017.
    """
    if min(len(found), len(real)) < LEAST:
        return None
    sets = [np.asarray(features, np.float64) for features in (found, real)]
    means = [features.mean(axis=0) for features in sets]
    spreads = [
        (features - mean) / np.sqrt(len(features) - 1) for features, mean in zip(sets, means, strict=True)
    ]
    # The eigenvalues of the product of both covariances are the squared singular values of this matrix, which exist
    # however few samples there are; an eigenvalue solver, as in torchmetrics, fails on covariances of low rank.
    first, second = (np.linalg.qr(spread).R for spread in spreads)  # as good, and small with many samples
    shared = float(np.linalg.svdvals(first @ second.T).sum())
    variances = sum(float((spread**2).sum()) for spread in spreads)
    return max(0.0, float(((means[0] - means[1]) ** 2).sum() + variances - 2 * shared))


def kernel_distance(
    found: np.ndarray, real: np.ndarray, *, subsets: int = 50, subset_size: int = 100, seed: int = 0
) -> float | None:
    """KID of two sets of features, (N, F) and (M, F): the mean over random subsets; None for fewer than two samples.

    Unbiased, so 0 (or slightly less) for two sets from one source.

    Source: Binkowski et al., "Demystifying MMD GANs", 2018.

    Args:
        found, real: the features.
        subsets: how many are drawn.
        subset_size: samples of each, at most those there are.
        seed: of the draws; the global random state stays as it is.
    """
    fewest = min(len(found), len(real))
    if fewest < LEAST:
        return None
    size = min(subset_size, fewest)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*save all extracted features in buffer")
        metric = KernelInceptionDistance(feature=_AsGiven(found.shape[1]), subsets=subsets, subset_size=size)
    metric.update(torch.from_numpy(np.asarray(real, np.float32)), real=True)
    metric.update(torch.from_numpy(np.asarray(found, np.float32)), real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mean, _ = metric.compute()
    return float(mean)
