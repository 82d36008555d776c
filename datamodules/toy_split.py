"""Which scene is for training, validation or test: as the data's manifest says, or drawn where there is none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errors import UserError

MANIFEST = "manifest.json"
SCHEMA = "nadir-toy-dataset/1"
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class SceneSplit:
    """Names of the scenes of each part, in order.

    Attributes:
        parts: {"train": [...], "val": [...], "test": [...]}.
        note: a sentence about what is doubtful in the split; None where nothing is.
        classes: number of classes that the manifest tells; None without one.
    """

    parts: dict[str, list[str]]
    note: str | None = None
    classes: int | None = None


def split_scenes(
    root: Path, scenes: Sequence[str], *, val_fraction: float, test_fraction: float, seed: int
) -> SceneSplit:
    """The split of the scenes of a folder.

    Args:
        root: the folder.
        scenes: the scenes that lie in it, in natural order.
        val_fraction, test_fraction: parts of the scenes, where no manifest says which.
        seed: of the draw, where no manifest says which.

    Raises:
        UserError: a manifest that cannot be read or obeyed.
    """
    path = root / MANIFEST
    if path.is_file():
        return _of_manifest(path, scenes)
    note = (
        f"{root} has no {MANIFEST}: its scenes are split by seed {seed}, and training and test scenes may share "
        "time series, which flatters whatever learns them by heart"
    )
    return SceneSplit(drawn(scenes, val_fraction, test_fraction, seed), note)


def drawn(
    scenes: Sequence[str], val_fraction: float, test_fraction: float, seed: int
) -> dict[str, list[str]]:
    """Whole scenes drawn for each part; training and validation are rounded down, the rest is test.

    250 scenes with fractions of 0.15 are 175, 37 and 38. Three scenes or more always leave one for validation, where
    its fraction is above 0.
    """
    order = np.random.default_rng([seed, *b"scenes"]).permutation(len(scenes))
    num_train = int(len(scenes) * (1 - val_fraction - test_fraction) + 1e-9)
    num_val = int(len(scenes) * val_fraction + 1e-9)
    if num_val == 0 and val_fraction > 0 and len(scenes) >= len(PARTS):
        num_val, num_train = 1, min(num_train, len(scenes) - 2)
    cuts = np.split(order, [num_train, num_train + num_val])
    return {part: [scenes[i] for i in sorted(cut)] for part, cut in zip(PARTS, cuts, strict=True)}


def _of_manifest(path: Path, scenes: Sequence[str]) -> SceneSplit:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}), expected the manifest of a toy dataset") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != SCHEMA:
        raise UserError(f"{path}: found schema {schema!r}, expected '{SCHEMA}'")
    listed = manifest.get("scenes")
    splits = {}
    if isinstance(listed, dict):
        splits = {name: entry.get("split") for name, entry in listed.items() if isinstance(entry, dict)}
    wrong = next((name for name, part in splits.items() if part not in PARTS), None)
    if not splits or wrong is not None:
        found = "no scenes" if wrong is None else f"split {splits[wrong]!r} for scene {wrong}"
        raise UserError(f"{path}: found {found}, expected scenes with a split of {', '.join(PARTS)}")
    missing = [name for name in splits if name not in scenes]
    if missing:
        raise UserError(
            f"{path} names {len(missing)} of {len(splits)} scenes that are not there, scene {missing[0]} for one: "
            "expected all of them (the same generate.py command goes on where it stopped)"
        )
    parts = {part: [name for name in scenes if splits.get(name) == part] for part in PARTS}
    notes = []
    if manifest.get("series_pool") == "shared":
        notes.append(
            f"{path}: training and test scenes share time series (series_pool shared), which flatters whatever learns "
            "them by heart"
        )
    extra = [name for name in scenes if name not in splits]
    if extra:
        notes.append(f"{len(extra)} scenes in {path.parent} that {path.name} does not name are left out")
    return SceneSplit(parts, "; ".join(notes) or None, manifest.get("classes"))
