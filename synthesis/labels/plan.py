"""Which masks are made of which files."""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from errors import UserError
from products.grid import Grid
from products.scene import Scene, SceneKey
from synthesis.labels.aligned_raster import AlignedRaster, grid_of, opened
from synthesis.labels.dated_files import DatedFile, matching, merged
from synthesis.labels.label_grid import label_grid
from synthesis.labels.settings import LabelSettings

LOG = logging.getLogger(__name__)
_SHOWN = 3  # of what a message names
_MOST_ELSEWHERE = 0.5  # share of a mask that a file of another tile may cover


@dataclass(frozen=True)
class LabelJob:
    """A mask to make.

    Attributes:
        key: tile and time; names the mask.
        grid: of the mask.
        exolabs: classification of the date.
        cloudless: file of cloud probabilities; None: not needed, or computed from the scene.
        scene: on whose grid the mask lies; None: on that of the classification.
    """

    key: SceneKey
    grid: Grid
    exolabs: Path
    cloudless: Path | None = None
    scene: Path | None = None

    @property
    def name(self) -> str:
        """Of the mask, without suffix."""
        return str(self.key)


@dataclass(frozen=True)
class _PlacedScene:
    """A scene of `images`: its file, what it shows and where."""

    key: SceneKey
    path: Path
    grid: Grid


def plan(
    settings: LabelSettings,
    exolabs: Sequence[DatedFile],
    cloudless: Sequence[DatedFile],
    images: Sequence[Path] | None,
) -> list[LabelJob]:
    """The masks that can be made, in the order of their names; what lacks its counterpart is named in the log.

    Args:
        settings: how they are made.
        exolabs: classifications.
        cloudless: cloud probabilities.
        images: scenes; None: masks lie on the grids of the classifications.

    Raises:
        UserError: no mask can be made, two would have one name, or a file cannot be read.
    """
    scenes = None if images is None else _placed_scenes(settings, images)
    jobs: dict[str, LabelJob] = {}
    lacking = []
    for file in exolabs:
        try:
            found = _jobs_of(file, settings, cloudless, scenes)
        except _Lacking as reason:
            lacking.append(f"{file.path.name}: {reason}")
            continue
        for job in found:
            other = jobs.setdefault(job.name, job)
            if other is not job:
                raise UserError(
                    f"generator.exolabs: found {other.exolabs} and {file.path}, both of {job.name}; expected one file for each "
                    "tile and time"
                )
    if not jobs:
        more = f"; and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        raise UserError(
            f"generator.exolabs: found {len(exolabs)} files and none that a mask can be made of: "
            + "; ".join(lacking[:_SHOWN]) + more
        )  # fmt: skip
    for line in lacking:
        LOG.warning("left out: %s", line)
    return [jobs[name] for name in sorted(jobs)]


def open_scene(settings: LabelSettings, path: Path) -> Scene:
    """A scene with the bands of the cloud detector, at the resolution of the masks.

    Raises:
        UserError: it cannot be opened, or lacks a band.
    """
    return settings.scenes.open(path, settings.cloudless_bands)


class _Lacking(Exception):
    """What a mask cannot be made without is not there."""


def _jobs_of(
    file: DatedFile,
    settings: LabelSettings,
    cloudless: Sequence[DatedFile],
    scenes: Sequence[_PlacedScene] | None,
) -> list[LabelJob]:
    label = f"exolabs={file.path}"
    with closing(opened(file.path, label)) as dataset:
        own = grid_of(dataset)
    if scenes is None:
        grid = label_grid(own, settings.resolution_m, settings.tile_m, settings.border_px, label)
        probability = _cloudless(file.key, grid, settings, cloudless, computable=False)
        key = merged(file.key, probability.key if probability else None)
        return [LabelJob(key, grid, file.path, probability.path if probability else None)]
    here = [scene for scene in scenes if scene.key.matches(file.key)]
    if not file.key.tile:
        here = [scene for scene in here if _covers(file.path, scene.grid)]
    if not here:
        raise _Lacking(f"no scene of images is of {file.key}")
    jobs = []
    for scene in here:
        key = merged(scene.key, file.key)
        probability = _cloudless(key, scene.grid, settings, cloudless, computable=True)
        jobs.append(
            LabelJob(key, scene.grid, file.path, probability.path if probability else None, scene.path)
        )
    return jobs


def _cloudless(
    key: SceneKey, grid: Grid, settings: LabelSettings, files: Sequence[DatedFile], computable: bool
) -> DatedFile | None:
    if not settings.rule.needs_cloud_probability:
        return None
    found = matching(key, files)
    if len(found) > 1:
        found = [file for file in found if _covers(file.path, grid)] or found
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.path.name for file in found[:_SHOWN])
        raise _Lacking(f"found {len(found)} files of cloud probability of {key} ({names}), expected one")
    if computable:
        return None
    known = ", ".join(str(file.key) for file in files[:_SHOWN])
    raise _Lacking(f"no file of cloud probability is of {key}" + (f" (but of {known}, ...)" if known else ""))


def _covers(path: Path, grid: Grid) -> bool:
    with AlignedRaster(path, grid, str(path)) as raster:
        return raster.overlap() > _MOST_ELSEWHERE


def _placed_scenes(settings: LabelSettings, images: Sequence[Path]) -> list[_PlacedScene]:
    scenes = []
    for path in images:
        with open_scene(settings, path) as scene:
            if scene.key is None:
                LOG.warning("left out: %s, whose name holds no date", path)
            else:
                scenes.append(_PlacedScene(scene.key, path, scene.grid))
    if not scenes:
        raise UserError(
            f"generator.images: found {len(images)} scenes without a date, expected tile and time in their names"
        )
    return scenes
