"""Masks of cloud, ground, snow and water: what `generate.py generator=labels output=DIR` runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from products.class_table import ClassTable
from products.scene_reader import Images, SceneReader
from synthesis.labels.dated_files import dated_files
from synthesis.labels.evidence import SceneCodes
from synthesis.labels.masking import make_mask, record_of
from synthesis.labels.plan import LabelJob, plan
from synthesis.labels.report import class_pixels, print_shares, write_report
from synthesis.labels.rules import rule_named
from synthesis.labels.settings import LabelSettings
from synthesis.made_with import check_others, is_made
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

_SHOWN = 3  # failures that a message tells


def generate(
    output: str | Path,
    *,
    rule: str,
    exolabs: str,
    water: str | None,
    classes: ClassTable,
    scenes: Callable[..., SceneReader],
    cloudless: str | None = None,
    images: Images | None = None,
    resolution_m: float | None = None,
    exolabs_files: Sequence[str] = ("*.tif",),
    cloudless_files: Sequence[str] = ("*.tif",),
    exolabs_codes: Mapping[str, int],
    snow_codes: Mapping[str, int],
    num_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Write a mask `<tile>_<time>.tif` for every ExoLabs file that has what its rule needs, and `labels.csv`.

    What is complete and of the same settings and files is left alone, so an interrupted call goes on where it stopped.
    Masks that cannot be made keep no other from being made.

    Args:
        output: folder of the masks.
        rule: a name of `synthesis.labels.rules.RULES`.
        exolabs: folder of ExoLabs classifications.
        water: map of water; None: there is none.
        classes: table of the masks.
        scenes: makes what opens `images`.
        cloudless: folder of cloud probabilities; where one is missing it is computed from the scene.
        images: scenes, on whose grids the masks then lie.
        resolution_m: side of the pixels of masks; None: of the ExoLabs files, or of the scenes.
        exolabs_files, cloudless_files: patterns of names, of which the first that fits any file chooses.
        exolabs_codes: `synthesis.labels.evidence.SceneCodes`.
        snow_codes: of the second band: `present`, `absent`.
        num_workers: threads; any number gives the same masks.
        overwrite: replace masks made with other settings or files instead of refusing.
        progress: show a progress bar.
        settings: the other fields of `synthesis.labels.settings.LabelSettings`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, nothing to make masks of; and, after all others have been made, the masks that
            failed, each with the reason.
    """
    output = Path(output)
    reader = scenes() if resolution_m is None else scenes(resolution_m=int(resolution_m))
    how = LabelSettings(
        rule=rule_named(rule),
        classes=classes,
        codes=SceneCodes(**exolabs_codes),
        snow_codes=dict(snow_codes),
        water=None if water is None else Path(water).expanduser(),
        resolution_m=resolution_m,
        scenes=reader,
        **settings,
    )
    if how.rule.needs_cloud_probability and cloudless is None and images is None:
        raise UserError(
            f"generator.cloudless: found none, expected cloudless=DIR for rule={rule}, or images=... to compute it from"
        )
    jobs = plan(
        how,
        dated_files(exolabs, exolabs_files, "exolabs"),
        dated_files(cloudless, cloudless_files, "cloudless") if cloudless is not None else [],
        None if images is None else reader.find(images),
    )
    check_others(output, {_path(output, job).name for job in jobs}, how.record())
    missing = [job for job in jobs if not is_made(_path(output, job), record_of(job, how), overwrite)]
    rows_done = sum(job.grid.height for job in jobs) - sum(job.grid.height for job in missing)
    with progress_bar(sum(job.grid.height for job in jobs), progress, "rows of masks") as advance:
        advance(rows_done)

        def work(job: LabelJob, sign: StopSign) -> str | None:
            try:
                make_mask(job, _path(output, job), how, sign, advance)
            except UserError as error:
                return f"{job.name}: {error}"
            return None

        failures = [reason for reason in in_order(work, missing, num_workers) if reason is not None]
    if failures:
        more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
        others = f", the others are in {output}" if len(failures) < len(jobs) else ""
        raise UserError(
            f"{len(failures)} of {len(jobs)} masks failed{others}: " + "; ".join(failures[:_SHOWN]) + more
        )
    _report(output, jobs, how)
    return output


def _report(output: Path, jobs: Sequence[LabelJob], how: LabelSettings) -> None:
    pixels = [class_pixels(_path(output, job), how.classes) for job in jobs]
    rows: list[dict[str, str | int]] = []
    for job, counts in zip(jobs, pixels, strict=True):
        sources = {
            "exolabs": job.exolabs.name,
            "cloudless": job.cloudless.name if job.cloudless else "",
            "scene": job.scene.name if job.scene else "",
        }
        rows.append({"key": job.name, "file": _path(output, job).name, **sources, **counts})
    write_report(output, rows)
    print_shares(pixels, output)


def _path(output: Path, job: LabelJob) -> Path:
    return output / f"{job.name}.tif"
