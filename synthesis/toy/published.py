"""Scenes drawn in the order of the published imagery, from numpy's legacy generator.

With the same `.ts` files (`series_scaling=per_file`) and `texture=legacy_interleaved`, frames equal the published
ones up to the rounding of the Cholesky factor (about 2e-6); cells, classes and chosen series are equal.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from synthesis.toy.phenology import phenology_series
from synthesis.toy.raster import CellMask, published_mask
from synthesis.toy.scene import Scene, class_map, with_background
from synthesis.toy.settings import LatentSettings
from synthesis.toy.texture import PublishedTexture, arrange
from synthesis.toy.time_series import SeriesPool
from synthesis.toy.voronoi import published_polygons


def make_published_scene(settings: LatentSettings, pool: SeriesPool | None, variant: int = 0) -> Scene:
    """Draw a scene, float64, with the original's order of draws; a function of settings and variant alone.

    Args:
        settings: of the scene.
        pool: the series; None: the phenology model, with a generator of its own.
        variant: number of the sensor, see `synthesis.toy.scene.make_scene`. With a pool it changes nothing, as
            published: another pool leads to other draws.
    """
    aspect = settings.width / settings.height
    points = np.random.RandomState(settings.seed).uniform(size=(settings.num_cells, 2))
    polygons = published_polygons(points * [aspect, 1], aspect)
    masks = [published_mask(polygon, settings.height) for polygon in polygons]

    draws, classes, chosen = _classes_and_series(settings, pool)
    if pool is None and variant:
        draws = np.random.RandomState([settings.seed, variant])

    cells = np.zeros((settings.height, settings.width), dtype=np.int32)
    texture = np.zeros((*cells.shape, settings.num_bands))
    starts = []
    # The rounding of a dense product depends on the number of threads: one, for equal bytes everywhere.
    with threadpool_limits(1, user_api="blas"):
        process = PublishedTexture(max(max(cell.mask.shape) for cell in masks), settings.length_scale_px)
        for number, cell in enumerate(masks, start=1):
            if pool is not None:
                starts.append(draws.randint(0, pool.length - settings.num_frames + 1))
            fields = process.fields(draws, settings.num_bands, *cell.mask.shape)
            noise = settings.texture_amplitude * np.tanh(arrange(fields, settings.texture))
            _paint(cells, texture, cell, number, noise)

    if pool is None:
        own_rng = np.random.default_rng([settings.seed, 0, variant]) if variant else None
        series = phenology_series(
            classes,
            settings.num_bands,
            settings.num_frames,
            settings.phenology,
            np.random.default_rng([settings.seed, 0]),
            own_rng,
        )
    else:
        windows = zip(chosen, starts, strict=True)
        series = np.stack([pool.values[k, first : first + settings.num_frames] for k, first in windows])
    return Scene(class_map(cells, classes), texture, with_background(series, settings.background))


def published_followed_series(settings: LatentSettings, pool: SeriesPool) -> np.ndarray:
    """(N,) indices of the series of the pool that the cells follow, without drawing the scene."""
    return np.array(_classes_and_series(settings, pool)[2])


def _classes_and_series(
    settings: LatentSettings, pool: SeriesPool | None
) -> tuple[np.random.RandomState, np.ndarray, list[int]]:
    # The original seeds again before it draws classes, and goes on with that generator.
    draws = np.random.RandomState(settings.seed)
    uniform = np.full(settings.num_classes, 1 / settings.num_classes)
    classes = draws.choice(settings.num_classes, size=settings.num_cells, p=uniform) + 1
    chosen = [] if pool is None else [int(draws.choice(pool.members(number))) for number in classes]
    return draws, classes, chosen


def _paint(cells: np.ndarray, texture: np.ndarray, cell: CellMask, number: int, noise: np.ndarray) -> None:
    """Write a cell over what lies there; changes `cells` and `texture`."""
    in_image, in_mask = cell.clip(*cells.shape)
    mask = cell.mask[in_mask]
    cells[in_image][mask] = number
    texture[in_image][mask] = noise[in_mask][mask]
