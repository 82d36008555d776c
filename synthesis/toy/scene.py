"""A latent scene: everything that frames and annotations are composed of."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from synthesis.toy.composing import compose
from synthesis.toy.phenology import phenology_series
from synthesis.toy.raster import draw_cells
from synthesis.toy.settings import LatentSettings
from synthesis.toy.texture import SmoothTexture, arrange
from synthesis.toy.time_series import SeriesPool
from synthesis.toy.voronoi import bounded_polygons

CELLS, CLASSES, SERIES, TEXTURE = range(4)  # the streams of random numbers of a scene


@dataclass(frozen=True)
class Scene:
    """A scene whose frames are `series of the cell + texture of the pixel`.

    Attributes:
        annotation: (H, W, 2) int16: cell number from 1, class from 1; 0 is background.
        texture: (H, W, B) float, the same in every frame; 0 in the background.
        series: (T, N + 1, B) float of the same type; entry 0 is the background.
    """

    annotation: np.ndarray
    texture: np.ndarray
    series: np.ndarray

    @property
    def num_frames(self) -> int:
        """Time steps."""
        return self.series.shape[0]

    def frame(self, index: int) -> np.ndarray:
        """(H, W, B) in the type of the texture, within about [-0.5, 1.5]."""
        return compose(self.annotation[..., 0], self.texture, self.series[index])


def class_map(cells: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Annotation (H, W, 2) int16 of cell numbers (H, W) whose classes are (N,)."""
    lookup = np.concatenate([[0], classes]).astype(np.int16)
    return np.stack([cells.astype(np.int16), lookup[cells]], axis=-1)


def with_background(series: np.ndarray, background: float) -> np.ndarray:
    """Series of cells (N, T, B) -> (T, N + 1, B) with the background as entry 0."""
    _, steps, bands = series.shape
    return np.concatenate([np.full((1, steps, bands), background), series]).transpose(1, 0, 2)


def make_scene(settings: LatentSettings, pool: SeriesPool | None, variant: int = 0) -> Scene:
    """Draw a scene, float32, with numpy's Generator; a function of the settings and the variant alone.

    Cells, classes, series and texture have generators of their own: the same seed gives the same map
    whatever the texture or the series.

    Args:
        settings: of the scene.
        pool: the series; None: the phenology model.
        variant: number of the sensor. Variants have the same map and, with the phenology model, the same seasons;
            series of a pool, texture and what else the sensor sees are drawn anew.
    """
    cell_rng, class_rng, series_rng, texture_rng = map(np.random.default_rng, _streams(settings.seed))
    aspect = settings.width / settings.height
    points = cell_rng.uniform(size=(settings.num_cells, 2)) * [aspect, 1]
    polygons = bounded_polygons(points, aspect)
    cells = draw_cells(polygons, points, settings.width, settings.height, settings.border_px)
    classes = class_rng.integers(1, settings.num_classes + 1, settings.num_cells)
    own_rng = None
    if variant:
        own_rng, texture_rng = (_variant_rng(settings.seed, stream, variant) for stream in (SERIES, TEXTURE))
    if pool is None:
        model = settings.phenology
        series = phenology_series(
            classes, settings.num_bands, settings.num_frames, model, series_rng, own_rng
        )
    else:
        series = _pool_series(settings.num_frames, classes, pool, own_rng or series_rng)[1]
    return Scene(
        annotation=class_map(cells, classes),
        texture=_draw_texture(settings, cells, texture_rng),
        series=with_background(series, settings.background).astype(np.float32),
    )


def followed_series(settings: LatentSettings, pool: SeriesPool, variant: int = 0) -> np.ndarray:
    """(N,) indices of the series of the pool that the cells of `make_scene` follow, without drawing the scene."""
    streams = _streams(settings.seed)
    classes = np.random.default_rng(streams[CLASSES]).integers(
        1, settings.num_classes + 1, settings.num_cells
    )
    rng = _variant_rng(settings.seed, SERIES, variant) if variant else np.random.default_rng(streams[SERIES])
    return _pool_series(settings.num_frames, classes, pool, rng)[0]


def _streams(seed: int) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(seed).spawn(4)


def _variant_rng(seed: int, stream: int, variant: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream, variant)))


def _pool_series(
    num_frames: int, classes: np.ndarray, pool: SeriesPool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) chosen series and (N, T, B) what the cells show of them."""
    chosen = np.array([rng.choice(pool.members(number)) for number in classes])
    starts = rng.integers(0, pool.length - num_frames + 1, len(classes))
    return chosen, pool.values[chosen[:, None], starts[:, None] + np.arange(num_frames)]


def _draw_texture(settings: LatentSettings, cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    texture = np.zeros((*cells.shape, settings.num_bands), dtype=np.float32)
    boxes = ndimage.find_objects(cells)
    longest = max((max(b.stop - b.start for b in box) for box in boxes if box is not None), default=1)
    process = SmoothTexture(longest, settings.length_scale_px)
    for number, box in enumerate(boxes, start=1):
        if box is None:
            continue
        mask = cells[box] == number
        fields = process.fields(rng, settings.num_bands, *mask.shape)
        inside = arrange(fields, settings.texture)[mask]
        texture[box][mask] = settings.texture_amplitude * np.tanh(inside)
    return texture
