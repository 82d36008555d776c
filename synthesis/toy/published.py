"""Scenes drawn in the order of the published imagery, from numpy's legacy generator.

With the same `.ts` files (`series_scaling=per_file`) and `texture=legacy_interleaved`, frames equal the published
ones up to the rounding of the Cholesky factor (about 2e-6); cells, classes and chosen series are equal.
"""

import numpy as np

from synthesis.toy.phenology import phenology_series
from synthesis.toy.raster import CellMask, published_mask
from synthesis.toy.scene import Scene, class_map, with_background
from synthesis.toy.settings import LatentSettings
from synthesis.toy.texture import PublishedTexture, arrange
from synthesis.toy.time_series import SeriesPool
from synthesis.toy.voronoi import published_polygons


def make_published_scene(settings: LatentSettings, pool: SeriesPool | None) -> Scene:
    """Draw a scene, float64, with the original's order of draws; a function of the settings alone.

    Without `pool`, series come from the phenology model and have a generator of their own.
    """
    aspect = settings.width / settings.height
    points = np.random.RandomState(settings.seed).uniform(size=(settings.num_cells, 2))
    polygons = published_polygons(points * [aspect, 1], aspect)
    masks = [published_mask(polygon, settings.height) for polygon in polygons]

    # The original seeds again before it draws classes, and goes on with that generator.
    draws = np.random.RandomState(settings.seed)
    uniform = np.full(settings.num_classes, 1 / settings.num_classes)
    classes = draws.choice(settings.num_classes, size=settings.num_cells, p=uniform) + 1
    chosen = [] if pool is None else [draws.choice(pool.members(number)) for number in classes]

    cells = np.zeros((settings.height, settings.width), dtype=np.int32)
    texture = np.zeros((*cells.shape, settings.num_bands))
    process = PublishedTexture(max(max(cell.mask.shape) for cell in masks), settings.length_scale_px)
    starts = []
    for number, cell in enumerate(masks, start=1):
        if pool is not None:
            starts.append(draws.randint(0, pool.length - settings.num_frames + 1))
        fields = process.fields(draws, settings.num_bands, *cell.mask.shape)
        noise = settings.texture_amplitude * np.tanh(arrange(fields, settings.texture))
        _paint(cells, texture, cell, number, noise)

    if pool is None:
        generator = np.random.default_rng([settings.seed, 0])
        series = phenology_series(
            classes, settings.num_bands, settings.num_frames, settings.phenology, generator
        )
    else:
        windows = zip(chosen, starts, strict=True)
        series = np.stack([pool.values[k, first : first + settings.num_frames] for k, first in windows])
    return Scene(class_map(cells, classes), texture, with_background(series, settings.background))


def _paint(cells: np.ndarray, texture: np.ndarray, cell: CellMask, number: int, noise: np.ndarray) -> None:
    """Write a cell over what lies there; changes `cells` and `texture`."""
    in_image, in_mask = cell.clip(*cells.shape)
    mask = cell.mask[in_mask]
    cells[in_image][mask] = number
    texture[in_image][mask] = noise[in_mask][mask]
