"""Mean and standard deviation of the bands of training windows."""

from collections.abc import Sequence

import numpy as np

from datamodules.segmentation_reading import AnnotatedScenes
from datamodules.segmentation_windows import Area, random_window


def band_statistics(
    scenes: AnnotatedScenes, areas: Sequence[Area], *, windows: int, size: int, seed: int
) -> dict[str, list[float]]:
    """Statistics over valid pixels of seeded windows, spread over all areas by their size.

    Args:
        scenes: what is read.
        areas: of the training.
        windows: how many; each area is asked at least once while there are enough.
        size: side of a window, pixels.
        seed: of the positions.

    Returns:
        {"mean": [...], "std": [...]} in harmonised digital numbers, by band; a band without any data has mean 0 and
        deviation 1, one that never changes deviation 1.
    """
    generator = np.random.default_rng([seed, *b"statistics"])
    pixels = np.array([area.window.height * area.window.width for area in areas], np.float64)
    order = generator.permutation(len(areas))
    chosen = [int(number) for number in order[:windows]]
    if windows > len(areas):
        more = generator.choice(len(areas), windows - len(areas), p=pixels / pixels.sum())
        chosen += [int(number) for number in more]
    bands = len(scenes.scenes[0].bands)
    count, mean, squares = 0, np.zeros(bands), np.zeros(bands)
    for number in chosen:
        area = areas[number]
        patch = scenes.read(area, random_window(area.window, size, generator))
        values = patch.image[:, patch.valid].astype(np.float64)
        if not values.size:
            continue
        # Means and sums of squares are joined pairwise (Chan et al. 1979): no difference of large numbers.
        own = values.shape[1]
        difference = values.mean(1) - mean
        total = count + own
        squares += values.var(1) * own + difference**2 * count * own / total
        mean += difference * own / total
        count = total
    deviation = np.sqrt(squares / max(count, 1))
    deviation[deviation <= 0] = 1.0
    return {"mean": mean.tolist(), "std": deviation.tolist()}
