"""The dataset generator: what `generate.py generator=toy_dataset` runs."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from errors import UserError
from synthesis.toy.claim import SETTINGS_FILE, claim
from synthesis.toy.dataset_plan import DatasetPlan, make_plan
from synthesis.toy.layout import INDEX
from synthesis.toy.manifest import MANIFEST, read_manifest, scene_splits, write_manifest
from synthesis.toy.processes import available_cores, do_jobs
from synthesis.toy.progress import progress_bar
from synthesis.toy.scene_products import SceneJob, make_scene_products

LOG = logging.getLogger(__name__)


def generate(
    output: str | Path,
    *,
    task: str,
    num_scenes: int,
    tasks: Mapping[str, Any],
    presets: Mapping[str, Any],
    latents: Mapping[str, Any],
    series: Mapping[str, Any],
    phenology: Mapping[str, Any],
    seed: int = 1,
    series_pool: str = "disjoint",
    series_scaling: str = "pooled",
    split_fractions: Sequence[float] = (0.7, 0.15, 0.15),
    layout: str = "published",
    keep_latents: bool = False,
    num_workers: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Make all products of a task for many scenes: `output/<seed>/<product>/...` and `output/manifest.json`.

    An interrupted call goes on where it stopped. A dataset may grow: a call with more scenes keeps those that are
    there, in the splits that they have; a call with fewer changes nothing. Any number of processes gives the same
    files.

    Args:
        output: folder of the dataset.
        task: one of `tasks`.
        num_scenes: with the seeds `seed`, `seed + 1`, ...
        tasks: {task: {product: {`latent` or `input`: name, `preset`: name}}}; an `input` is a product named before.
        presets: {name: stages}, `conf/derivation/*.yaml`.
        latents: {name: what differs from `settings`}: the sensors, which see the same fields.
        series: {latent: folder, file or list of `.ts` files, or None for the phenology model}.
        phenology: {latent: `conf/phenology/*.yaml`}.
        seed: of the first scene.
        series_pool: `disjoint`: scenes of different splits never follow the same series; `shared`: all scenes draw
            from all, as published.
        series_scaling: `pooled` or `per_file`, see `synthesis.toy.time_series.load_pool`.
        split_fractions: of the scenes: train, val, test.
        layout: `published` or `compact`.
        keep_latents: also write what the products are derived from, as `latent_<name>`.
        num_workers: processes; None: one for each core.
        overwrite: replace a dataset made with other settings instead of refusing.
        progress: show a progress bar.
        settings: the other fields of `synthesis.toy.settings.LatentSettings`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, a bad file, or a folder that holds something else.
    """
    output = Path(output)
    for name, count in (("num_scenes", num_scenes), ("num_workers", num_workers)):
        if count is not None and count < 1:
            raise UserError(f"generator.{name} is {count}: expected a whole number of at least 1")
    plan = make_plan(
        task=task, tasks=tasks, presets=presets, latents=latents, series=series, series_pool=series_pool,
        series_scaling=series_scaling, fractions=split_fractions, phenology=phenology, layout=layout,
        keep_latents=keep_latents, seed=seed, **settings,
    )  # fmt: skip
    for latent in plan.latents.values():
        latent.of_scene(num_scenes - 1)  # its seed must be possible
    if series_pool == "shared" and any(latent.pools for latent in plan.latents.values()):
        LOG.warning(
            "generator.series_pool=shared: training and test scenes follow the same time series, so a model can learn "
            "the test fields by heart (as in the published dataset)"
        )
    _claim(output, plan, overwrite)
    there = read_manifest(output)
    if there is not None and len(there["scenes"]) >= num_scenes:
        num_scenes = len(there["scenes"])
    scenes = list(enumerate(scene_splits(num_scenes, plan.fractions)))
    missing = [scene for scene in scenes if not _is_finished(output, plan, scene[0])]
    with progress_bar(num_scenes, progress, "scenes") as advance:
        advance(num_scenes - len(missing))
        try:
            work = partial(make_scene_products, output, plan)
            do_jobs(work, missing, num_workers or available_cores(), lambda job: advance(1))
        except BaseException:
            _remove_half_written(output, plan, missing)  # a process that is ended cannot tidy up
            raise
    if missing or there is None:
        write_manifest(output, plan.manifest(num_scenes))
    return output


def _remove_half_written(output: Path, plan: DatasetPlan, scenes: Sequence[SceneJob]) -> None:
    for number, _ in scenes:
        for partial_file in (output / str(plan.seed + number)).glob("**/.*.partial"):
            partial_file.unlink(missing_ok=True)


def _claim(output: Path, plan: DatasetPlan, overwrite: bool) -> None:
    """Make the folder ours; what `overwrite` removes are the scenes, which have numbers for names."""
    scenes = [path.name for path in output.glob("*") if path.is_dir() and path.name.isdecimal()]
    claim(
        output, plan.record(), overwrite, complete=MANIFEST, folders=scenes, files=(SETTINGS_FILE, MANIFEST)
    )


def _is_finished(output: Path, plan: DatasetPlan, number: int) -> bool:
    folder = output / str(plan.seed + number)
    return all((folder / name / INDEX).is_file() for name in plan.folders())
