"""Linear filters that act on rows and columns one after the other, as sparse matrices."""

import math

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import ndtr

REACH = 4.0  # standard deviations after which a Gaussian is cut


def apply(down: csr_matrix, across: csr_matrix, frame: np.ndarray) -> np.ndarray:
    """`down @ frame @ across.T` of every band: (H, W, B) -> (h, w, B), of the frame's type."""
    height, width, bands = frame.shape
    partly = down @ np.ascontiguousarray(frame).reshape(height, width * bands)
    turned = np.ascontiguousarray(partly.reshape(-1, width, bands).transpose(1, 0, 2))
    done = across @ turned.reshape(width, -1)
    return np.ascontiguousarray(done.reshape(across.shape[0], -1, bands).transpose(1, 0, 2))


def block_means(length: int, blocks: int, sigma_px: float | None, beyond_block: bool) -> csr_matrix:
    """(blocks, length) weights of a mean over equal blocks of any ratio, rows summing to 1.

    Args:
        length: pixels.
        blocks: equal parts of that length.
        sigma_px: standard deviation of a Gaussian point-spread function around the middle of each block, input pixels;
            None: every part of the block counts alike.
        beyond_block: the point-spread function sees neighbouring blocks too; else it is cut at the block's edges.
    """
    ratio = length / blocks
    edges = np.arange(blocks + 1) * ratio
    middle = (np.arange(blocks) + 0.5) * ratio
    low, high = edges[:-1], edges[1:]
    if sigma_px is not None and beyond_block:
        low, high = np.maximum(0, middle - REACH * sigma_px), np.minimum(length, middle + REACH * sigma_px)
    first = np.floor(low + 1e-9).astype(int)
    count = int((np.ceil(high - 1e-9).astype(int) - first).max())
    pixels = np.minimum(first[:, None] + np.arange(max(count, 1)), length - 1)
    begin = np.maximum(first[:, None] + np.arange(max(count, 1)), low[:, None])
    end = np.maximum(np.minimum(first[:, None] + np.arange(max(count, 1)) + 1, high[:, None]), begin)
    if sigma_px is None:
        weights = end - begin
    else:
        weights = ndtr((end - middle[:, None]) / sigma_px) - ndtr((begin - middle[:, None]) / sigma_px)
    return _matrix(weights, pixels, length)


def gaussian_blur(length: int, sigma_px: float) -> csr_matrix:
    """(length, length) weights of a sampled Gaussian, cut at the image's edges, rows summing to 1."""
    reach = math.ceil(REACH * sigma_px)
    steps = np.arange(-reach, reach + 1)
    pixels = np.arange(length)[:, None] + steps
    weights = np.exp(-0.5 * (steps / sigma_px) ** 2) * ((pixels >= 0) & (pixels < length))
    return _matrix(weights, np.clip(pixels, 0, length - 1), length)


def cubic(places: np.ndarray, length: int) -> csr_matrix:
    """(places, length) weights of cubic interpolation (Catmull-Rom), constant beyond both ends.

    Args:
        places: in pixels of the input, whose centres lie at whole numbers.
        length: pixels of the input.
    """
    near = np.floor(places).astype(int)
    t = (places - near)[:, None]
    weights = np.hstack(
        [
            ((-0.5 * t + 1) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1,
            ((-1.5 * t + 2) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ]
    )
    pixels = np.clip(near[:, None] + np.arange(-1, 3), 0, length - 1)
    return _matrix(weights, pixels, length)


def _matrix(weights: np.ndarray, pixels: np.ndarray, length: int) -> csr_matrix:
    weights = weights / weights.sum(axis=1, keepdims=True)
    starts = np.arange(len(weights) + 1) * weights.shape[1]
    matrix = csr_matrix(
        (weights.astype(np.float32).ravel(), pixels.ravel(), starts), shape=(len(weights), length)
    )
    matrix.sum_duplicates()
    return matrix
