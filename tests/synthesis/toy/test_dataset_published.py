"""The published cloud-removal dataset: statistics of the original's products, its seeds 1 to 10."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthesis.toy.dataset import generate
from synthesis.toy.layout import open_product

PRODUCTS = ("clean_optical", "clouded_optical", "sar")
# Mean and standard deviation over the ten scenes, by quantity (three numbers: by band).
BANDS: dict[str, tuple[Any, Any]] = {
    "background": (0.0355, 0.0017),
    "clean_optical mean": ((0.530, 0.485, 0.464), 0.009),
    "clean_optical std": ((0.295, 0.287, 0.291), 0.003),
    "clouded_optical mean": ((0.778, 0.761, 0.752), 0.007),
    "clouded_optical std": ((0.191, 0.197, 0.202), 0.004),
    "sar mean": ((0.470, 0.448, 0.421), 0.020),
    "sar std": ((0.304, 0.306, 0.295), 0.007),
    "clean_optical lowest": (-0.48, 0.01),
    "clean_optical highest": (1.48, 0.01),
    "correlation clean, clouded": (0.581, 0.013),
    "correlation clean, sar": (0.079, 0.014),
    "clean_optical lag 1": (0.445, 0.027),
    "sar lag 1": (0.490, 0.040),
    "clean_optical temporal std": ((0.118, 0.108, 0.119), 0.006),
    "sar temporal std": ((0.08, 0.09, 0.07), 0.010),
}
WIDTH = 3.0  # standard deviations that the mean of our scenes may differ
# Seeds 1 to 3, to four digits: mean and standard deviation by band, minimum and maximum of the clean product; mean of SAR.
CLEAN = {
    1: ([0.5502, 0.4907, 0.4779], [0.2967, 0.2869, 0.2955], [-0.4868, 1.4951]),
    2: ([0.5322, 0.4880, 0.4584], [0.2919, 0.2860, 0.2894], [-0.4745, 1.4823]),
    3: ([0.5211, 0.4830, 0.4560], [0.3004, 0.2904, 0.2899], [-0.4935, 1.4889]),
}
SAR = {1: [0.4485, 0.4558, 0.4097], 2: [0.4854, 0.4460, 0.4631], 3: [0.4877, 0.4791, 0.4374]}
# Frame 5 of seed 1 of the original's clean product: (row, column): values.
PIXELS = {
    (40, 10): [0.45887087603455945, 0.38498214147942095, 0.3680758767731198],
    (120, 60): [0.7608323683611393, 0.6129739601016209, 0.7983770727902545],
    (200, 230): [0.4357929897434256, 0.08144318615898263, 0.5239295146024279],
    (77, 3): [0.46836061473395435, 0.9167893119684601, 0.1733926210884017],
    (255, 255): [0.39333508503231657, 0.18553560955676307, 0.7523594226119177],
    (0, 0): [0.0, 0.0, 0.0],
}

pytestmark = pytest.mark.real


def make(folder: Path, real_data: Path, keys: dict[str, Any], **changes: Any) -> Path:
    """The dataset of the acceptance command with some keys changed."""
    series = {"optical": "RacketSports", "sar": "Epilepsy"}
    files = {name: str(real_data / "time_series" / place) for name, place in series.items()}
    size = {"num_frames": 30, "width": 337, "height": 256, "num_cells": 16, "layout": "compact"}
    return generate(folder, **{**keys, **size, "series": files, "texture": "legacy_interleaved", **changes})


def cell_means(frames: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(T, N, B) mean of each field in each frame."""
    flat = cells.ravel()
    sizes = np.bincount(flat)[1:]
    sums = [[np.bincount(flat, band.ravel())[1:] for band in frame.transpose(2, 0, 1)] for frame in frames]
    return (np.array(sums) / sizes).transpose(0, 2, 1)


def lag_one(series: np.ndarray) -> float:
    """Mean autocorrelation at lag 1 of series (T, N, B)."""
    before, after = (part - part.mean(axis=0) for part in (series[:-1], series[1:]))
    norms = np.sqrt((before**2).sum(axis=0) * (after**2).sum(axis=0))
    return float(((before * after).sum(axis=0) / norms).mean())


def statistics(scene: Path) -> dict[str, Any]:
    products = {name: open_product(scene / name) for name in PRODUCTS}
    annotation = products["sar"].annotation(0)
    assert len(np.unique(annotation[..., 0])) == 17  # sixteen fields and the background
    frames = {
        name: np.stack([part.frame(i) for i in part.frame_indices], dtype=np.float64)
        for name, part in products.items()
    }
    found: dict[str, Any] = {"background": (annotation[..., 1] == 0).mean()}
    for name, values in frames.items():
        found[f"{name} mean"], found[f"{name} std"] = values.mean((0, 1, 2)), values.std((0, 1, 2))
        found[f"{name} lowest"], found[f"{name} highest"] = values.min(), values.max()
        series = cell_means(values, annotation[..., 0])
        found[f"{name} lag 1"], found[f"{name} temporal std"] = lag_one(series), series.std(axis=0).mean(0)
    clean = frames["clean_optical"].reshape(30, -1)
    for short, name in (("clouded", "clouded_optical"), ("sar", "sar")):
        pairs = list(zip(clean, frames[name].reshape(30, -1), strict=True))[::5]
        found[f"correlation clean, {short}"] = np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])
    return found


def test_statistics_lie_in_the_bands(tmp_path: Path, real_data: Path, dataset_keys: dict[str, Any]) -> None:
    """Scenes that the original's figures do not stem from, with the defaults and the published texture."""
    folder = make(tmp_path / "dataset", real_data, dataset_keys, seed=21, num_scenes=5)
    scenes = [statistics(folder / str(seed)) for seed in range(21, 26)]
    for name, (mean, deviation) in BANDS.items():
        found = np.mean([scene[name] for scene in scenes], axis=0)
        np.testing.assert_allclose(found, mean, atol=WIDTH * deviation, err_msg=name)


def test_salt_and_pepper_of_sar(tmp_path: Path, real_data: Path, dataset_keys: dict[str, Any]) -> None:
    """Pixels whose bands are all equal are the replaced ones."""
    folder = make(tmp_path / "dataset", real_data, dataset_keys, seed=31, num_scenes=1)
    sar = open_product(folder / "31" / "sar")
    cells = sar.annotation(0)[..., 0]
    shares = []
    for index in sar.frame_indices:
        frame = sar.frame(index)[cells > 0]
        shares.append((np.ptp(frame, axis=1) < 1e-4).mean())
    assert 0.075 < min(shares) < max(shares) < 0.155
    assert np.mean(shares) == pytest.approx(0.115, abs=0.012)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_published_clean_products_are_reproduced(
    tmp_path: Path, real_data: Path, dataset_keys: dict[str, Any], seed: int
) -> None:
    published = {"rng": "published", "series_scaling": "per_file", "series_pool": "shared"}
    folder = make(tmp_path / "x", real_data, dataset_keys, seed=seed, num_scenes=1, **published)
    found = statistics(folder / str(seed))
    mean, std, extremes = CLEAN[seed]
    np.testing.assert_allclose(found["clean_optical mean"], mean, atol=1.1e-4)
    np.testing.assert_allclose(found["clean_optical std"], std, atol=1.1e-4)
    lowest, highest = found["clean_optical lowest"], found["clean_optical highest"]
    np.testing.assert_allclose([lowest, highest], extremes, atol=1.1e-4)
    np.testing.assert_allclose(found["sar mean"], SAR[seed], atol=2e-3)  # its noise is drawn anew
    if seed == 1:
        frame = open_product(folder / "1" / "clean_optical").frame(5)
        for (row, column), values in PIXELS.items():
            np.testing.assert_allclose(frame[row, column], values, atol=3e-5)  # 16 bits
