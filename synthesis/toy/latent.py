"""The latent product generator: what `generate.py generator=toy_latent` runs."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from errors import UserError
from synthesis.toy.layout import (
    INDEX,
    SCENE_FILE,
    write_compact,
    write_json,
    write_published_frame,
    write_published_index,
)
from synthesis.toy.preview import write_preview
from synthesis.toy.published import make_published_scene
from synthesis.toy.scene import Scene, make_scene
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import SeriesPool, load_pool

LAYOUTS = ("published", "compact")
SETTINGS_FILE = "settings.json"  # what a product was made with; without it nothing can be resumed
PREVIEW_FILE = "preview.png"
_FOLDERS = ("frames", "annotations")
_FILES = (SETTINGS_FILE, INDEX, SCENE_FILE, PREVIEW_FILE)


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
    settings["phenology"] = {} if files else _plain(phenology or {})
    first = LatentSettings(time_series=tuple(files), **settings)
    scenes = [
        LatentSettings(**{**first.__dict__, "seed": first.seed + number}) for number in range(num_scenes)
    ]
    pool = _pool(first)
    folders = [output / str(scene.seed) for scene in scenes] if num_scenes > 1 else [output]
    records = [{"layout": layout, **scene.to_dict()} for scene in scenes]
    finished = [_claim(*claim, overwrite) for claim in zip(folders, records, strict=True)]
    with _bar(num_scenes * first.num_frames, progress) as advance:
        for folder, scene, complete in zip(folders, scenes, finished, strict=True):
            if complete and (not preview or (folder / PREVIEW_FILE).exists()):
                advance(scene.num_frames)
                continue
            drawn = draw(scene, pool)
            if not complete:
                _write(folder, drawn, layout, advance)
            if preview:
                write_preview(folder / PREVIEW_FILE, drawn)
    return output


def _write(folder: Path, scene: Scene, layout: str, advance: Callable[[int], None]) -> None:
    """Write what is missing of a product, the index last."""
    if layout == "compact":
        write_compact(folder, scene)
        advance(scene.num_frames)
        return
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for index in range(scene.num_frames):
        write_published_frame(folder, scene, index)
        advance(1)
    write_published_index(folder, scene)


def draw(settings: LatentSettings, pool: SeriesPool | None) -> Scene:
    """The scene of these settings."""
    return make_published_scene(settings, pool) if settings.rng == "published" else make_scene(settings, pool)


def _pool(settings: LatentSettings) -> SeriesPool | None:
    if not settings.time_series:
        return None
    pool = load_pool(settings.time_series, settings.num_bands, settings.num_classes, settings.series_scaling)
    if settings.num_frames > pool.length:
        raise UserError(
            f"generator.num_frames is {settings.num_frames}: the series of generator.time_series have "
            f"{pool.length} steps, expected at most as many frames"
        )
    return pool


def _claim(folder: Path, settings: dict[str, Any], overwrite: bool) -> bool:
    """Make the folder ours; True when it already holds the complete product of these settings.

    Raises:
        UserError: it holds something else.
    """
    record = folder / SETTINGS_FILE
    found = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else None
    if found == json.loads(json.dumps(settings)):
        return (folder / INDEX).is_file()
    if overwrite:
        for name in _FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
    elif found is not None:
        changed = next(key for key in settings if found.get(key) != json.loads(json.dumps(settings[key])))
        raise UserError(
            f"output {folder} holds a product made with another generator.{changed} ({_shown(found, changed)} "
            f"instead of {_shown(settings, changed)}): "
            "choose another output folder, or give overwrite=true to replace it"
        )
    elif any((folder / name).exists() for name in (*_FOLDERS, *_FILES)):
        raise UserError(
            f"output {folder} holds a product without {SETTINGS_FILE}: "
            "choose another output folder, or give overwrite=true to replace it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(record, settings)
    return False


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[int], None]]:
    """Gives a function that advances a progress bar by a number of frames."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not shown) as display:
        task = display.add_task("frames", total=total)
        yield lambda count: display.advance(task, count)


def _shown(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    return "others" if isinstance(value, Mapping) else str(value)


def _plain(value: Any) -> Any:
    """Nested configs as dicts and lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
