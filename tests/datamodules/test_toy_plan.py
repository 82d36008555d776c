import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datamodules.toy_plan import ToyData, chosen_frames, plan_scenes, preflight
from errors import UserError
from tests.fakes.toy_scenes import NUM_FRAMES, SIDE, TASKS, write_manifest, write_product, write_scenes

SPLITS = {"1": "train", "2": "train", "3": "val", "4": "test"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four scenes with a manifest."""
    write_scenes(tmp_path, SPLITS)
    write_manifest(tmp_path, SPLITS)
    return tmp_path


def options(root: Path, **keys: Any) -> dict[str, Any]:
    return {"root": str(root), "task": "cloud_removal", "tasks": TASKS} | keys


def test_a_plan(root: Path) -> None:
    data = ToyData(**options(root, train_every=4))
    plan = plan_scenes(data, root)
    assert {part: [scene.name for scene in scenes] for part, scenes in plan.parts.items()} == {
        "train": ["1", "2"], "val": ["3"], "test": ["4"],
    }  # fmt: skip
    assert plan.task.target == "clean_optical"
    assert chosen_frames(data, plan.first, "train") == [0, 4]
    assert chosen_frames(data, plan.first, "test") == list(range(NUM_FRAMES))
    preflight(**options(root))


def test_a_preflight_without_a_folder_looks_at_the_values() -> None:
    preflight(task="cloud_removal", tasks=TASKS, root=None)
    with pytest.raises(UserError, match=r"data\.task: found 'clouds'"):
        preflight(task="clouds", tasks=TASKS, root=None)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"patch_size": SIDE + 1},
            rf"data\.patch_size: found 17, expected at most {SIDE}, because .* 16x16 pixels",
        ),
        ({"patch_size": 0}, r"data\.patch_size: found 0, expected a whole number of at least 1"),
        ({"train_every": 0}, r"data\.train_every: found 0"),
        ({"sequence_length": 7}, "found 6 frames .* expected 7 for data.sequence_length"),
        ({"sequence_length": 3, "train_every": 3}, "found 2 frames"),
        (
            {"frames": [77]},
            "found 0 frames that all products of task cloud_removal have .* expected at least one",
        ),
        ({"unpaired": True, "sequence_length": 2}, "were both given"),
        ({"task": "segmentation", "unpaired": True}, r"data\.task=segmentation has no target"),
        ({"augmentation": "flip"}, r"data\.augmentation: found 'flip', expected none or dihedral"),
        ({"mask": "fields"}, r"data\.mask: found 'fields'"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, "expected less than 1 together"),
        ({"sources": ["sarr"]}, r"data\.sources: found 'sarr' \(did you mean 'sar'\?\)"),
        ({"target": "optical"}, r"data\.target: found optical"),
    ],
)
def test_what_cannot_work_is_named(root: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        preflight(**options(root, **keys))


def test_a_scene_that_lacks_a_product(root: Path) -> None:
    (root / "2" / "sar" / "index.json").unlink()
    with pytest.raises(UserError, match=r"2 lacks the source 'sar' of task cloud_removal"):
        preflight(**options(root))


def test_scenes_that_do_not_stack(root: Path) -> None:
    for product in ("clean_optical", "clouded_optical", "sar"):
        write_product(root / "2" / product, side=SIDE - 4)
    with pytest.raises(UserError, match=r"2: found frames of 12x12 pixels, expected 16x16 as in scene 1"):
        preflight(**options(root))
    preflight(**options(root, patch_size=SIDE - 4))
    with pytest.raises(UserError, match=r"expected at most 12"):
        preflight(**options(root, patch_size=SIDE - 3))


def test_scenes_of_other_bands(root: Path) -> None:
    write_product(root / "4" / "sar", bands=2)
    with pytest.raises(UserError, match=r"4/sar: found frames of 2 bands, expected 3 as in scene 1"):
        preflight(**options(root))


def test_a_folder_that_is_not_there(root: Path) -> None:
    with pytest.raises(UserError, match=r"data\.root=.*nowhere: there is no such folder"):
        preflight(**options(root / "nowhere"))


def test_nothing_heavy_is_imported(repository: Path) -> None:
    code = "import datamodules.toy_plan, sys; print([name for name in ('torch', 'pytorch_lightning') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
