"""The streaming engine: a model over a scene of any size, tile by tile, in memory that the tiles need.

Mode `halo`: a model sees each tile with a margin of context at least as wide as its receptive field, and
only the tile itself is kept, so the tiled result is the untiled one. Stages can feed each other (image ->
latents -> hyper-latents): each is a `Source` whose tiles are computed when they are asked for. What a window
of a scene consists of is the source's affair: one array, or several grids of one product.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

import numpy as np

from inference.sinks import Sink
from inference.sources import PaddedSource, Source
from inference.windows import TileGrid
from products.window import Window

Cells = TypeVar("Cells")
Cells_co = TypeVar("Cells_co", covariant=True)
Cells_contra = TypeVar("Cells_contra", contravariant=True)


class WindowSource(Protocol[Cells_co]):
    """Anything that gives out windows of a scene; `Source` is the one that gives arrays (C, h, w)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""

    def read(self, window: Window) -> Cells_co:
        """What lies in a window inside the scene."""


class TileFunction(Protocol[Cells_contra]):
    """A model on one window.

    Given the cells of `window` of the source, (C, h, w) or whatever the source gives, and the tile `core` of the
    output that is wanted, it returns the output of the whole window, (C', h * ratio, w * ratio), or of the core
    alone.
    """

    def __call__(self, array: Cells_contra, window: Window, core: Window) -> np.ndarray:
        """Run the model."""


class HaloStage(Generic[Cells]):
    """One model applied to tiles of a source, each with its margin of context.

    Args:
        source: what the model reads; tiles at the scene's border get less margin, so that the model's own
            padding acts there as it does on the whole scene.
        function: the model.
        ratio: output cells per source cell: 1/16 for an encoder of stride 16, 2 for super-resolution.
        halo: margin in source cells; at least the receptive radius, and such that it ends on cells of the
            output.
    """

    def __init__(
        self,
        source: WindowSource[Cells],
        function: TileFunction[Cells],
        ratio: Fraction | int,
        halo: int,
    ) -> None:
        self.source, self.function, self.halo = source, function, halo
        self.ratio = Fraction(ratio)

    def window(self, core: Window) -> Window:
        """The window of the source that the tile `core` of the output needs."""
        _, height, width = self.source.shape
        return core.scale(1 / self.ratio).expand(self.halo).clip(height, width)

    def read(self, core: Window) -> Cells:
        """What the source holds in that window."""
        return self.source.read(self.window(core))

    def compute(self, core: Window) -> np.ndarray:
        """The model's output for the tile `core` (a window of the output grid)."""
        return self.run(core, self.read(core))

    def run(self, core: Window, cells: Cells) -> np.ndarray:
        """The model's output for the tile `core`, given what `read` gave for it."""
        window = self.window(core)
        output = self.function(cells, window, core)
        if output.shape[1:] == (core.height, core.width):
            return output
        rows, columns = core.inside(window.scale(self.ratio))
        return output[:, rows, columns]


class SlidingTiles:
    """A source whose tiles are computed on demand and kept until they are released.

    Reading goes down the scene; `release` forgets the tiles above a row, so memory holds a few rows of
    tiles and not the scene.

    Args:
        compute: gives a tile of the grid, (C, h, w).
        channels: C.
        grid: the tiles.
    """

    def __init__(self, compute: Callable[[Window], np.ndarray], channels: int, grid: TileGrid) -> None:
        self.compute, self.channels, self.grid = compute, channels, grid
        self._tiles: dict[int, np.ndarray] = {}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns."""
        return self.channels, self.grid.height, self.grid.width

    def read(self, window: Window) -> np.ndarray:
        """The window's cells, computing the tiles that are not there yet."""
        parts = [(index, self._tile(index)) for index in self.grid.touching(window)]
        if len(parts) == 1:
            index, tile = parts[0]
            rows, columns = window.inside(self.grid.tile(index))
            return tile[:, rows, columns]
        output = np.empty((self.channels, window.height, window.width), parts[0][1].dtype)
        for index, tile in parts:
            core = self.grid.tile(index)
            shared = Window(
                row := max(core.row, window.row),
                column := max(core.column, window.column),
                min(core.bottom, window.bottom) - row,
                min(core.right, window.right) - column,
            )
            output[:, *shared.inside(window)] = tile[:, *shared.inside(core)]
        return output

    def release(self, row: int) -> None:
        """Forget the tiles that end above `row` (a row of this grid)."""
        self._tiles = {
            index: tile for index, tile in self._tiles.items() if self.grid.tile(index).bottom > row
        }

    def _tile(self, index: int) -> np.ndarray:
        if index not in self._tiles:
            # A copy lets go of the larger array that the tile was cut from.
            self._tiles[index] = np.ascontiguousarray(self.compute(self.grid.tile(index)))
        return self._tiles[index]


def process(
    source: Source,
    function: TileFunction[np.ndarray],
    sink: Sink,
    *,
    ratio: Fraction | int = 1,
    tile_size: int = 512,
    halo: int = 0,
    multiple: int = 1,
    edges: str = "reflect",
    progress: str = "",
) -> None:
    """Run one model over a scene in `halo` mode.

    Args:
        source: the scene, (C, H, W).
        function: the model.
        sink: takes (C', H * ratio, W * ratio).
        ratio: output cells per source cell.
        tile_size: side of a tile on the source's grid, in cells; a multiple of `multiple`.
        halo: margin of context, in source cells; a multiple of `multiple`.
        multiple: the model takes only sides that are multiples of this; the scene is continued to it.
        edges: how the scene is continued, `"reflect"` or `"edge"`.
        progress: what the progress bar says; none when empty.

    Raises:
        ValueError: tile size or halo is not a multiple of `multiple`, or the sink has another size.
    """
    ratio = Fraction(ratio)
    _, height, width = source.shape
    whole = Window(0, 0, height, width).scale(ratio)
    if tile_size % multiple or halo % multiple:
        raise ValueError(f"tile_size {tile_size} and halo {halo} must be multiples of {multiple}")
    if sink.shape[1:] != (whole.height, whole.width):
        raise ValueError(f"the sink is {sink.shape[1:]}, expected {(whole.height, whole.width)}")
    padded = PaddedSource(source, multiple, edges)
    stage = HaloStage(padded, function, ratio, halo)
    tiles = TileGrid(*padded.shape[1:], tile_size)
    cores = [tile.scale(ratio) for tile in tiles]
    for core, output in computed(stage, cores, progress=progress):
        wanted = core.clip(whole.height, whole.width)
        rows, columns = wanted.inside(core)
        sink.write(wanted, output[:, rows, columns])


def process_area(
    stage: HaloStage[Cells],
    sink: Sink,
    area: Window,
    *,
    tile_size: int = 512,
    prefetch: bool = False,
    progress: str = "",
) -> None:
    """Run a stage over a part of its scene; context comes from beyond the part where the scene goes on.

    A tile of a part is what it would be of the whole scene.

    Args:
        stage: the model on its source.
        sink: takes (C', area.height, area.width).
        area: the part, on the output's grid.
        tile_size: side of a tile in cells of the output.
        prefetch: read the next tile in a thread of its own while one is computed.
        progress: what the progress bar says; none when empty.

    Raises:
        ValueError: the sink has another size.
    """
    if sink.shape[1:] != (area.height, area.width):
        raise ValueError(f"the sink is {sink.shape[1:]}, expected {(area.height, area.width)}")
    tiles = TileGrid(area.height, area.width, tile_size)
    cores = [tile._replace(row=tile.row + area.row, column=tile.column + area.column) for tile in tiles]
    # Closed here and now when writing fails: the source may be closed next, and nothing may still be read from it.
    with closing(computed(stage, cores, prefetch=prefetch, progress=progress)) as outputs:
        for core, output in outputs:
            sink.write(core._replace(row=core.row - area.row, column=core.column - area.column), output)


def computed(
    stage: HaloStage[Cells], cores: list[Window], *, prefetch: bool = False, progress: str = ""
) -> Generator[tuple[Window, np.ndarray], None, None]:
    """The tiles of a stage with their output, in order; reading may run one tile ahead."""
    shown = with_progress(cores, len(cores), progress)
    if not prefetch:
        for core in shown:
            yield core, stage.compute(core)
        return
    # One thread: a product is read by no two at once, and no more than one window waits.
    with ThreadPoolExecutor(1, "prefetch") as executor:
        ahead = executor.submit(stage.read, cores[0])
        for number, core in enumerate(shown, start=1):
            cells = ahead.result()
            if number < len(cores):
                ahead = executor.submit(stage.read, cores[number])
            yield core, stage.run(core, cells)
            del cells


def with_progress(items: Iterable[Window], total: int, description: str) -> Iterator[Window]:
    """Go through `items` under a progress bar on standard error; without one when `description` is empty."""
    if not description:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description, total=total, console=Console(stderr=True), transient=True)
