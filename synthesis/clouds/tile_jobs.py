"""The parts into which the making of cloud tiles is divided: a product, a drawn mask, or some made-up masks each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from errors import UserError
from products.binary_mask import MASK_SUFFIXES
from products.slstr import SlstrReader
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_manifest import mask_files
from synthesis.clouds.tile_scenes import (
    TileScene,
    drawn_scene,
    procedural_name,
    procedural_scenes,
    product_scene,
)
from synthesis.clouds.tile_settings import TileSettings
from synthesis.made_with import source

MASK_SOURCES = ("auto", "flags", "drawn", "procedural")
_TOGETHER = 50  # made-up masks in a job


@dataclass(frozen=True)
class TileJob:
    """A part that is made at once.

    Attributes:
        name: unique in an output folder.
        source: plain values that tell what it is made of.
        scenes: gives its scenes, which are read when they are asked for.
    """

    name: str
    source: dict[str, Any]
    scenes: Callable[[], Iterable[TileScene]]


def find_jobs(
    given: Path | None,
    masks: str,
    sensor: SlstrReader,
    settings: TileSettings,
    made: tuple[ProceduralMasks, int, int],
) -> tuple[list[TileJob], list[str]]:
    """All parts, and why some cannot be had.

    Args:
        given: what the user named: products, masks, folders of them; None for made-up masks.
        masks: one of `MASK_SOURCES`.
        sensor: opens products.
        settings: how tiles are made.
        made: how masks are made up, how many, with which seed.

    Raises:
        UserError: another source of masks, nothing to make tiles of, or masks of equal names.
    """
    if masks not in MASK_SOURCES:
        raise UserError(f"generator.masks: found {masks}, expected one of {', '.join(MASK_SOURCES)}")
    if masks == "procedural":
        if given is not None:
            raise UserError(f"generator.input: found {given} with masks=procedural, expected none")
        return _procedural(settings, *made), []
    if given is None:
        raise UserError("generator.input: found none, expected SLSTR products or masks, or masks=procedural")
    if not given.exists():
        raise UserError(f"generator.input: found nothing at {given}, expected SLSTR products or masks")
    files = [given] if given.suffix.lower() in MASK_SUFFIXES else mask_files(given)
    if masks == "drawn" or (masks == "auto" and files and not _has_products(given, sensor)):
        if not files:
            raise UserError(
                f"generator.input: found no {', '.join(MASK_SUFFIXES)} in {given}, expected masks"
            )
        return _drawn(files), []
    return _products(sensor, given, settings)


def _has_products(given: Path, sensor: SlstrReader) -> bool:
    try:
        return given.is_dir() and bool(sensor.find(given))
    except UserError:
        return False


def _products(sensor: SlstrReader, given: Path, settings: TileSettings) -> tuple[list[TileJob], list[str]]:
    jobs: dict[str, TileJob] = {}
    failures = []
    # Folders first: of a product that is there twice, the archive is left out.
    for path in sorted(sensor.find(given), key=lambda path: (path.is_file(), path.name)):
        try:
            name = sensor.open(path).name
        except UserError as error:
            failures.append(str(error))
            continue
        jobs.setdefault(name, TileJob(name, source(path) or {}, partial(_product, sensor, path, settings)))
    return list(jobs.values()), failures


def _product(sensor: SlstrReader, path: Path, settings: TileSettings) -> Iterator[TileScene]:
    with sensor.open(path) as product:
        scene = product_scene(product, settings)
    yield scene


def _drawn(files: list[Path]) -> list[TileJob]:
    jobs: dict[str, TileJob] = {}
    for path in files:
        job = TileJob(path.stem, source(path) or {}, partial(_drawing, path))
        if jobs.setdefault(path.stem, job) is not job:
            raise UserError(
                f"generator.input: found two masks named {path.stem}, expected one file of each stem"
            )
    return list(jobs.values())


def _drawing(path: Path) -> Iterator[TileScene]:
    yield drawn_scene(path)


def _procedural(settings: TileSettings, masks: ProceduralMasks, count: int, seed: int) -> list[TileJob]:
    if count < 1 or seed < 0:
        raise UserError(
            f"generator.count, seed: found {count}, {seed}, expected at least 1 mask and a seed of at least 0"
        )
    jobs = []
    for first in range(0, count, _TOGETHER):
        numbers = range(first, min(first + _TOGETHER, count))
        scenes = partial(procedural_scenes, masks, settings.tile_px, numbers, seed)
        jobs.append(TileJob(procedural_name(seed, first), {"first": first, "masks": len(numbers)}, scenes))
    return jobs
