"""The latent product generator: what `generate.py generator=toy_latent` runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.claim import FOLDERS, claim, plain
from synthesis.toy.layout import LAYOUTS, write_compact, write_published_frame, write_published_index
from synthesis.toy.preview import PREVIEW_FILE, write_preview
from synthesis.toy.progress import progress_bar
from synthesis.toy.published import make_published_scene, published_followed_series
from synthesis.toy.scene import Scene, followed_series, make_scene
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import SeriesPool, load_pool


def generate(
    output: str | Path,
    *,
    layout: str = "published",
    num_scenes: int = 1,
    preview: bool = False,
    overwrite: bool = False,
    progress: bool = False,
    time_series: str | Sequence[str] | None = None,
    phenology: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Make latent products; an interrupted call goes on where it stopped, a finished one is left alone.

    Args:
        output: folder of the product, or with several scenes of one sub-folder for each, named by its seed.
        layout: `published` or `compact`, see `synthesis.toy.layout`.
        num_scenes: products to make, with seeds `seed`, `seed + 1`, ...
        preview: also write `preview.png`.
        overwrite: replace a product made with other settings instead of refusing.
        progress: show a progress bar.
        time_series: `.ts` files; None for the phenology model.
        phenology: `conf/phenology/*.yaml`; may be None with `time_series`.
        settings: the other fields of `synthesis.toy.settings.LatentSettings`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, a missing file, or a folder that holds another product.
    """
    output = Path(output)
    files = [time_series] if isinstance(time_series, str) else list(time_series or [])
    if layout not in LAYOUTS:
        raise UserError(f"generator.layout is {layout}: expected one of {', '.join(LAYOUTS)}")
    if num_scenes < 1:
        raise UserError(f"generator.num_scenes is {num_scenes}: expected a whole number of at least 1")
    settings["phenology"] = {} if files else plain(phenology or {})
    first = LatentSettings(time_series=tuple(files), **settings)
    scenes = [
        LatentSettings(**{**first.__dict__, "seed": first.seed + number}) for number in range(num_scenes)
    ]
    pool = _pool(first)
    folders = [output / str(scene.seed) for scene in scenes] if num_scenes > 1 else [output]
    records = [{"layout": layout, **scene.to_dict()} for scene in scenes]
    finished = [claim(*pair, overwrite) for pair in zip(folders, records, strict=True)]
    with progress_bar(num_scenes * first.num_frames, progress) as advance:
        for folder, scene, complete in zip(folders, scenes, finished, strict=True):
            if complete and (not preview or (folder / PREVIEW_FILE).exists()):
                advance(scene.num_frames)
                continue
            drawn = draw(scene, pool)
            if not complete:
                write_latent(folder, drawn, layout, advance)
            if preview:
                write_preview(folder / PREVIEW_FILE, drawn)
    return output


def write_latent(folder: Path, scene: Scene, layout: str, advance: Callable[[int], None]) -> None:
    """Write what is missing of a latent product into its folder, the index last."""
    if layout == "compact":
        write_compact(folder, scene)
        advance(scene.num_frames)
        return
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for index in range(scene.num_frames):
        write_published_frame(folder, scene, index)
        advance(1)
    write_published_index(folder, scene)


def draw(settings: LatentSettings, pool: SeriesPool | None, variant: int = 0) -> Scene:
    """The scene of these settings; `variant` is the number of the sensor, see `synthesis.toy.scene.make_scene`."""
    make = make_published_scene if settings.rng == "published" else make_scene
    return make(settings, pool, variant)


def followed(settings: LatentSettings, pool: SeriesPool, variant: int = 0) -> np.ndarray:
    """(N,) indices of the series that the cells of `draw(settings, pool, variant)` follow."""
    if settings.rng == "published":
        return published_followed_series(settings, pool)
    return followed_series(settings, pool, variant)


def _pool(settings: LatentSettings) -> SeriesPool | None:
    if not settings.time_series:
        return None
    pool = load_pool(settings.time_series, settings.num_bands, settings.num_classes, settings.series_scaling)
    check_horizon(settings, pool, "generator.time_series")
    return pool


def check_horizon(settings: LatentSettings, pool: SeriesPool, key: str) -> None:
    """Refuse more frames than the series, read from the files of `key`, have steps.

    Raises:
        UserError: the series are too short.
    """
    if settings.num_frames > pool.length:
        raise UserError(
            f"generator.num_frames is {settings.num_frames}: the series of {key} have "
            f"{pool.length} steps, expected at most as many frames"
        )
