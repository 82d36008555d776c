"""`data=cloud_pairs`: made pairs of clouds and masks, alone or with real scenes, for the segmentation of clouds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.base import ImageDataModule
from datamodules.clear_windows import clear_windows, write_windows
from datamodules.cloud_pairs_plan import CLEAR, CLOUD, PairPlan, Roles, cloud_or_clear, open_pairs
from datamodules.mixed_windows import MixedWindows
from datamodules.segmentation import HARMONISED, Segmentation
from datamodules.segmentation_augmentation import Augmentation
from datamodules.segmentation_classes import ClassCells, class_cells
from datamodules.segmentation_reading import AnnotatedScenes, fitting
from datamodules.segmentation_sampling import WindowSampling
from datamodules.segmentation_sets import FixedWindows, TrainingWindows
from datamodules.segmentation_statistics import band_statistics
from datamodules.segmentation_windows import Area, WindowGrid, areas_of
from errors import UserError
from products.class_table import ClassTable
from products.scene_reader import SceneReader
from products.specification import ImageSpecification
from synthesis.segmentation_scenes import generated_scenes

_BASE = (
    "batch_size", "num_workers", "seed", "pin_memory", "val_fraction", "test_fraction", "test_limit", "val_limit",
    "test_batch_size",
)  # fmt: skip


class CloudPairs(ImageDataModule):
    """Pairs that `generator=cloud_pairs` has made, real scenes with masks, or both, as classes clear and cloud.

    Batches are those of `datamodules.segmentation.Segmentation`. With `test_with=real` statistics of bands come from the
    real ground of the training whoever trains, so that networks differ by what they were shown alone.

    Args:
        root: folder of pairs.
        train_on: `pairs`, `real` or `both`.
        test_with: validation and test are `pairs` or `real`.
        pair_share: of the training windows that are pairs, with `train_on=both`.
        mask_classes: what the numbers in real masks mean.
        cloud_names: classes of these that are cloud.
        classes: what the network tells apart, for the record: clear and cloud.
        scenes: opens real scenes and the images of pairs.
        images, masks: real scenes; None: generated ones stand for them where some are needed.
        bands: which, in order; None: all of the first scene.
        arguments: of `Segmentation`; those that are about training windows hold for pairs too.

    Attributes:
        real: the real scenes; None where none are needed, and before `setup()`.

    Raises:
        UserError: an impossible value, at construction; data that cannot be used, in `setup()`.
    """

    def __init__(
        self,
        *,
        root: str | Path | None = None,
        train_on: str = "pairs",
        test_with: str = "pairs",
        pair_share: float = 0.5,
        mask_classes: ClassTable,
        cloud_names: Sequence[str] = (CLOUD, "thick_cloud", "thin_cloud"),
        classes: ClassTable,
        scenes: SceneReader,
        images: Any = None,
        masks: Any = None,
        bands: Sequence[str] | None = None,
        patch_size: int = 128,
        test_patch_size: int = 256,
        split_seed: int = 0,
        augmentation: str = "dihedral",
        gain_spread: float = 0.0,
        transforms: Any = None,
        min_valid_fraction: float = 0.1,
        windows_per_epoch: int = 1,
        sampling: str = "uniform",
        statistics_windows: int = 64,
        cache_mb: int = 192,
        open_scenes: int = 8,
        cache: str | Path | None = None,
        sensor: Any = None,
        generator: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**{key: arguments[key] for key in _BASE if key in arguments})
        self.roles = Roles(root, train_on, test_with, pair_share, images)
        if tuple(classes.names) != (CLEAR, CLOUD):
            raise UserError(f"classes: found {', '.join(classes.names)}, expected classes=cloud_or_clear")
        self.mask_classes = mask_classes
        self.classes = cloud_or_clear(mask_classes, cloud_names)
        self.scenes, self.bands = scenes, bands
        self.images, self.masks = images, masks
        self.sensor, self.generator = sensor, dict(generator or {})
        self.cache = None if cache is None else Path(cache)
        self.patch_size, self.test_patch_size = patch_size, test_patch_size
        self.windows_per_epoch, self.sampling = windows_per_epoch, sampling
        self.min_valid_fraction, self.split_seed = min_valid_fraction, split_seed
        self.augmentation, self.gain_spread, self.transforms = augmentation, gain_spread, transforms
        self.statistics_windows, self.cache_mb, self.open_scenes = statistics_windows, cache_mb, open_scenes
        self._arguments = arguments
        self.real: Segmentation | None = None
        self._pairs: PairPlan | None = None
        self._read: AnnotatedScenes | None = None
        self._cells: list[ClassCells] | None = None
        self._statistics: dict[str, list[float]] | None = None

    def prepare_data(self) -> None:
        """Make the scenes that stand for real ones, where the cache lacks them."""
        if self.roles.needs_real and self.images is None:
            self._generated()

    def make_sets(self) -> None:
        """Find, open, check and split pairs and scenes; see `ImageDataModule`."""
        roles, bands = self.roles, self.bands
        if roles.needs_real:
            self.real = self._opened()
            bands = self.real.plan.bands
        if roles.needs_pairs:
            fractions = {"val": self.val_fraction, "test": self.test_fraction}
            self._pairs = open_pairs(
                roles, self.scenes, bands=bands, fractions=fractions, seed=self.split_seed
            )
            areas = self._pairs.areas
            kept = fitting(
                [area for own in areas.values() for area in own], self._pairs.scenes, self.cache_mb * 2**20
            )
            self._read = AnnotatedScenes(
                self._pairs.scenes, self._pairs.masks, open_scenes=self.open_scenes, kept=kept
            )
        self.specification = ImageSpecification(
            bands=self.channels["bands"],
            dtype="float32",
            value_range=(0.0, 255.0) if self._pairs is not None and self._pairs.pictures else HARMONISED,
            synthetic=self._pairs is not None or self._real().specification.synthetic,
        )
        self.train_set = self._training_set()
        if roles.test_with == "real":
            self.val_set, self.test_set = self._real().val_set, self._real().test_set
        else:
            self.val_set, self.test_set = self._pair_windows("val"), self._pair_windows("test")

    @property
    def channels(self) -> Mapping[str, Any]:
        """Names of the bands; see `ImageDataModule.channels`."""
        plan = self._pairs or self._real().plan
        return {"bands": list(plan.bands)}

    @property
    def decided(self) -> dict[str, Any]:
        """What the run's record shall hold: the bands, and that black is a colour of pictures."""
        found: dict[str, Any] = {"bands": self.channels["bands"]}
        return found | ({"scenes.nodata": None} if self._pairs is not None and self._pairs.pictures else {})

    @property
    def split_note(self) -> str:
        """One sentence on what the sets share."""
        if self.roles.test_with == "real":
            return self._real().split_note
        assert self._pairs is not None
        return f"{self._pairs.note}; scores on made pairs are no scores on clouds"

    @property
    def pool_set(self) -> FixedWindows | None:
        """Windows of the real ground of the training that are not labelled; see `Segmentation`."""
        return self._real().pool_set

    def grid_windows(self) -> list[str]:
        """Ids of all windows of the real ground of the training; see `Segmentation`."""
        return self._real().grid_windows()

    def write_clear_windows(self, folder: str | Path, size: int, limit: int) -> int:
        """Copy windows without cloud from the real ground of the training, and from nowhere else, into a folder.

        Args:
            folder: gets a GeoTIFF for each.
            size: side, pixels.
            limit: at most so many.

        Returns:
            How many there are.

        Raises:
            UserError: there is none.
        """
        plan = self._real().plan
        areas = areas_of(plan.split.parts["train"])
        found = list(clear_windows(plan.masks, areas, size, self.classes.names.index(CLEAR)))
        written = write_windows(Path(folder), plan.scenes, found, limit=limit, seed=self.split_seed)
        if not written:
            raise UserError(
                f"data.images: found no window of {size} x {size} pixels without cloud in the ground of the training, "
                "expected some to lay clouds over, or smaller ones"
            )
        return written

    def example_input(self) -> Path | None:
        """The first test image; see `ImageDataModule.example_input`."""
        if self.roles.test_with == "real":
            return self._real().example_input()
        assert self._pairs is not None
        areas = self._pairs.areas["test"] or self._pairs.areas["train"]
        return self._pairs.scenes[areas[0].scene].path

    def class_counts(self) -> list[int]:
        """Pixels of each class in what is trained on; with `train_on=both` in the proportion in which windows come.

        Raises:
            UserError: a mask is damaged.
        """
        if self.roles.train_on == "real":
            return self._real().class_counts()
        made = np.sum([cells.counts for cells in self._class_cells()], 0)
        if self.roles.train_on == "pairs":
            return [int(count) for count in made]
        real = np.asarray(self._real().class_counts(), np.float64)
        total, share = real.sum() + made.sum(), self.roles.pair_share
        mixed = (1 - share) * real / max(real.sum(), 1) + share * made / max(made.sum(), 1)
        return [round(float(count)) for count in mixed * total]

    def band_statistics(self) -> dict[str, list[float]]:
        """Mean and standard deviation of each band over training windows: real ones where the test is real.

        Raises:
            UserError: there is no training ground, or a file is damaged.
        """
        if self.roles.test_with == "real":
            return self._real().band_statistics()
        if self._statistics is None:
            assert self._read is not None
            self._statistics = band_statistics(
                self._read, self._areas("train"), windows=self.statistics_windows, size=self.patch_size,
                seed=self.split_seed,
            )  # fmt: skip
        return self._statistics

    def _real(self) -> Segmentation:
        if self.real is None:
            raise RuntimeError(
                "data=cloud_pairs reads real scenes with train_on or test_with=real, after setup()"
            )
        return self.real

    def _areas(self, name: str) -> list[Area]:
        assert self._pairs is not None
        return list(self._pairs.areas[name])

    def _generated(self) -> tuple[str, str]:
        if self.sensor is None or self.cache is None:
            raise UserError("data.images: found null, expected scenes, or data.cache and a sensor")
        settings = {key: value for key, value in self.generator.items() if key != "auxiliary"}
        made = generated_scenes(self.sensor, self.mask_classes, self.cache / "scenes", **settings)
        return str(made.images), str(made.masks)

    def _opened(self) -> Segmentation:
        images, masks = self._generated() if self.images is None else (self.images, self.masks)
        real = Segmentation(
            scenes=self.scenes, classes=self.classes, images=images, masks=masks, bands=self.bands,
            patch_size=self.patch_size, test_patch_size=self.test_patch_size, split_seed=self.split_seed,
            sampling=self.sampling, augmentation=self.augmentation, gain_spread=self.gain_spread,
            transforms=self.transforms, min_valid_fraction=self.min_valid_fraction,
            windows_per_epoch=self.windows_per_epoch, statistics_windows=self.statistics_windows,
            cache_mb=self.cache_mb, open_scenes=self.open_scenes, cache=self.cache, **self._arguments,
        )  # fmt: skip
        real.satellite = self.satellite
        real.setup()
        return real

    def _training_set(self) -> Any:
        if self.roles.train_on == "real":
            return self._real().train_set
        pairs = self._pair_training()
        real = self._real().train_set if self.roles.train_on == "both" else None
        if real is None:
            return pairs
        assert isinstance(real, TrainingWindows)
        return MixedWindows(real, pairs, self.roles.pair_share)

    def _pair_training(self) -> TrainingWindows:
        assert self._pairs is not None and self._read is not None
        rare = self.sampling == "rare_classes"
        sampling = WindowSampling(
            self._areas("train"), self.patch_size,
            cells=self._class_cells() if rare or self.data_shard == "class" else None,
            by_class=rare, least=self.windows_per_epoch,
        )  # fmt: skip
        augmentation = Augmentation(
            self.augmentation, gain_spread=self.gain_spread, transforms=self.transforms,
            spectral=[True] * len(self._pairs.bands),
        )  # fmt: skip
        return TrainingWindows(
            self._read, sampling, augmentation=augmentation, min_valid_fraction=self.min_valid_fraction,
            seed=self.seed, satellite=self.satellite,
        )  # fmt: skip

    def _class_cells(self) -> list[ClassCells]:
        if self._cells is None:
            assert self._pairs is not None
            cache = None if self.cache is None else self.cache / "classes"
            self._cells = class_cells(
                self._pairs.masks, self._areas("train"), self.classes, self.patch_size, cache=cache
            )
        return self._cells

    def _pair_windows(self, name: str) -> FixedWindows | None:
        areas, largest = self._areas(name), self.test_patch_size
        if not areas:
            return None
        assert self._read is not None
        height = min(largest, max(area.window.height for area in areas))
        width = min(largest, max(area.window.width for area in areas))
        return FixedWindows(self._read, areas, WindowGrid(areas, largest), size=(height, width))
