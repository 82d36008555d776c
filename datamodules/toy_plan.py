"""What `data=toy` reads, found and checked from index files alone; imports no torch, so that mistakes show at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamodules.toy_split import SceneSplit, split_scenes
from errors import UserError
from synthesis.toy.manifest import SPLITS
from synthesis.toy.scene_folders import find_scenes
from synthesis.toy.tasks import Task, TaskScene, choose_task, open_scene, require_products, settled

AUGMENTATIONS = ("none", "dihedral")
MASKS = ("classes", "instances")


@dataclass(frozen=True, kw_only=True)
class ToyData:
    """What `data=toy` says about scenes; the keys are explained in its config.

    Raises:
        UserError: a value is impossible.
    """

    task: str
    tasks: Mapping[str, Mapping[str, Any]]
    root: str | None = None
    sources: Sequence[str] | None = None
    target: str | None = None
    revisit: int = 1
    degradation: Mapping[str, Mapping[str, Any]] | None = None
    frames: Sequence[int] | None = None
    train_every: int = 1
    val_every: int = 1
    test_every: int = 1
    patch_size: int | None = None
    sequence_length: int = 1
    unpaired: bool = False
    augmentation: str = "none"
    mask: str = "classes"
    val_fraction: float = 0.15
    test_fraction: float = 0.15
    split_seed: int = 0

    def __post_init__(self) -> None:
        for key in ("train_every", "val_every", "test_every", "patch_size", "sequence_length"):
            value = getattr(self, key)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise UserError(f"data.{key}: found {value}, expected a whole number of at least 1")
        for key, choices in {"augmentation": AUGMENTATIONS, "mask": MASKS}.items():
            if getattr(self, key) not in choices:
                raise UserError(f"data.{key}: found '{getattr(self, key)}', expected {' or '.join(choices)}")
        if self.val_fraction + self.test_fraction >= 1:
            raise UserError(
                f"data.val_fraction and data.test_fraction: found {self.val_fraction:g} and {self.test_fraction:g}, "
                "expected less than 1 together"
            )
        if self.unpaired and self.sequence_length > 1:
            raise UserError(
                "data.unpaired and data.sequence_length above 1 were both given, expected one of them"
            )
        choice = self.choice
        if not choice.targets and (self.unpaired or self.sequence_length > 1):
            raise UserError(
                f"data.task={self.task} has no target: expected data.unpaired=false, sequence_length=1"
            )

    @property
    def choice(self) -> Task:
        """The task, before the scenes are known."""
        return choose_task(
            self.task,
            self.tasks,
            sources=self.sources,
            target=self.target,
            revisit=self.revisit,
            degradation=self.degradation,
        )


@dataclass(frozen=True)
class ToyPlan:
    """The scenes of each part.

    Attributes:
        root: the folder.
        task: with its target.
        parts: {"train": [...], "val": [...], "test": [...]}.
        split: where they come from.
    """

    root: Path
    task: Task
    parts: dict[str, list[TaskScene]]
    split: SceneSplit

    @property
    def first(self) -> TaskScene:
        """Any scene: all have the same bands."""
        return next(scenes[0] for scenes in self.parts.values() if scenes)


def preflight(**options: Any) -> None:
    """Check the options of `ToyData` and, where `root` names a folder, all its scenes.

    Raises:
        UserError: see `plan_scenes`.
    """
    data = ToyData(**options)
    if data.root is not None:
        plan_scenes(data, Path(data.root).expanduser())


def plan_scenes(data: ToyData, root: Path) -> ToyPlan:
    """Find the scenes of a folder, check them and split them.

    Raises:
        UserError: no folder, no scenes, products that are missing or do not fit together, frames that are too small
            or too few, or a manifest that cannot be obeyed.
    """
    found = find_scenes(root, "data.root")
    split = split_scenes(
        root,
        list(found),
        val_fraction=data.val_fraction,
        test_fraction=data.test_fraction,
        seed=data.split_seed,
    )
    used = [name for part in SPLITS for name in split.parts[part]]
    products = {product for name in used for product in found[name]}
    task = settled(data.choice, products)
    require_products(task, products, root)
    parts = {part: [open_scene(root / name, task) for name in split.parts[part]] for part in SPLITS}
    plan = ToyPlan(root, task, parts, split)
    _check_alike(plan)
    _check_sizes(data, plan)
    _check_frames(data, plan)
    return plan


def chosen_frames(data: ToyData, scene: TaskScene, part: str) -> list[int]:
    """The frames of a scene that a part uses, ascending: every k-th of those that all products and `frames` have."""
    frames = scene.paired
    if data.frames is not None:
        wanted = set(data.frames)
        frames = [frame for frame in frames if frame in wanted]
    return frames[:: getattr(data, f"{part}_every")]


def _check_alike(plan: ToyPlan) -> None:
    """All scenes have the same bands."""
    first = plan.first
    for scene in (scene for scenes in plan.parts.values() for scene in scenes):
        for name, count in scene.bands.items():
            if count != first.bands[name]:
                raise UserError(
                    f"{scene.folder / name}: found frames of {count} bands, expected {first.bands[name]} as in scene "
                    f"{first.name}"
                )


def _check_sizes(data: ToyData, plan: ToyPlan) -> None:
    """Training crops stack."""
    scenes = plan.parts["train"]
    if not scenes:
        return
    if data.patch_size is None:
        other = next((scene for scene in scenes if scene.shape != scenes[0].shape), None)
        if other is not None:
            raise UserError(
                f"{other.folder}: found frames of {_size(other)} pixels, expected {_size(scenes[0])} as in scene "
                f"{scenes[0].name} (or give data.patch_size)"
            )
        return
    small = min(scenes, key=lambda scene: min(scene.shape))
    if data.patch_size > min(small.shape):
        raise UserError(
            f"data.patch_size: found {data.patch_size}, expected at most {min(small.shape)}, because the frames of "
            f"{small.folder} have {_size(small)} pixels"
        )


def _check_frames(data: ToyData, plan: ToyPlan) -> None:
    """Every scene has frames to offer."""
    for part, scenes in plan.parts.items():
        needed = data.sequence_length if part == "train" else 1
        for scene in scenes:
            count = len(chosen_frames(data, scene, part))
            if count < needed:
                wanted = f"{needed} for data.sequence_length" if needed > 1 else "at least one"
                raise UserError(
                    f"{scene.folder}: found {count} frames that all products of task {plan.task.name} have and "
                    f"data.frames and data.{part}_every choose, expected {wanted}"
                )


def _size(scene: TaskScene) -> str:
    return f"{scene.shape[0]}x{scene.shape[1]}"
