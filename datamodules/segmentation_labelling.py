"""Active learning: the training area as a fixed grid of windows, which of them are labelled, what people have drawn."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.segmentation_ground import within
from datamodules.segmentation_reading import Edit
from datamodules.segmentation_split import Part
from datamodules.segmentation_windows import Area, Placed
from errors import UserError
from products.class_table import ClassTable
from products.query_folder import edited_masks
from products.scene import Scene
from products.window import Window

KEY = "windows"


@dataclass(frozen=True)
class Edits:
    """What people have drawn.

    Attributes:
        of_scene: by number of the scene, in the order of the folders.
        areas: of the windows, in that order.
        left_out: ids of windows that touch what is not for training.
    """

    of_scene: tuple[tuple[Edit, ...], ...]
    areas: tuple[Area, ...]
    left_out: tuple[str, ...]


class PoolWindows(Sequence[Placed]):
    """The windows of a grid that are not labelled."""

    def __init__(self, grid: Sequence[Placed], labelled: set[int]) -> None:
        self.grid = grid
        self.numbers = [number for number in range(len(grid)) if number not in labelled]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.grid[self.numbers[index]]


def labelled_windows(path: Path, scenes: Sequence[Scene], parts: Sequence[Part]) -> list[Area]:
    """The windows that a file lists, in its order, each once.

    Args:
        path: JSON, `{"windows": ["<scene>#row,column,height,width", ...]}`.
        scenes: all scenes.
        parts: what training may read.

    Raises:
        UserError: no such file, another content, or a window that is not within the training area.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"data.labelled: {path} cannot be read ({error.strerror}), expected a file"
        ) from error
    except ValueError as error:
        raise UserError(f'data.labelled: {path} is no JSON, expected {{"{KEY}": [...]}}') from error
    ids = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        raise UserError(
            f'data.labelled: {path} lists no windows, expected {{"{KEY}": [...]}} with at least one id'
        )
    found = []
    for id in dict.fromkeys(ids):
        area = _area(id, scenes)
        if area is None or not _in_training(area, parts):
            raise UserError(
                f"data.labelled: {path}: {id} is no window of the training area, expected some of grid_windows()"
            )
        found.append(area)
    return found


def read_edits(
    folders: Sequence[Path], classes: ClassTable, scenes: Sequence[Scene], parts: Sequence[Part]
) -> Edits:
    """The masks that people have drawn, as far as they are for training.

    Raises:
        UserError: a folder or a mask that is none.
    """
    of_scene: list[list[Edit]] = [[] for _ in scenes]
    areas: list[Area] = []
    left_out: list[str] = []
    for folder in folders:
        for answer in edited_masks(folder, classes):
            area = _area(answer.id, scenes)
            if area is None or not _in_training(area, parts):
                left_out.append(answer.id)
                continue
            of_scene[area.scene].append(Edit(area.window, answer.mask))
            if area not in areas:
                areas.append(area)
    return Edits(tuple(map(tuple, of_scene)), tuple(areas), tuple(left_out))


def parse_id(id: str) -> tuple[str, Window] | None:
    """Scene and window of an id; None where it is none."""
    scene, separator, text = id.rpartition("#")
    try:
        numbers = [int(number) for number in text.split(",")]
    except ValueError:
        return None
    if not separator or len(numbers) != 4 or min(numbers) < 0 or min(numbers[2:]) < 1:
        return None
    return scene, Window(*numbers)


def _area(id: str, scenes: Sequence[Scene]) -> Area | None:
    parsed = parse_id(id)
    if parsed is None:
        return None
    return next(
        (Area(number, parsed[1]) for number, scene in enumerate(scenes) if scene.name == parsed[0]), None
    )


def _in_training(area: Area, parts: Sequence[Part]) -> bool:
    """Whether a window lies in the training's part of its scene; in one of its rectangles, whatever they touch."""
    return any(within(area.window, own) for part in parts if part.scene == area.scene for own in part.areas)
