"""Pairs of files opened on one grid."""

from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from evaluation.compared_scene import open_pair
from products.class_raster import write_classes
from products.scene_pairing import Pair
from tests.fakes.annotated_scenes import CLOUDS, grid, quarters, write_tif

GRID = grid(30, 45)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    prediction = write_classes(tmp_path / "S2_20210126.tif", quarters(30, 45), GRID, CLOUDS)
    return Pair(prediction, write_tif(tmp_path / "mask.tif", quarters(30, 45)[::-1].copy(), GRID))


def test_windows_cover_each_pixel_once(pair: Pair) -> None:
    scene = open_pair(pair, CLOUDS)
    assert scene.name == "S2_20210126"
    seen, prediction, mask = (np.zeros(GRID.shape, np.uint8) for _ in range(3))
    for window, predicted, true in scene.windows(16):
        where = window.inside(scene.prediction.window)
        seen[where] += 1
        prediction[where], mask[where] = predicted, true
    scene.close()
    assert (seen == 1).all() and (prediction == quarters(30, 45)).all()
    assert (mask == quarters(30, 45)[::-1]).all()


def test_a_mask_of_an_archive(pair: Pair, tmp_path: Path) -> None:
    np.savez(tmp_path / "10m.npz", **{"20210126": quarters(30, 45), "20210131": np.zeros((3, 3), np.uint8)})
    scene = open_pair(Pair(pair.image, tmp_path / "10m.npz", "20210126"), CLOUDS)
    assert all((predicted == true).all() for _, predicted, true in scene.windows(64))


def test_another_place_is_a_sentence(pair: Pair, tmp_path: Path) -> None:
    moved = write_tif(tmp_path / "moved.tif", quarters(30, 45), grid(30, 45, 500_010))
    with pytest.raises(UserError, match=r"moved\.tif: found a mask of .* x 500010 .* expected .* x 500000"):
        open_pair(Pair(pair.image, moved), CLOUDS)
    scene = open_pair(Pair(pair.image, moved), CLOUDS, resampling="nearest")
    (_, _, true), *_ = scene.windows(64)
    assert (true[:, 0] == 255).all() and (true[:, 1:] == quarters(30, 45)[:, :-1]).all()


def test_another_size_without_georeference_is_a_sentence(pair: Pair, tmp_path: Path) -> None:
    other = write_tif(tmp_path / "other.tif", quarters(30, 44))
    for resampling in ("none", "nearest"):
        with pytest.raises(UserError, match="found a mask of 30 x 44 pixels without georeference"):
            open_pair(Pair(pair.image, other), CLOUDS, resampling=resampling)
