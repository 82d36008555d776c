import os
import pickle

import numpy as np
import pytest

from datamodules.decoded_product import STRIP_ROWS, decoded, decoded_bytes
from errors import UserError
from products.product_part import ProductPart
from products.window import Window
from tests.fakes.array_product import sentinel_like


def product(folder, *shape, **facts):
    (folder / "scene").touch()
    return sentinel_like(*shape, path=folder / "scene", **facts)


def test_pixels_are_those_of_the_product_and_are_decoded_once(tmp_path):
    scene = product(tmp_path, STRIP_ROWS + 8, 12, offsets={"M1": -1000})
    found = decoded(scene, tmp_path / "cache", (20, 10))
    assert list(found.grids) == [10, 20] and found.relation(20).factor == 2
    assert decoded_bytes(scene, (10, 20)) == 2 * (2 * (STRIP_ROWS + 8) * 12 + (STRIP_ROWS + 8) // 2 * 6)
    strips = len(scene.read_windows)
    assert strips == 4
    for window in (Window(0, 0, STRIP_ROWS + 8, 12), Window(1020, 3, 12, 5)):
        rows, columns = window.inside(Window(0, 0, STRIP_ROWS + 8, 12))
        assert np.array_equal(found.read(10, window), scene.arrays[10][:, rows, columns])
    assert np.array_equal(
        found.read_harmonised(20, Window(2, 1, 3, 4))[0], scene.arrays[20][:, 2:5, 1:5] - 1000.0
    )
    again = pickle.loads(pickle.dumps(decoded(scene, tmp_path / "cache", (10, 20))))
    assert np.array_equal(again.read(10, Window(0, 0, 4, 4)), scene.arrays[10][:, :4, :4])
    assert len(scene.read_windows) == strips


def test_a_changed_product_is_decoded_anew(tmp_path):
    scene = product(tmp_path, 24, 24)
    decoded(scene, tmp_path / "cache", (10,))
    os.utime(tmp_path / "scene", ns=(1, 1))
    decoded(scene, tmp_path / "cache", (10,))
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_of_a_part_only_the_part_is_read(tmp_path):
    scene = product(tmp_path, 72, 66)
    part = ProductPart(scene, Window(24, 0, 24, 66))
    found = decoded(part, tmp_path / "cache", (10, 60))
    assert scene.read_windows == [(10, Window(24, 0, 24, 66)), (60, Window(4, 0, 4, 11))]
    assert np.array_equal(found.read(60, Window(0, 0, 4, 11)), scene.arrays[60][:, 4:8])
    assert decoded(scene, tmp_path / "cache", (10, 60)).read(60, Window(0, 0, 12, 11)).shape == (1, 12, 11)


def test_nothing_half_decoded_stays(tmp_path, monkeypatch):
    scene = product(tmp_path, 24, 24)

    def damaged(distance, window):
        raise UserError("scene is corrupt")

    monkeypatch.setattr(scene, "read", damaged)
    with pytest.raises(UserError, match="scene is corrupt"):
        decoded(scene, tmp_path / "cache", (10,))
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"data\.cache: .* cannot be written"):
        decoded(scene, tmp_path / "file", (10,))
