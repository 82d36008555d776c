"""Cloud tiles: what `generate.py generator=cloud_tiles` runs."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from products.slstr import SlstrReader
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_jobs import TileJob, find_jobs
from synthesis.clouds.tile_manifest import IMAGES, MANIFEST, MASKS, TileRecord, read_manifest, write_manifest
from synthesis.clouds.tile_records import RECORDS, read_records, recorded_names, remove_records, write_records
from synthesis.clouds.tile_settings import TileSettings
from synthesis.clouds.tile_split import check_fractions, with_splits
from synthesis.clouds.tile_writing import write_tiles
from synthesis.toy.claim import SETTINGS_FILE, claim, plain
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

LOG = logging.getLogger(__name__)
_SHOWN = 3


def generate(
    output: str | Path,
    *,
    sensor: SlstrReader,
    input: str | Path | None = None,
    masks: str = "auto",
    procedural: ProceduralMasks | None = None,
    count: int = 1000,
    seed: int = 0,
    split_fractions: Sequence[float] = (0.7, 0.15, 0.15),
    split_seed: int = 0,
    num_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Make tiles of clouds: `images/`, `masks/` and `manifest.csv`; see `docs/cloud_tiles.md`.

    An interrupted call goes on with the next product. A call with other products adds theirs; tiles that are there keep
    their splits. Any number of threads gives the same files. A product that cannot be used is left out by name.

    Args:
        output: folder of the tiles.
        sensor: opens SLSTR products.
        input: SEN3 folder, zip, mask, or folder of these; None for made-up masks.
        masks: `flags` of products, `drawn` masks, `procedural`, or `auto`: by what the input is.
        procedural: how masks are made up.
        count, seed: how many of them, with which seed.
        split_fractions, split_seed: see `synthesis.clouds.tile_split.with_splits`.
        num_workers: threads.
        overwrite: replace tiles made with other settings instead of refusing.
        progress: show a progress bar.
        settings: fields of `synthesis.clouds.tile_settings.TileSettings`.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, nothing usable, or a folder that holds something else.
    """
    output = Path(output)
    rules = TileSettings(**plain(settings))
    procedural = procedural or ProceduralMasks()
    check_fractions(split_fractions)
    given = None if input is None else Path(input)
    jobs, failures = find_jobs(given, masks, sensor, rules, (procedural, count, seed))
    _claim(output, rules, masks, procedural, overwrite)
    with progress_bar(len(jobs), progress, "products") as advance:

        def work(job: TileJob, sign: StopSign) -> str | None:
            try:
                _make(output, job, rules, sign)
            except UserError as error:
                return str(error)
            finally:
                advance(1)
            return None

        failures += [reason for reason in in_order(work, jobs, num_workers) if reason is not None]
    if failures and len(failures) >= len(jobs):
        raise UserError(_all_failed(failures))
    for reason in failures:
        LOG.warning("left out: %s", reason)
    _write_list(output, split_fractions, split_seed, rules)
    return output


def _claim(
    output: Path, rules: TileSettings, masks: str, procedural: ProceduralMasks, overwrite: bool
) -> None:
    made_up = {"procedural": plain(vars(procedural))} if masks == "procedural" else {}
    # Settings with which no tile came about (flags that were not populated) must not stand in the way of better ones.
    vain = (output / SETTINGS_FILE).is_file() and not any(
        read_records(output, name) for name in recorded_names(output)
    )
    claim(
        output, rules.record() | made_up, overwrite or vain, complete=MANIFEST, folders=(IMAGES, MASKS, RECORDS),
        files=(SETTINGS_FILE, MANIFEST),
    )  # fmt: skip


def _make(output: Path, job: TileJob, rules: TileSettings, sign: StopSign) -> None:
    if read_records(output, job.name, job.source) is not None:
        return
    remove_records(output, job.name)
    tiles: list[TileRecord] = []
    left_out = 0
    for scene in job.scenes():
        found, rejected = write_tiles(output, scene, rules, sign)
        tiles += found
        left_out += rejected
    write_records(output, job.name, job.source, tiles, left_out)


def _write_list(output: Path, fractions: Sequence[float], seed: int, rules: TileSettings) -> None:
    records: list[TileRecord] = []
    for name in recorded_names(output):
        records += read_records(output, name) or []
    if not records:
        raise UserError(
            f"{output}: found no tile of which {100 * rules.min_valid_fraction:g} % of the pixels are known and in daylight, "
            "expected some (generator.min_valid_fraction, keep_night)"
        )
    kept: dict[str, str] = {}
    if (output / MANIFEST).is_file():
        try:
            kept = {record.id: record.split for record in read_manifest(output)}
        except UserError as error:
            LOG.warning("splits are dealt anew: %s", error)
    write_manifest(output, with_splits(records, fractions, seed, kept, tile_px=rules.tile_px))


def _all_failed(failures: Sequence[str]) -> str:
    if len(failures) == 1:
        return failures[0]
    more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
    return f"none of {len(failures)} products can be used: " + "; ".join(failures[:_SHOWN]) + more
