"""A folder of SAFE products as an index: what `generate.py generator=scene_index input=FOLDER output=INDEX` runs.

Nothing is unpacked or copied: of each product only metadata and the headers of its images are read.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from errors import UserError
from products.archives import archive_kind
from products.scene_index import SceneEntry, write_index
from products.sensor import Sensor
from products.sentinel2_layout import is_product_folder
from synthesis.scene_description import describe
from synthesis.toy.progress import progress_bar
from synthesis.worker_threads import StopSign, in_order

LOG = logging.getLogger(__name__)
_NAMED = 5  # products that the message of a failure names
REPROCESSED = ("newest", "all")


@dataclass(frozen=True)
class Unreadable:
    """A product that is left out, and why."""

    path: Path
    reason: str


def generate(
    output: str | Path,
    *,
    input: str,
    sensor: Sensor,
    absent_bands: Mapping[str, Sequence[str]] | None = None,
    levels: Sequence[str] | None = None,
    cloud_cover: float | None = None,
    reprocessed: str = "newest",
    num_workers: int = 1,
    progress: bool = False,
) -> Path:
    """Write `scenes.csv` and `scenes.geojson` of all products below a folder.

    Products that cannot be read are named and left out. Granules of products that hold several are scenes of their own.

    Args:
        output: folder of the index.
        input: folder of SAFE folders and archives at any depth, or one product.
        sensor: what opens them, with all bands of its instrument.
        absent_bands: bands that products of a level do not have.
        levels: that are taken, e.g. `[L1C]`; None: all.
        cloud_cover: percent at most; products that do not tell theirs are taken.
        reprocessed: of products of one level, tile and time that differ in their processing: `newest` or `all`.
        num_workers: threads; any number gives the same files.
        progress: show a progress bar.

    Returns:
        The output folder.

    Raises:
        UserError: no such folder, no product in it, or none that can be read and is wanted.
    """
    output, source = Path(output), Path(input).expanduser()
    if not source.exists():
        raise UserError(f"generator.input: found no {source}, expected a folder of SAFE products")
    if reprocessed not in REPROCESSED:
        raise UserError(f"generator.reprocessed: found {reprocessed!r}, expected {' or '.join(REPROCESSED)}")
    candidates = [scene for path in find_products(source, sensor) for scene in granules_of(path)]
    if not candidates:
        raise UserError(
            f"generator.input: found no product of {sensor.title} below {source}, expected SAFE folders or archives of them"
        )
    with progress_bar(len(candidates), progress, "products") as advance:

        def work(path: Path, sign: StopSign) -> SceneEntry | Unreadable:
            sign.check()
            try:
                return describe(path, sensor, absent_bands or {})
            except UserError as error:
                return Unreadable(path, str(error))
            finally:
                advance(1)

        found = in_order(work, candidates, num_workers)
    unreadable = [each for each in found if isinstance(each, Unreadable)]
    entries = [each for each in found if isinstance(each, SceneEntry)]
    if not entries:
        reasons = "; ".join(problem.reason for problem in unreadable[:_NAMED])
        more = f"; and {len(unreadable) - _NAMED} more" if len(unreadable) > _NAMED else ""
        raise UserError(
            f"generator.input: found {len(unreadable)} products below {source} and none that can be read: {reasons}{more}"
        )
    for problem in unreadable:
        LOG.warning("left out: %s", problem.reason)
    wanted = [entry for entry in entries if _is_wanted(entry, levels, cloud_cover)]
    if not wanted:
        there = ", ".join(
            sorted({f"{entry.level} with {_percent(entry)} cloud" for entry in entries})[:_NAMED]
        )
        raise UserError(
            f"generator.levels, generator.cloud_cover: found no scene of {levels or 'any level'} with at most {cloud_cover} % "
            f"cloud below {source}, expected some of its {len(entries)} ({there})"
        )
    write_index(output, _newest(wanted) if reprocessed == "newest" else wanted)
    return output


def find_products(folder: Path, sensor: Sensor) -> Iterator[Path]:
    """Products at any depth below a folder, or what is named itself, in the order of their names.

    Some may turn out to be damaged, but what is something else is left out.
    """
    if folder.is_file() or is_product_folder(folder):
        yield folder
        return
    for parent, folders, files in os.walk(folder):
        place = Path(parent)
        products = [name for name in sorted(folders) if is_product_folder(place / name)]
        folders[:] = sorted(
            name for name in folders if name not in products and not name.startswith((".", "__MACOSX"))
        )
        yield from (place / name for name in products)
        for name in sorted(files):
            path = place / name
            if not name.startswith(".") and archive_kind(path) is not None and _is_ours(path, sensor):
                yield path


def granules_of(path: Path) -> list[Path]:
    """The folders of the granules of a product folder that has several; else the product itself."""
    place = path / "GRANULE"
    granules = sorted(folder for folder in place.iterdir() if folder.is_dir()) if place.is_dir() else []
    return granules if len(granules) > 1 else [path]


def _is_ours(path: Path, sensor: Sensor) -> bool:
    return any(reader.recognises(path) for reader in sensor.readers)


def _is_wanted(entry: SceneEntry, levels: Sequence[str] | None, cloud_cover: float | None) -> bool:
    clear = cloud_cover is None or entry.cloud_cover is None or entry.cloud_cover <= cloud_cover
    return clear and (levels is None or entry.level in levels)


def _newest(entries: Sequence[SceneEntry]) -> list[SceneEntry]:
    """Without products that were processed again later, and without second copies; what is left out is named."""

    def same(entry: SceneEntry) -> tuple[str, str]:
        return str(entry.key), entry.level

    kept = []
    for _, group in groupby(sorted(entries, key=same), key=same):
        # Names end with the time of processing; of two copies the folder is read faster than the archive.
        ordered = sorted(
            group, key=lambda entry: (entry.baseline, entry.name, entry.path.is_dir(), entry.path)
        )
        kept.append(ordered[-1])
        for other in ordered[:-1]:
            LOG.warning(
                "left out: %s, of which %s is a newer processing or a copy", other.path, ordered[-1].path
            )
    return kept


def _percent(entry: SceneEntry) -> str:
    return "unknown" if entry.cloud_cover is None else f"{entry.cloud_cover:.0f} %"
