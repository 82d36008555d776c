"""`manifest.json` of a toy dataset: which scene is for what, and which series its cells follow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from synthesis.toy.layout import write_json

MANIFEST = "manifest.json"
SCHEMA = "nadir-toy-dataset/1"
SPLITS = ("train", "val", "test")
_FIRST = ("train", "test", "val")  # one of each as soon as there are three scenes
_TOLERANCE = 1e-6  # 0.7 + 0.15 + 0.15 is not 1


def split_fractions(values: Sequence[float]) -> dict[str, float]:
    """Train, val and test fractions by name, checked.

    Raises:
        UserError: not three fractions that sum to 1, or nothing to train on.
    """
    numbers = list(values)
    whole = all(isinstance(value, int | float) and 0 <= value <= 1 for value in numbers)
    if len(numbers) != len(SPLITS) or not whole or abs(sum(numbers) - 1) > _TOLERANCE or numbers[0] == 0:
        raise UserError(
            f"generator.split_fractions is {numbers}: expected three fractions (train above 0, val, test) that sum to 1"
        )
    return dict(zip(SPLITS, map(float, numbers), strict=True))


def scene_splits(count: int, fractions: Mapping[str, float]) -> list[str]:
    """The split of each scene, by its number.

    Scenes are independent of each other, so their number may decide: the first are one of each split, every
    other one goes to the split that is furthest below its fraction. A split therefore never changes when the dataset
    grows.
    """
    splits = [split for split in _FIRST if fractions[split] > 0][:count]
    while len(splits) < count:
        missing = {split: fractions[split] * (len(splits) + 1) - splits.count(split) for split in SPLITS}
        splits.append(max(_FIRST, key=lambda split: round(missing[split], 9)))
    return splits


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest, which completes a dataset; all or nothing."""
    write_json(folder / MANIFEST, {"schema": SCHEMA, **content})


def read_manifest(folder: str | Path) -> dict[str, Any] | None:
    """The manifest of a dataset, or None where there is none (published folders).

    Raises:
        UserError: it is damaged or of another kind.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}): expected the manifest of a toy dataset") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or "scenes" not in content:
        raise UserError(f"{path} is no manifest of a toy dataset: expected 'schema' {SCHEMA} and 'scenes'")
    return content
