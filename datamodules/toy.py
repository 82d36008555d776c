"""`data=toy`: folders of toy scenes with all products of a task, published or compact."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from datamodules.base import ImageDataModule
from datamodules.shards import Shard
from datamodules.toy_cache import cached_dataset
from datamodules.toy_plan import ToyData, ToyPlan, chosen_frames, plan_scenes
from datamodules.toy_sets import SceneBatches, SceneFrames, TrainingCrops, UnpairedCrops, WholeFrames
from errors import UserError
from products.specification import ImageSpecification
from synthesis.toy.layout import INDEX
from synthesis.toy.tasks import TaskScene

LOG = logging.getLogger(__name__)


class Toy(ImageDataModule):
    """Pairs of degraded and clean frames, split by scene as the data's manifest says.

    What a batch holds, how scenes are found and split, and what each argument means is in `docs/toy_data.md` and
    `conf/data/toy.yaml`. Nothing is read but index files until a sample is asked for, and nothing is kept.

    Args:
        root: folder of scenes; None = a small dataset, made on first use.
        generator: `synthesis.toy.dataset.generate` as a partial, for `root: null`.
        cache: folder in which that dataset is made.
        task, tasks, sources, target, revisit, degradation, frames, train_every, val_every, test_every, patch_size,
            sequence_length, unpaired, augmentation, mask, split_seed: see `datamodules.toy_plan.ToyData`.
        arguments: those of `ImageDataModule`; `val_limit` and `test_limit` count scenes.

    Attributes:
        source_layout: {source: (first channel, first channel after it)}; after `setup()`, as all of these.
        target_name: product that is the target; None for segmentation.
        baselines: {name: {kind: source}} of what a model has to beat, those whose products are read.
        num_classes: classes of the masks; None where the data do not tell.
        split_note: a sentence about what is doubtful in the split; None where nothing is.

    Raises:
        UserError: an impossible value, or data that do not fit it.
    """

    def __init__(
        self,
        *,
        task: str,
        tasks: Mapping[str, Mapping[str, Any]],
        root: str | None = None,
        generator: Callable[..., Path] | None = None,
        cache: str | Path | None = None,
        sources: Sequence[str] | None = None,
        target: str | None = None,
        revisit: int = 1,
        degradation: Mapping[str, Mapping[str, Any]] | None = None,
        frames: Sequence[int] | None = None,
        train_every: int = 1,
        val_every: int = 1,
        test_every: int = 1,
        patch_size: int | None = None,
        sequence_length: int = 1,
        unpaired: bool = False,
        augmentation: str = "none",
        mask: str = "classes",
        split_seed: int = 0,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        if root is None and (generator is None or cache is None):
            raise UserError(
                "data.root is null: expected a folder of scenes, or data.generator and data.cache"
            )
        self.generator, self.cache = generator, cache
        self.revisit = revisit
        self.options = ToyData(
            task=task,
            tasks=tasks,
            root=None if root is None else str(root),
            sources=sources,
            target=target,
            revisit=revisit,
            degradation=degradation,
            frames=frames,
            train_every=train_every,
            val_every=val_every,
            test_every=test_every,
            patch_size=patch_size,
            sequence_length=sequence_length,
            unpaired=unpaired,
            augmentation=augmentation,
            mask=mask,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            split_seed=split_seed,
        )
        self._plan: ToyPlan | None = None

    def prepare_data(self) -> None:
        """Make the dataset that `root: null` stands for, where the cache lacks it."""
        self._root()

    def setup(self, stage: str | None = None) -> None:
        """See `ImageDataModule.setup`."""
        known = self._plan is not None
        super().setup(stage)
        if known or not self.options.unpaired or self.train_set is None:
            return
        own = self.train_set if isinstance(self.train_set, Shard) else None
        whole = self.train_set if own is None else own.whole
        assert isinstance(whole, TrainingCrops)
        self.train_set = UnpairedCrops(whole, range(len(whole)) if own is None else own.indices)

    def make_sets(self) -> None:
        """Find, check and split the scenes; see `ImageDataModule`."""
        plan = plan_scenes(self.options, self._root())
        self._plan = plan
        if plan.split.note is not None:
            warn_once(plan.split.note)
        counted = plan.first.target.shape[2] if plan.first.target else plan.first.num_source_bands
        self.specification = ImageSpecification(
            bands=tuple(f"band_{number}" for number in range(1, counted + 1)),
            dtype="float32",
            value_range=(0.0, 1.0),
            nodata=float("nan"),
            synthetic=True,
        )
        shared: dict[str, Any] = {"mask": self.options.mask, "segmentation": self.target_name is None}
        if plan.parts["train"]:
            self.train_set = TrainingCrops(
                self._frames("train", plan.parts["train"]),
                patch_size=self.options.patch_size,
                sequence_length=self.options.sequence_length,
                augmentation=self.options.augmentation,
                seed=self.seed,
                satellite=self.satellite,
                **shared,
            )
        if self._scenes("val"):
            self.val_set = WholeFrames(self._frames("val", self._scenes("val")), **shared)
        if self._scenes("test"):
            self.test_set = WholeFrames(self._frames("test", self._scenes("test")), **shared)

    @property
    def channels(self) -> dict[str, int]:
        """See `ImageDataModule.channels`."""
        found = {"in_channels": self.plan.first.num_source_bands}
        return found if self.target_name is None else {**found, "out_channels": self.specification.num_bands}

    @property
    def plan(self) -> ToyPlan:
        """The scenes and their parts; available after `setup()`."""
        if self._plan is None:
            raise RuntimeError("call setup() before asking data=toy for its scenes")
        return self._plan

    @property
    def source_layout(self) -> dict[str, tuple[int, int]]:
        """Where each source stands in the channels of `source`."""
        return self.plan.first.source_layout

    @property
    def target_name(self) -> str | None:
        """Product that is the target."""
        return self.plan.task.target

    @property
    def num_classes(self) -> int | None:
        """Classes of the masks."""
        return self.plan.split.classes

    @property
    def split_note(self) -> str | None:
        """What is doubtful in the split."""
        return self.plan.split.note

    @property
    def baselines(self) -> dict[str, dict[str, str]]:
        """What a model has to beat, as far as it needs no source that is not read."""
        known = {*self.source_layout, "target"}
        return {
            name: dict(rule)
            for name, rule in self.plan.task.baselines.items()
            if all(source in known for source in rule.values())
        }

    def clean_scenes(self, part: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """The targets of a part, a scene at a time.

        Args:
            part: `train`, `val` or `test`.

        Yields:
            Name of the scene; frames (T, H, W, C) float32 at the frames that the test uses, NaN = no data; classes
            (H, W) int64 from 0, 255 = background.
        """
        for scene in self.plan.parts[part]:
            frames = chosen_frames(self.options, scene, "test")
            assert scene.target is not None
            pixels = np.empty((len(frames), *scene.target.shape), np.float32)
            for place, frame in zip(pixels, frames, strict=True):
                place[:] = scene.target.frame(frame)
            yield scene.name, pixels, scene.class_mask(frames[0])

    def clean_fingerprint(self, part: str) -> list[Any]:
        """Plain values that change whenever `clean_scenes` gives something else; no frame is read for them.

        An index is written when its product is complete, so a product that was made anew has a newer one.
        """
        entries = []
        for scene in self.plan.parts[part]:
            assert scene.target is not None
            index = (scene.target.folder / INDEX).resolve()
            frames = chosen_frames(self.options, scene, "test")
            entries.append([str(index), index.stat().st_mtime_ns, frames])
        return entries

    def example_input(self) -> Path:
        """Folder of the first test scene, for a prediction without input.

        Raises:
            UserError: there are no test scenes.
        """
        scenes = self.plan.parts["test"]
        if not scenes:
            raise UserError(f"{self.plan.root} has no test scenes: expected input=SCENE")
        return scenes[0].folder

    def val_dataloader(self) -> DataLoader | list:
        """Whole frames of the validation scenes, batches of consecutive frames of one scene; no loader without scenes."""
        return [] if self.val_set is None else self._scene_loader("val", self.val_set)

    def test_dataloader(self) -> DataLoader:
        """Whole frames of the test scenes, batches of consecutive frames of one scene.

        Raises:
            UserError: there are no test scenes.
        """
        if self.test_set is None:
            raise UserError(f"{self.plan.root} has no test scenes: expected at least one")
        return self._scene_loader("test", self.test_set)

    def _scene_loader(self, name: str, dataset: Any) -> DataLoader:
        return self._loader(name, dataset, batch_sampler=SceneBatches(dataset.lengths, self.test_batch_size))

    def _scenes(self, part: str) -> list[TaskScene]:
        """The scenes of a part, at most `val_limit` or `test_limit` of them, spread evenly."""
        scenes = self.plan.parts[part]
        limit = {"val": self.val_limit, "test": self.test_limit}[part]
        if limit is None or limit >= len(scenes):
            return scenes
        return [scenes[int(i)] for i in np.arange(limit) * len(scenes) // limit]

    def _frames(self, part: str, scenes: Sequence[TaskScene]) -> SceneFrames:
        return [(scene, chosen_frames(self.options, scene, part)) for scene in scenes]

    def _root(self) -> Path:
        if self.options.root is not None:
            return Path(self.options.root).expanduser()
        assert self.generator is not None and self.cache is not None
        return cached_dataset(self.generator, Path(self.cache), self.options.task)


@lru_cache(maxsize=64)
def warn_once(note: str) -> None:
    """Log a warning, the first time in this process: every satellite has a DataModule of its own."""
    LOG.warning("%s", note)
