"""Which scene is for training, validation or test: as the data's manifest says, or drawn where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.claim import SETTINGS_FILE
from synthesis.toy.manifest import MANIFEST, SPLITS, read_manifest


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
        UserError: a manifest that cannot be read or obeyed, or an unfinished dataset.
    """
    manifest = read_manifest(root)
    if manifest is not None:
        return _obeyed(root / MANIFEST, manifest, scenes)
    if (root / SETTINGS_FILE).is_file():
        raise UserError(
            f"data.root={root} is an unfinished dataset without {MANIFEST}: expected a finished one (the same "
            "generate.py command goes on where it stopped)"
        )
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
    if num_val == 0 and val_fraction > 0 and len(scenes) >= len(SPLITS):
        num_val, num_train = 1, min(num_train, len(scenes) - 2)
    cuts = np.split(order, [num_train, num_train + num_val])
    return {part: [scenes[i] for i in sorted(cut)] for part, cut in zip(SPLITS, cuts, strict=True)}


def _obeyed(path: Path, manifest: Mapping[str, Any], scenes: Sequence[str]) -> SceneSplit:
    listed = manifest["scenes"]
    splits = {}
    if isinstance(listed, dict):
        splits = {name: entry.get("split") for name, entry in listed.items() if isinstance(entry, dict)}
    wrong = next((name for name, part in splits.items() if part not in SPLITS), None)
    if not splits or wrong is not None:
        found = "no scenes" if wrong is None else f"split {splits[wrong]!r} for scene {wrong}"
        raise UserError(f"{path}: found {found}, expected scenes with a split of {', '.join(SPLITS)}")
    missing = [name for name in splits if name not in scenes]
    if missing:
        raise UserError(
            f"{path} names {len(missing)} of {len(splits)} scenes that are not there, scene {missing[0]} for one: "
            "expected all of them (the same generate.py command makes what is missing)"
        )
    parts = {part: [name for name in scenes if splits.get(name) == part] for part in SPLITS}
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
