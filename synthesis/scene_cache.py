"""Scenes as tiled GeoTIFFs on one grid: what `generate.py generator=scene_cache images=... output=CACHE` runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from products.class_table import ClassTable
from products.mask_reader import MASK_MEMBER, MaskReader
from products.npz_member import is_npz, npz_keys
from products.scene import Scene
from products.scene_index import SceneEntry, write_index
from products.scene_pairing import Pair, pair
from products.scene_reader import Images, SceneReader
from synthesis.cached_mask import write_mask
from synthesis.cached_scene import CacheFormat, write_scene
from synthesis.made_with import check_others, is_made, source
from synthesis.scene_footprint import code_of, footprint_of
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

IMAGES, MASKS = "images", "masks"  # folders of a cache
_SHOWN = 3  # failures that a message tells


@dataclass(frozen=True)
class CacheJob:
    """A scene to keep, and its mask.

    Attributes:
        entry: of the cache's index.
        path: of the scene.
        mask: where its mask is; None: it has none.
        rows: of the scene.
        record: what the files are made with.
    """

    entry: SceneEntry
    path: Path
    mask: Pair | None
    rows: int
    record: Mapping[str, Any]


def generate(
    output: str | Path,
    *,
    images: Images,
    scenes: Callable[..., SceneReader],
    classes: ClassTable,
    resolution_m: int = 10,
    bands: Sequence[str] | None = None,
    auxiliary: Mapping[str, str | None] | None = None,
    masks: Images | None = None,
    mask_resampling: str = "nearest",
    num_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Write `images/<scene>.tif`, `masks/<scene>.tif` where scenes have masks, and the index `scenes.csv`.

    What is complete and of the same settings and files is left alone, so an interrupted call goes on where it stopped, and
    a cache may grow. Scenes that cannot be read keep no other from being kept.

    Args:
        output: folder of the cache.
        images: SAFE folders and archives, GeoTIFFs, `.npz`, a scene index, or folders of these.
        scenes: makes what opens them, of the next keys.
        resolution_m: grid of scenes made of products; rasters and arrays stay on their own.
        bands: which, in order; None: all.
        auxiliary: files of layers that become bands, by name.
        classes: what the numbers in masks mean.
        masks: that belong to the images; None: those inside of `.npz` images, if any.
        mask_resampling: `nearest`: masks on other grids are brought there by georeference; `none`: they are refused.
        num_workers: threads; any number gives the same files.
        overwrite: replace what was made with other settings or files instead of refusing.
        progress: show a progress bar.
        settings: fields of `synthesis.cached_scene.CacheFormat`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, no scene; and, after all others have been written, the scenes that failed, each
            with the reason.
    """
    output, form = Path(output), CacheFormat(**settings)
    reader = scenes(resolution_m=resolution_m, bands=bands, auxiliary=auxiliary)
    mask_reader = MaskReader(classes, mask_resampling)  # type: ignore[arg-type]  # it checks what it is given
    paths = reader.find(images)
    jobs, failures = _jobs(output, reader, paths, masks, classes, form)
    names = {f"{job.entry.name}.tif" for job in jobs}
    check_others(output / IMAGES, names, form.record())
    missing = [job for job in jobs if not _is_kept(output, job, overwrite)]
    with progress_bar(sum(job.rows for job in jobs), progress, "rows of scenes") as advance:
        advance(sum(job.rows for job in jobs) - sum(job.rows for job in missing))

        def work(job: CacheJob, sign: StopSign) -> str | None:
            try:
                with reader.open(job.path) as scene:
                    if job.mask is not None:
                        path = output / MASKS / f"{job.entry.name}.tif"
                        with mask_reader.open(job.mask.mask, job.mask.key, scene) as mask:
                            write_mask(path, mask, scene.grid, job.record, sign)
                    # The image last: where it is, all is.
                    write_scene(job.entry.path, scene, form, job.record, sign, advance)
            except UserError as error:
                return str(error)
            return None

        failures += [reason for reason in in_order(work, missing, num_workers) if reason is not None]
    kept = [job.entry for job in jobs if job.entry.path.exists()]
    if kept:
        write_index(output, kept)
    if failures:
        more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
        others = f", the others are in {output}" if kept else ""
        raise UserError(
            f"{len(failures)} of {len(paths)} scenes failed{others}: " + "; ".join(failures[:_SHOWN]) + more
        )
    return output


def _jobs(
    output: Path,
    reader: SceneReader,
    paths: Sequence[Path],
    masks: Images | None,
    classes: ClassTable,
    form: CacheFormat,
) -> tuple[list[CacheJob], list[str]]:
    """What is to be kept, and why some cannot be."""
    inside = [path for path in paths if path.is_file() and is_npz(path) and MASK_MEMBER in npz_keys(path)]
    pairs: list[Pair] = []
    if masks is not None:
        pairs = pair(paths, masks, reader).pairs
    elif inside:
        pairs = pair(inside, None, reader).pairs
    of_path = {each.image: each for each in pairs}
    jobs: dict[str, CacheJob] = {}
    failures = []
    for path in paths:
        try:
            job = _job(output, reader, path, of_path.get(path), classes, form)
        except UserError as error:
            failures.append(str(error))
            continue
        other = jobs.setdefault(job.entry.name, job)
        if other is not job:
            raise UserError(
                f"generator.images: found {other.path} and {path}, both of {job.entry.name}; expected names of their own"
            )
    return list(jobs.values()), failures


def _job(
    output: Path, reader: SceneReader, path: Path, mask: Pair | None, classes: ClassTable, form: CacheFormat
) -> CacheJob:
    with reader.open(path) as scene:
        grid = scene.grid
        record = {
            **form.record(),
            "bands": list(scene.bands),
            "grid": [grid.height, grid.width, list(grid.transform or ())],
            "scene": source(path),
            "mask": None if mask is None else [source(mask.mask), mask.key, list(classes.names)],
        }
        return CacheJob(_entry(scene, output), path, mask, grid.height, record)


def _entry(scene: Scene, output: Path) -> SceneEntry:
    """What the index of the cache says of a scene; its name tells the tile, because the folder that may tell it is left."""
    tile = scene.key.tile if scene.key is not None else ""
    name = scene.name if tile.removeprefix("T") in scene.name else f"{tile}_{scene.name}"
    tags, grid = scene.tags, scene.grid
    cover = tags.get("CLOUDY_PIXEL_PERCENTAGE") or tags.get("CLOUD_COVERAGE_ASSESSMENT")
    return SceneEntry(
        key=scene.key,
        name=name,
        path=output / IMAGES / f"{name}.tif",
        level=tags.get("PROCESSING_LEVEL", "").replace("Level-", "L"),
        baseline=tags.get("PROCESSING_BASELINE", ""),
        platform=tags.get("SPACECRAFT_NAME", ""),
        cloud_cover=float(cover) if cover and cover.replace(".", "", 1).isdigit() else None,
        crs=code_of(grid.crs),
        height=grid.height,
        width=grid.width,
        resolution_m=abs(grid.transform[0]) if grid.transform else 0,
        footprint=footprint_of(grid),
    )


def _is_kept(output: Path, job: CacheJob, overwrite: bool) -> bool:
    """Whether a scene is there, and its mask."""
    mask = job.mask is None or is_made(output / MASKS / f"{job.entry.name}.tif", job.record, overwrite)
    return is_made(job.entry.path, job.record, overwrite) and mask
