"""Scores of made clouds: the better ones of known ones, and what masks say of them."""

import numpy as np
import pytest

from evaluation.generator_quality import MODEL, REAL_HALVES, TWO_COLOURS, GeneratorQuality


def features(patches: np.ndarray) -> np.ndarray:
    fine = np.abs(np.diff(patches, axis=-1)).mean(axis=(1, 2, 3))
    return np.stack([patches.mean(axis=(1, 2, 3)), patches.std(axis=(1, 2, 3)), fine], axis=1)


def tiles(count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks and clouds: rough where there is cloud."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        mask = np.zeros((40, 40), np.float32)
        mask[: generator.integers(4, 36)] = 1
        found.append((mask, (mask * generator.uniform(0.4, 1, (3, 40, 40))).astype(np.float32)))
    return found


def scored(made: str) -> GeneratorQuality:
    quality = GeneratorQuality(features, patch_px=16, kid_subset_size=20)
    others = tiles(12, 1)
    for index, (mask, real) in enumerate(tiles(12, 0)):
        own = {"itself": real, "like": others[index][1], "dark": 0.2 * real}[made]
        quality.add(mask, own, real=real, recovered=mask, recovered_of_real=mask)
    return quality


def test_the_real_clouds_are_the_best_and_dark_ones_worse_than_others_of_the_kind() -> None:
    itself, like, dark = (scored(each).scores() for each in ("itself", "like", "dark"))
    assert itself[MODEL]["fid"] == pytest.approx(0, abs=1e-9)
    assert itself[MODEL]["spectral_distance_db"] == 0
    for name in ("fid", "kid", "spectral_distance_db"):
        assert like[MODEL][name] < dark[MODEL][name]  # type: ignore[operator]
    assert like[MODEL]["spectral_distance_db"] < like[TWO_COLOURS]["spectral_distance_db"]  # type: ignore[operator]
    assert like[TWO_COLOURS] == dark[TWO_COLOURS] and like[REAL_HALVES] == dark[REAL_HALVES]


def test_masks_that_come_back() -> None:
    quality = GeneratorQuality(features, patch_px=16)
    mask = np.zeros((20, 20))
    mask[:10] = 1
    seen = np.zeros((20, 20))
    seen[:15] = 0.8
    quality.add(mask, np.zeros((3, 20, 20)), recovered=seen)
    scores = quality.scores()
    assert list(scores) == [MODEL] and scores[MODEL]["fid"] is None
    assert scores[MODEL]["cycle_error"] == pytest.approx((10 * 0.2 + 5 * 0.8) / 20)
    assert scores[MODEL]["mask_iou"] == pytest.approx(10 / 15)
    assert scores[MODEL]["cover_bias_percent"] == pytest.approx(25)
    covers = quality.cover_histogram()
    assert covers["asked"][5] == 1 and covers["recovered"][7] == 1 and "recovered_of_real" not in covers
    assert quality.counts() == {"tiles": 1, "real_tiles": 0, "patch_px": 16, "patches": 1, "real_patches": 0}


def test_squares_with_gaps_do_not_count_and_small_tiles_are_one_square() -> None:
    quality = GeneratorQuality(features, patch_px=64)
    valid = np.ones((20, 24), bool)
    quality.add(np.ones((20, 24)), np.ones((1, 20, 24)), real=np.ones((1, 20, 24)), valid=valid)
    valid[3, 3] = False
    quality.add(np.ones((20, 24)), np.ones((1, 20, 24)), real=np.full((1, 20, 24), np.nan), valid=valid)
    assert quality.counts() == {"tiles": 2, "real_tiles": 2, "patch_px": 20, "patches": 2, "real_patches": 1}
    assert len(quality.spectra()["cycles_per_pixel"]) == 10
    assert GeneratorQuality(features).spectra() == {}
