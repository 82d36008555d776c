from fractions import Fraction

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from inference.engine import HaloStage, SlidingTiles, process, process_area
from inference.sinks import ArraySink
from inference.sources import ArraySource
from inference.windows import TileGrid
from products.window import Window


@pytest.mark.parametrize("tile_size", [1, 7, 64, 1000])
@pytest.mark.parametrize("halo", [0, 3, 100])
def test_identity_reproduces_integers(tile_size: int, halo: int) -> None:
    array = np.random.default_rng(0).integers(0, 65536, (3, 41, 53)).astype(np.uint16)
    sink = ArraySink(array.shape, "uint16")
    process(ArraySource(array), lambda cells, window, core: cells, sink, tile_size=tile_size, halo=halo)
    np.testing.assert_array_equal(sink.array, array)


@pytest.mark.parametrize("ratio", [2, 3, Fraction(1, 2)])
@pytest.mark.parametrize("tile_size", [8, 24, 64])
def test_any_ratio_of_grids(ratio: Fraction | int, tile_size: int) -> None:
    array = np.random.default_rng(0).random((2, 40, 56)).astype(np.float32)

    def resample(cells: np.ndarray, window: Window, core: Window) -> np.ndarray:
        if ratio == Fraction(1, 2):
            return cells[:, ::2, ::2]
        return cells.repeat(int(ratio), 1).repeat(int(ratio), 2)

    expected = resample(array, Window(0, 0, 40, 56), Window(0, 0, 1, 1))
    sink = ArraySink(expected.shape, "float32")
    process(ArraySource(array), resample, sink, ratio=ratio, tile_size=tile_size, halo=4, multiple=2)
    np.testing.assert_array_equal(sink.array, expected)


def test_a_halo_as_wide_as_the_receptive_field_leaves_no_seam() -> None:
    array = np.random.default_rng(0).integers(0, 100, (1, 90, 70)).astype(np.float64)

    def blur(cells: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return np.rint(uniform_filter(cells, (1, 7, 7), mode="constant") * 49)

    whole = blur(array, Window(0, 0, 90, 70), Window(0, 0, 90, 70))
    for halo, seamless in ((3, True), (2, False)):
        sink = ArraySink(array.shape, "float64")
        process(ArraySource(array), blur, sink, tile_size=32, halo=halo)
        assert np.array_equal(sink.array, whole) == seamless


def test_sides_are_continued_to_the_multiple_and_cut_again() -> None:
    array = np.arange(35.0).reshape(1, 5, 7)
    sink = ArraySink((1, 10, 14), "float64")

    def double(cells: np.ndarray, window: Window, core: Window) -> np.ndarray:
        assert cells.shape[1] % 4 == 0 and cells.shape[2] % 4 == 0
        return cells.repeat(2, 1).repeat(2, 2)

    process(ArraySource(array), double, sink, ratio=2, tile_size=4, multiple=4)
    np.testing.assert_array_equal(sink.array, array.repeat(2, 1).repeat(2, 2))


def test_impossible_arguments() -> None:
    source = ArraySource(np.zeros((1, 8, 8)))
    with pytest.raises(ValueError, match="multiples of 4"):
        process(source, lambda a, w, c: a, ArraySink((1, 8, 8), "uint8"), tile_size=6, multiple=4)
    with pytest.raises(ValueError, match="the sink is"):
        process(source, lambda a, w, c: a, ArraySink((1, 8, 9), "uint8"))


@pytest.mark.parametrize("prefetch", [False, True])
def test_a_part_of_a_scene_is_what_it_is_in_the_whole(prefetch: bool) -> None:
    array = np.random.default_rng(0).integers(0, 100, (1, 90, 70)).astype(np.float64)

    def blur(cells: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return np.rint(uniform_filter(cells, (1, 7, 7), mode="constant") * 49)

    whole = blur(array, Window(0, 0, 90, 70), Window(0, 0, 90, 70))
    stage = HaloStage(ArraySource(array), blur, 1, 3)
    for area in (Window(0, 0, 90, 70), Window(20, 31, 41, 39), Window(7, 0, 2, 70)):
        sink = ArraySink((1, area.height, area.width), "float64")
        process_area(stage, sink, area, tile_size=16, prefetch=prefetch)
        np.testing.assert_array_equal(sink.array, whole[:, *area.inside(Window(0, 0, 90, 70))])
    with pytest.raises(ValueError, match="the sink is"):
        process_area(stage, ArraySink((1, 8, 9), "float64"), Window(0, 0, 9, 8))


def test_reading_ahead_stays_one_tile_ahead_and_its_errors_arrive() -> None:
    events: list[str] = []

    class Numbered(ArraySource):
        def read(self, window: Window) -> np.ndarray:
            if window.row == 4:
                raise RuntimeError("damaged")
            events.append(f"read {window.row}")
            return super().read(window)

    def same(cells: np.ndarray, window: Window, core: Window) -> np.ndarray:
        events.append(f"compute {core.row}")
        return cells

    stage = HaloStage(Numbered(np.zeros((1, 6, 1))), same, 1, 0)
    with pytest.raises(RuntimeError, match="damaged"):
        process_area(stage, ArraySink((1, 6, 1), "float64"), Window(0, 0, 6, 1), tile_size=1, prefetch=True)
    assert [event for event in events if event.startswith("compute")] == [
        f"compute {row}" for row in range(4)
    ]
    for row in range(2):
        assert events.index(f"read {row + 2}") > events.index(f"compute {row}") - 1


def test_chained_stages_keep_only_a_few_rows_of_tiles() -> None:
    array = np.random.default_rng(0).random((1, 400, 60))
    grid = TileGrid(400, 60, 20)
    computed: list[int] = []

    def first(core: Window) -> np.ndarray:
        computed.append(grid.index(core))
        rows, columns = core.inside(Window(0, 0, 400, 60))
        return array[:, rows, columns] * 2

    sliding = SlidingTiles(first, 1, grid)
    stage = HaloStage(sliding, lambda cells, window, core: cells + 1, 1, 5)
    most = 0
    for core in grid:
        rows, columns = core.inside(Window(0, 0, 400, 60))
        np.testing.assert_array_equal(stage.compute(core), array[:, rows, columns] * 2 + 1)
        if core.right == 60:
            sliding.release(core.bottom - 5)
        most = max(most, len(sliding._tiles))
    assert sorted(computed) == list(range(len(grid))), "each tile is computed once"
    assert most <= 3 * grid.columns
