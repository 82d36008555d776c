"""One mask, window by window."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from products.class_raster import ClassRasterWriter
from products.window import Window
from synthesis.labels.aligned_raster import AlignedRaster, NumberFacts
from synthesis.labels.cloud_probability import CloudProbability, DetectedProbability, FileProbability
from synthesis.labels.evidence import Evidence
from synthesis.labels.plan import LabelJob, open_scene
from synthesis.labels.settings import LabelSettings
from synthesis.made_with import made_with, source
from synthesis.worker_threads import StopSign

STRIP = 256  # rows that are written at a time, a multiple of the file's blocks
_PIECE = 1024  # columns that are worked on at a time
_CLASSIFICATION, _SNOW = 0, 1


def record_of(job: LabelJob, settings: LabelSettings) -> dict[str, Any]:
    """What a mask is made with, in plain Python types."""
    computed = settings.rule.needs_cloud_probability and job.cloudless is None
    return {
        **settings.record(),
        "grid": [job.grid.height, job.grid.width, list(job.grid.transform or ())],
        "exolabs": source(job.exolabs),
        "cloudless": source(job.scene) if computed else source(job.cloudless),
        "computed": computed,
        "water": source(settings.water),
    }


def make_mask(
    job: LabelJob, path: Path, settings: LabelSettings, sign: StopSign, advance: Callable[[int], None]
) -> None:
    """Write a mask, which appears when it is whole.

    Args:
        job: what it is made of.
        path: of the mask.
        settings: how.
        sign: where the job is asked to end.
        advance: is told of rows that are done.

    Raises:
        UserError: a source cannot be read or does not fit, or the mask cannot be written.
        Stopped: the job was asked to end.
    """
    with ExitStack() as stack:
        sources = _Sources(job, settings, stack, sign)
        tags = {"NADIR_KEY": job.name, **made_with(record_of(job, settings))}
        height, width = job.grid.shape
        with ClassRasterWriter(path, job.grid, settings.classes, tags) as writer:
            # Strips in order, so that blocks lie in the file in one order whatever else this process does.
            for row in range(0, height, STRIP):
                rows = min(STRIP, height - row)
                mask = np.empty((rows, width), np.uint8)
                for column in range(0, width, _PIECE):
                    sign.check()
                    columns = min(_PIECE, width - column)
                    window = Window(row, column, rows, columns)
                    mask[:, column : column + columns] = settings.rule.label(
                        sources.read(window),
                        settings.codes,
                        settings.indices,
                        settings.unclassified,
                        settings.masked,
                    )
                writer.write(Window(row, 0, rows, width), mask)
                advance(rows)


class _Sources:
    """The files of a mask, open on its grid."""

    def __init__(self, job: LabelJob, settings: LabelSettings, stack: ExitStack, sign: StopSign) -> None:
        self.settings = settings
        self.exolabs = stack.enter_context(
            AlignedRaster(job.exolabs, job.grid, f"exolabs={job.exolabs}", bands=(1, 2))
        )
        self.water: AlignedRaster | None = None
        if settings.water is not None:
            facts = NumberFacts(nodata=tuple(settings.water_nodata))
            label = f"water={settings.water}"
            self.water = stack.enter_context(AlignedRaster(settings.water, job.grid, label, facts=facts))
            self.water.check_covers(settings.water_slack_px)
        self.clouds: CloudProbability | None = None
        if settings.rule.needs_cloud_probability:
            self.clouds = stack.enter_context(closing(self._clouds(job, sign)))

    def _clouds(self, job: LabelJob, sign: StopSign) -> CloudProbability:
        settings = self.settings
        if job.cloudless is not None:
            return FileProbability(job.cloudless, job.grid, settings.cloudless_scale)
        assert job.scene is not None
        return DetectedProbability(
            open_scene(settings, job.scene), settings.cloudless_resolution_m, settings.detector_threads, sign
        )

    def read(self, window: Window) -> Evidence:
        """What is known of a window."""
        settings, nothing = self.settings, np.zeros((window.height, window.width), bool)
        numbers, known = self.exolabs.read(window)
        snow = numbers[_SNOW]
        water, water_known = nothing, ~nothing
        if self.water is not None:
            found, there = self.water.read(window)
            water, water_known = (found[0] == settings.water_number) & there[0], there[0]
        cloud, cloud_known = nothing, ~nothing
        if self.clouds is not None:
            probability, cloud_known = self.clouds.read(window)
            cloud = (probability > settings.cloud_threshold) & cloud_known
        return Evidence(
            scene_class=np.where(known[_CLASSIFICATION], numbers[_CLASSIFICATION], settings.codes.nodata),
            snow=(snow == settings.snow_codes["present"]) & known[_SNOW],
            bare=(snow == settings.snow_codes["absent"]) & known[_SNOW],
            water=water,
            water_known=water_known,
            cloud=cloud,
            cloud_known=cloud_known,
        )
