import numpy as np
import pytest

from datamodules.segmentation_classes import cell_side, class_cells, class_profiles
from datamodules.segmentation_reading import Edit
from datamodules.segmentation_windows import Area
from products.mask_reader import MaskReader
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, ArrayMask, quarters, write_tif


def test_counts_are_those_of_the_area():
    indices = quarters(50, 70)
    indices[40:] = 255
    area = Window(5, 3, 41, 60)
    (cells,) = class_cells([ArrayMask(indices)], [Area(0, area)], CLOUDS, 16)
    inside = indices[5:46, 3:63]
    np.testing.assert_array_equal(cells.counts, [(inside == label).sum() for label in range(4)])
    assert cells.cell == 8 and cells.cells.shape == (6, 8, 4)
    np.testing.assert_array_equal(
        cells.cells[1, 2], [(inside[8:16, 16:24] == label).sum() for label in range(4)]
    )


def test_cells_are_drawn_by_what_they_show():
    indices = np.zeros((64, 64), np.uint8)
    indices[40:44, 8:20] = 3
    (cells,) = class_cells([ArrayMask(indices)], [Area(0, Window(0, 0, 64, 64))], CLOUDS, 16)
    generator = np.random.default_rng(0)
    drawn = [cells.draw(3, generator) for _ in range(300)]
    assert set(drawn) == {Window(40, 8, 8, 8), Window(40, 16, 8, 8)}
    assert sum(window.column == 8 for window in drawn) / 300 == pytest.approx(2 / 3, abs=0.1)


def test_large_areas_have_few_cells():
    assert cell_side(Window(0, 0, 10980, 10980), 128) == 172 and cell_side(Window(0, 0, 500, 500), 128) == 64


def test_edits_count():
    edit = Edit(Window(0, 0, 4, 4), np.full((4, 4), 3, np.uint8))
    (cells,) = class_cells(
        [ArrayMask(np.zeros((8, 8)))], [Area(0, Window(0, 0, 8, 8))], CLOUDS, 8, edits=[[edit]]
    )
    assert cells.counts.tolist() == [48, 0, 0, 16]


def test_counts_are_kept_until_the_mask_changes(tmp_path, monkeypatch):
    path = write_tif(tmp_path / "m.tif", quarters(32, 32))
    areas, reads = [Area(0, Window(0, 0, 32, 32))], []

    def counts():
        mask = MaskReader(CLOUDS).open(path)
        read = mask.read
        mask.read = lambda window: reads.append(window) or read(window)
        return class_cells([mask], areas, CLOUDS, 16, cache=tmp_path / "cache")[0].counts.tolist()

    assert counts() == counts() == [256] * 4 and len(reads) == 1
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])  # cut short
    assert counts() == [256] * 4 and len(reads) == 2
    write_tif(path, np.zeros((32, 32), np.uint8))
    assert counts() == [1024, 0, 0, 0]


def test_profiles():
    indices = quarters(10, 20)
    indices[0] = 255
    profile = class_profiles(ArrayMask(indices), 4)
    assert profile.rows[0].tolist() == [0] * 4 and profile.rows[1].tolist() == [10, 10, 0, 0]
    assert profile.columns[0].tolist() == [4, 0, 5, 0] and profile.rows.sum() == 180
