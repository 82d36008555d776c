"""`data=sentinel2_segmentation`: windows of scenes with masks of classes."""

from collections.abc import Callable, Mapping, Sequence
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from datamodules.base import ImageDataModule
from datamodules.segmentation_augmentation import Augmentation
from datamodules.segmentation_classes import ClassCells, class_cells
from datamodules.segmentation_labelling import Edits, PoolWindows, labelled_windows, read_edits
from datamodules.segmentation_options import Listing, SegmentationOptions
from datamodules.segmentation_plan import SegmentationPlan, example_path, plan_scenes
from datamodules.segmentation_reading import AnnotatedScenes, fitting
from datamodules.segmentation_sampling import WindowSampling
from datamodules.segmentation_sets import FixedWindows, TrainingWindows
from datamodules.segmentation_split import Part
from datamodules.segmentation_statistics import band_statistics
from datamodules.segmentation_windows import Area, WindowGrid, areas_of
from errors import UserError
from products.class_table import ClassTable
from products.placed_mask import Resampling
from products.scene_reader import SceneReader
from products.specification import ImageSpecification
from synthesis.segmentation_scenes import GeneratedScenes, generated_scenes

LOG = getLogger(__name__)
HARMONISED = (0.0, 10_000.0)  # digital numbers of reflectance 0 and 1
UNITS_PER_SATELLITE = 4  # pieces of ground, at least, when the training is dealt


class Segmentation(ImageDataModule):
    """Scenes in harmonised digital numbers, masks as class indices.

    What a batch holds, how scenes and masks are found, paired and split is in `docs/segmentation_data.md`; each argument is
    explained in `conf/data/sentinel2_segmentation.yaml`. Nothing but headers is read until a sample is, except the masks of
    scenes that are cut into blocks.

    Args:
        scenes: opens scenes.
        classes: what the numbers of masks mean.
        images: scenes; None: small generated ones.
        masks: their masks; None: in the scenes' own files.
        bands: what `scenes` reads, for the record.
        mask_resampling: `none` or `nearest`, see `MaskReader`.
        patch_size: side of a training window, pixels.
        test_patch_size: largest side of a validation or test window, pixels.
        split: `auto`, `tile`, `date`, `scene` or `blocks`.
        split_seed: of the split.
        block_margin: unread pixels between blocks of two sets.
        test_on: `test`, or `all`: every scene is test.
        sampling: `uniform` or `rare_classes`.
        augmentation, gain_spread, transforms: of training windows, see `Augmentation`.
        min_valid_fraction: of a training window that should have a class; a few positions are tried.
        windows_per_scene: training windows of each scene in an epoch; None: as many as fit.
        windows_per_epoch: at least so many.
        labelled: JSON file with the ids of the windows that are trained on; None: all ground of the training.
        edited_masks: folders of queries with what people have drawn.
        statistics_windows: training windows that `band_statistics` reads.
        cache_mb: decoded pixels kept in memory by each process where all of the training, or of the validation besides,
            take no more MB.
        open_scenes: scenes whose files are open at once, in each process.
        generator: arguments of `generated_scenes`, and `auxiliary`: names of generated layers to read beside the bands.
        sensor: of the generated scenes: gives their bands.
        cache: where generated scenes and counts of classes are kept.
        arguments: of `ImageDataModule`.

    Attributes:
        split_note: one sentence on what the sets share.
        pool_set: windows of the training ground that are not labelled, for active learning; None where there are none.
        labelled_set: those that are listed as labelled or were drawn by people, read like the pool; None likewise.

    Raises:
        UserError: an impossible value, at construction; data that cannot be used, in `setup()`.
    """

    def __init__(
        self,
        *,
        scenes: SceneReader,
        classes: ClassTable,
        images: Listing = None,
        masks: Listing = None,
        bands: Sequence[str] | None = None,
        mask_resampling: Resampling = "none",
        patch_size: int = 128,
        test_patch_size: int = 256,
        split: str = "auto",
        split_seed: int = 0,
        block_margin: int = 16,
        test_on: str = "test",
        sampling: str = "uniform",
        augmentation: str = "dihedral",
        gain_spread: float = 0.0,
        transforms: Callable[..., Any] | None = None,
        min_valid_fraction: float = 0.1,
        windows_per_scene: int | None = None,
        windows_per_epoch: int = 1,
        labelled: str | None = None,
        edited_masks: Sequence[str] = (),
        statistics_windows: int = 64,
        cache_mb: int = 192,
        open_scenes: int = 8,
        generator: Mapping[str, Any] | None = None,
        sensor: Any = None,
        cache: str | Path | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.options = SegmentationOptions(
            scenes=scenes,
            classes=classes,
            images=images,
            masks=masks,
            mask_resampling=mask_resampling,
            patch_size=patch_size,
            test_patch_size=test_patch_size,
            split=split,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            split_seed=split_seed,
            block_margin=block_margin,
            test_on=test_on,
            sampling=sampling,
            augmentation=augmentation,
            gain_spread=gain_spread,
            min_valid_fraction=min_valid_fraction,
            windows_per_scene=windows_per_scene,
            windows_per_epoch=windows_per_epoch,
            labelled=labelled,
            edited_masks=tuple(edited_masks or ()),
        )
        if images is None and (generator is None or cache is None or sensor is None):
            raise UserError(
                "data.images is null: expected scenes, or data.generator, data.cache and a sensor"
            )
        self.transforms, self.statistics_windows = transforms, statistics_windows
        self.cache_mb, self.open_scenes = cache_mb, open_scenes
        self.generator, self.sensor = dict(generator or {}), sensor
        self.layers = tuple(self.generator.pop("auxiliary", None) or ())
        self.cache = None if cache is None else Path(cache)
        self.pool_set: FixedWindows | None = None
        self.labelled_set: FixedWindows | None = None
        self._plan: SegmentationPlan | None = None
        self._reader = scenes
        self._read: AnnotatedScenes | None = None
        self._areas: list[Area] = []
        self._edits: Edits | None = None
        self._cells: list[ClassCells] | None = None
        self._statistics: dict[str, list[float]] | None = None

    def prepare_data(self) -> None:
        """Make the scenes that `images: null` stands for, where the cache lacks them."""
        if self.options.images is None:
            self._generated()

    def make_sets(self) -> None:
        """Find, open, check and split the scenes; see `ImageDataModule`."""
        options, images, masks = self.options, self.options.images, self.options.masks
        if images is None:
            made = self._generated()
            images, masks = str(made.images), str(made.masks)
            self._reader = options.scenes.with_auxiliary({name: made.auxiliary[name] for name in self.layers})
        plan = self._plan = plan_scenes(options, self._reader, images, masks)
        for note in plan.notes:
            LOG.warning("%s", note)
        self.specification = ImageSpecification(
            bands=plan.bands,
            dtype="float32",
            value_range=HARMONISED,
            synthetic=any(scene.synthetic for scene in plan.scenes),
        )
        parts = plan.split.parts
        self._edits = self._read_edits(parts["train"])
        self._areas = self._training_areas(parts["train"])
        validation = areas_of(parts["val"])
        kept = fitting([*self._areas, *validation], plan.scenes, self.cache_mb * 2**20)
        kept = kept or fitting(self._areas, plan.scenes, self.cache_mb * 2**20)
        self._read = AnnotatedScenes(plan.scenes, plan.masks, open_scenes=self.open_scenes, kept=kept)
        if self._areas:
            self.train_set = self._training_set()
            self.pool_set, self.labelled_set = self._grid_sets()
        self.val_set = self._evaluation_set(parts["val"])
        self.test_set = self._evaluation_set(parts["test"])
        LOG.info(
            "%d scenes of %d bands, split %s: %s",
            len(plan.scenes),
            len(plan.bands),
            plan.split.note,
            ", ".join(f"{len(own)} scenes and {_megapixels(own)} for {name}" for name, own in parts.items()),
        )

    @property
    def plan(self) -> SegmentationPlan:
        """Scenes, masks, and which parts of them are in which set; available after `setup()`."""
        if self._plan is None:
            raise RuntimeError("call setup() before asking data=sentinel2_segmentation for its scenes")
        return self._plan

    @property
    def split_note(self) -> str:
        """See the class."""
        return self.plan.split.note

    @property
    def channels(self) -> Mapping[str, Any]:
        """Names of the bands; see `ImageDataModule.channels`."""
        return {"bands": list(self.plan.bands)}

    @property
    def decided(self) -> dict[str, Any]:
        """What the run's record shall hold instead of null: the bands, and files of generated layers."""
        found: dict[str, Any] = {"bands": list(self.plan.bands)}
        if self.layers:
            found |= {f"scenes.auxiliary.{name}": self._reader.auxiliary[name] for name in self.layers}
        return found

    def example_input(self) -> Path | None:
        """The first test scene; see `ImageDataModule.example_input`."""
        return example_path(self.plan)

    def class_counts(self) -> list[int]:
        """Pixels of each class in what is trained on, as the masks say.

        Raises:
            UserError: a mask is damaged.
        """
        counts = np.zeros(len(self.options.classes), np.int64)
        for cells in self._class_cells():
            counts += cells.counts
        return [int(count) for count in counts]

    def band_statistics(self) -> dict[str, list[float]]:
        """Mean and standard deviation of each band over windows of the training ground, labelled or not.

        Raises:
            UserError: there is no training ground, or a file is damaged.
        """
        if self._statistics is None:
            areas = areas_of(self.plan.split.parts["train"])
            if not areas or self._read is None:
                raise UserError(
                    "the data have no training scenes: everything is in the validation or test set"
                )
            self._statistics = band_statistics(
                self._read,
                areas,
                windows=self.statistics_windows,
                size=self.plan.patch_size,
                seed=self.options.split_seed,
            )
        return self._statistics

    def grid_windows(self) -> list[str]:
        """Ids of all windows of the training ground's fixed grid, in order: what active learning chooses from."""
        scenes, grid = self.plan.scenes, self._grid()
        return [f"{scenes[grid.areas[area].scene].name}#{window}" for area, window in grid]

    def _grid(self) -> WindowGrid:
        size = self.plan.patch_size
        return WindowGrid(areas_of(self.plan.split.parts["train"]), size, smallest=-(-size // 2))

    def _generated(self) -> GeneratedScenes:
        assert self.cache is not None
        return generated_scenes(self.sensor, self.options.classes, self.cache / "scenes", **self.generator)

    def _read_edits(self, parts: Sequence[Part]) -> Edits:
        folders = [Path(str(folder)) for folder in self.options.edited_masks] if parts else []
        edits = read_edits(folders, self.options.classes, self.plan.scenes, parts)
        if edits.left_out:
            LOG.warning(
                "data.edited_masks: %s not within the training ground and left out: %s",
                "one window is" if len(edits.left_out) == 1 else f"{len(edits.left_out)} windows are",
                " ".join(edits.left_out),
            )
        return edits

    def _training_areas(self, parts: Sequence[Part]) -> list[Area]:
        """What is trained on: all ground of the training, or the windows of it that are labelled."""
        areas = areas_of(parts)
        if self.options.labelled is not None and parts:
            assert self._edits is not None
            listed = labelled_windows(Path(self.options.labelled), self.plan.scenes, parts)
            return list(dict.fromkeys([*listed, *self._edits.areas]))
        if self.num_satellites == 1 or self.data_shard == "none":
            return areas
        size = max((max(area.window.height, area.window.width) for area in areas), default=1)
        while size > self.plan.patch_size:
            if len(WindowGrid(areas, size)) >= UNITS_PER_SATELLITE * self.num_satellites:
                break
            size = max(self.plan.patch_size, size // 2)
        grid = WindowGrid(areas, size)
        return [Area(areas[number].scene, window) for number, window in grid]

    def _class_cells(self) -> list[ClassCells]:
        if self._cells is None:
            edits = () if self._edits is None else self._edits.of_scene
            cache = None if self.cache is None else self.cache / "classes"
            self._cells = class_cells(
                self.plan.masks,
                self._areas,
                self.options.classes,
                self.plan.patch_size,
                edits=edits,
                cache=cache,
            )
        return self._cells

    def _training_set(self) -> Dataset:
        options, plan = self.options, self.plan
        assert self._read is not None and self._edits is not None
        rare = options.sampling == "rare_classes"
        sampling = WindowSampling(
            self._areas,
            plan.patch_size,
            cells=self._class_cells() if rare or self.data_shard == "class" else None,
            by_class=rare,
            per_scene=None if options.labelled is not None else options.windows_per_scene,
            least=options.windows_per_epoch,
        )
        augmentation = Augmentation(
            options.augmentation,
            gain_spread=options.gain_spread,
            transforms=self.transforms,
            spectral=[band not in self._reader.auxiliary for band in plan.bands],
        )
        return TrainingWindows(
            self._read,
            sampling,
            augmentation=augmentation,
            min_valid_fraction=options.min_valid_fraction,
            seed=self.seed,
            satellite=self.satellite,
            edits=self._edits.of_scene,
            places=plan.split.places,
        )

    def _grid_sets(self) -> tuple[FixedWindows | None, FixedWindows | None]:
        """The windows of the grid that are not labelled, and those that are."""
        assert self._edits is not None
        grid = self._grid()
        known = self._areas if self.options.labelled is not None else self._edits.areas
        labelled = {number for area in known if (number := grid.number(area)) is not None}
        return self._grid_set(grid, labelled), self._grid_set(grid, {*range(len(grid))} - labelled)

    def _grid_set(self, grid: WindowGrid, left_out: set[int]) -> FixedWindows | None:
        assert self._read is not None and self._edits is not None
        windows = PoolWindows(grid, left_out)
        size = self.plan.patch_size
        if not len(windows):
            return None
        return FixedWindows(self._read, grid.areas, windows, size=(size, size), edits=self._edits.of_scene)

    def _evaluation_set(self, parts: Sequence[Part]) -> FixedWindows | None:
        areas = areas_of(parts)
        if not areas:
            return None
        assert self._read is not None
        largest = self.options.test_patch_size
        height = min(largest, max(area.window.height for area in areas))
        width = min(largest, max(area.window.width for area in areas))
        return FixedWindows(self._read, areas, WindowGrid(areas, largest), size=(height, width))


def _megapixels(parts: Sequence[Part]) -> str:
    return f"{sum(part.pixels for part in parts) / 1e6:.3g} megapixels"
