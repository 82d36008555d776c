"""Writing of query folders, one window at a time; a folder appears wholly or not at all."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from errors import UserError
from products.class_raster import CLASSES_TAG
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.label_studio import INTERFACE, TASKS, label_config, task
from products.patch_raster import replace_bytes, replace_text, write_patch
from products.query_folder import EDITED, RECORD, Query, QueryFolder, read_queries, record_of

PICTURES = ("rgb", "false_colour")
NO_DATA = 0.0  # what pixels without data are in all bands, as in scenes


@dataclass(frozen=True)
class Patch:
    """What is known of a query.

    Attributes:
        query: the window.
        image: (C, h, w) float32 harmonised digital numbers, auxiliary layers among the bands.
        valid: (h, w) bool: where all bands have data.
        grid: where the window lies; None: nowhere.
        prediction: (h, w) uint8 class indices, 255 where there are no data; None: no network was asked.
        uncertainty: (h, w) float32; None alike.
        mask: (h, w) uint8: what was known before, 255 where nothing was; None: nothing at all.
        tags: text metadata for all its rasters.
    """

    query: Query
    image: np.ndarray
    valid: np.ndarray
    grid: Grid | None = None
    prediction: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    mask: np.ndarray | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Display:
    """How pixels become pictures.

    Attributes:
        colours: {`rgb` or `false_colour`: bands shown as red, green, blue}; where one is missing, the first three are.
        percentiles: of the valid pixels of all three bands that become black and white.
        least_range: digital numbers from black to white at least, so that even ground does not become noise.
        gamma: exponent of what is shown; below 1 it is brighter in the middle.
    """

    colours: Mapping[str, Sequence[str]]
    percentiles: tuple[float, float] = (1.0, 99.0)
    least_range: float = 1000.0
    gamma: float = 1.0

    def picture(self, name: str, image: np.ndarray, valid: np.ndarray, bands: Sequence[str]) -> np.ndarray:
        """(C, h, w) -> (h, w, 3) uint8; black where there are no data."""
        places = [list(bands).index(each) for each in self.colours.get(name, ()) if each in bands]
        if len(places) != 3:
            places = [min(index, len(bands) - 1) for index in range(3)]
        shown = image[places].astype(np.float32)
        if not valid.any():
            return np.zeros((*valid.shape, 3), np.uint8)
        low, high = (float(each) for each in np.percentile(shown[:, valid], self.percentiles))
        middle, half = (low + high) / 2, max(high - low, self.least_range) / 2
        scaled = np.clip((shown - (middle - half)) / (2 * half), 0, 1) ** self.gamma
        return np.where(valid, scaled * 255, 0).round().astype(np.uint8).transpose(1, 2, 0)


def write_queries(
    folder: str | Path,
    queries: Sequence[Query],
    patches: Iterable[Patch],
    classes: ClassTable,
    bands: Sequence[str],
    display: Display,
    facts: Mapping[str, Any] | None = None,
) -> QueryFolder:
    """Write a query folder.

    A folder that asks the same queries stays as it is, with its answers: a round that is repeated after it was
    interrupted asks nothing twice.

    Args:
        folder: to be made.
        queries: in the order in which they were chosen.
        patches: of the queries, in any order; those without one have no files but a line in the record. They are taken
            one at a time.
        classes: of masks and predictions.
        bands: of the images.
        display: of the pictures.
        facts: further things to record.

    Raises:
        UserError: the folder holds answers to other queries, or cannot be written.
    """
    folder = Path(folder)
    if (folder / RECORD).exists():
        before = read_queries(folder)
        if [query.id for query in before.queries] == [query.id for query in queries]:
            return before
        if any(before.is_edited(query) for query in before.queries):
            raise UserError(f"{folder}: found answers to other queries; expected a new folder")
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: found a folder with files that are no queries; expected a new folder")
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        staged.mkdir(parents=True)
        _write_all(staged, folder.name, patches, classes, tuple(bands), display)
        replace_text(staged / RECORD, record_of(classes, queries, bands, facts))
        (staged / EDITED).mkdir()
        shutil.rmtree(folder, ignore_errors=True)
        staged.rename(folder)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return read_queries(folder)


def _write_all(
    folder: Path,
    name: str,
    patches: Iterable[Patch],
    classes: ClassTable,
    bands: tuple[str, ...],
    display: Display,
) -> None:
    tasks = []
    for patch in patches:
        _write_rasters(folder, patch, classes, bands)
        for picture in PICTURES:
            shown = display.picture(picture, patch.image, patch.valid, bands)
            content = BytesIO()
            Image.fromarray(shown).save(content, "PNG")
            replace_bytes(folder / picture / f"{patch.query.stem}.png", content.getvalue())
        tasks.append((patch.query.stem, task(patch.query, classes, patch.prediction, name)))
    if tasks:
        listed = [content for _, content in sorted(tasks, key=lambda each: each[0])]
        replace_text(folder / TASKS, json.dumps(listed) + "\n")
        replace_text(folder / INTERFACE, label_config(classes))


def _write_rasters(folder: Path, patch: Patch, classes: ClassTable, bands: tuple[str, ...]) -> None:
    file, tags = f"{patch.query.stem}.tif", {"NADIR_QUERY": patch.query.id, **(patch.tags or {})}
    image = np.where(patch.valid, patch.image, np.float32(NO_DATA)).astype(np.float32)
    write_patch(folder / "images" / file, image, patch.grid, bands=bands, nodata=NO_DATA, tags=tags)
    if patch.uncertainty is not None:
        write_patch(
            folder / "uncertainty" / file,
            patch.uncertainty.astype(np.float32)[None],
            patch.grid,
            bands=[patch.query.acquisition],
            tags=tags,
        )
    of_classes = {**tags, CLASSES_TAG: ",".join(classes.names)}
    for kind, mask in (("predictions", patch.prediction), ("masks", patch.mask)):
        if mask is not None:
            write_patch(
                folder / kind / file,
                mask.astype(np.uint8)[None],
                patch.grid,
                palette=classes.palette(),
                nodata=IGNORE,
                tags=of_classes,
            )
