"""Mode `blend` of the streaming engine: overlapping windows, averaged with weights, over a scene of any size.

Each pixel of the result is the weighted mean of what the windows say that it lies in. Sums are kept in float64 and
divided by the sum of the weights, so there is no hole at the last strip, and a model that gives back its input gives
back its input: integers and float32 bit for bit, once rounded to their type. Memory
holds one row of windows.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Protocol

import numpy as np

from inference.blend_grid import WEIGHTINGS, BlendGrid, step_of
from inference.blend_means import WeightedMeans
from inference.blend_reading import ReadOnce, batches
from inference.engine import with_progress
from inference.sinks import Sink
from inference.sources import Source
from products.window import Window

_READ_SIZE = 256  # cells a side that are read at a time, where windows do not step further


class BatchFunction(Protocol):
    """A model on several windows at once.

    Given the cells of windows, (B, C, h, w), and where they lie (parts may be outside of the scene), it returns
    (B, C', h, w): anything whose weighted mean means something.
    """

    def __call__(self, array: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
        """Run the model."""


def blend(
    source: Source,
    function: BatchFunction,
    sink: Sink,
    *,
    window_size: int = 512,
    overlap: float = 0.5,
    weighting: str = "spline",
    border: str = "reflect",
    batch_size: int = 1,
    prefetch: bool = True,
    dtype: str = "float64",
    progress: str = "",
) -> int:
    """Run a model over a scene in `blend` mode.

    Args:
        source: the scene, (C, H, W), of any size.
        function: the model.
        sink: takes blocks of the means, (C', h, w), each pixel once; its own number of bands is its affair.
        window_size: pixels a side.
        overlap: share of a window, on each axis, that the next one covers too.
        weighting: a key of `WEIGHTINGS`: how much the pixels of a window count.
        border: `reflect`: windows go on beyond the scene, which is mirrored there, and every pixel is in equally many;
            `inside`: they do not, and are smaller where the scene is.
        batch_size: windows that the model gets at once.
        prefetch: whether to read the next windows in a thread of its own while some are computed.
        dtype: what the sink gets; means are rounded to integers and cut to their range.
        progress: what the progress bar says; none when empty.

    Returns:
        The number of windows.

    Raises:
        ValueError: an impossible argument, or a sink of another size.
    """
    _, height, width = source.shape
    if sink.shape[1:] != (height, width):
        raise ValueError(f"the sink is {sink.shape[1:]}, expected {(height, width)}")
    if weighting not in WEIGHTINGS or batch_size < 1 or height < 1 or width < 1:
        raise ValueError(
            f"weighting={weighting} batch_size={batch_size} on {height} x {width}: expected one of "
            f"{', '.join(WEIGHTINGS)}, and at least 1"
        )
    grid = BlendGrid.over((height, width), window_size, overlap, border)
    windows = grid.windows()
    means = WeightedMeans(grid, weighting, sink, dtype)
    reader = ReadOnce(source, grid, max(step_of(window_size, overlap), _READ_SIZE))
    shown = with_progress(windows, len(windows), progress)
    # Closed here and now when something fails: the source may be closed next, and nothing may still be read from it.
    with closing(batches(reader, windows, batch_size, prefetch)) as stream:
        for group, cells in stream:
            for window, output in zip(group, function(cells, group), strict=True):
                means.add(window, output)
                next(shown)
            del cells
    next(shown, None)  # the bar goes
    return len(windows)
