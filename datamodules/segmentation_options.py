"""What the config of `data=sentinel2_segmentation` says, checked; imports no torch, so that mistakes show at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules import segmentation_split
from errors import UserError
from products.class_table import ClassTable
from products.placed_mask import Resampling
from products.scene_reader import SceneReader

Listing = str | Path | Sequence[str | Path] | None
AUGMENTATIONS = ("none", "flips", "dihedral")
SAMPLINGS = ("uniform", "rare_classes")
TEST_ON = ("test", "all")
RESAMPLINGS = ("none", "nearest")


@dataclass(frozen=True, kw_only=True)
class SegmentationOptions:
    """The keys are explained in `conf/data/sentinel2_segmentation.yaml`.

    Raises:
        UserError: a value is impossible.
    """

    scenes: SceneReader
    classes: ClassTable
    images: Listing = None
    masks: Listing = None
    mask_resampling: Resampling = "none"
    patch_size: int = 128
    test_patch_size: int = 256
    split: str = "auto"
    val_fraction: float = 0.15
    test_fraction: float = 0.15
    split_seed: int = 0
    block_margin: int = 16
    test_on: str = "test"
    sampling: str = "uniform"
    augmentation: str = "dihedral"
    gain_spread: float = 0.0
    min_valid_fraction: float = 0.1
    windows_per_scene: int | None = None
    windows_per_epoch: int = 1
    labelled: str | None = None
    edited_masks: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.scenes, SceneReader):
            raise UserError(
                "data.scenes: found no reader of scenes, expected products.scene_reader.SceneReader"
            )
        if not isinstance(self.classes, ClassTable):
            raise UserError("classes: found none, expected one of conf/classes (classes=clouds)")
        if self.images is None and self.masks is not None:
            raise UserError("data.images: found null, expected scenes, because data.masks is given")
        at_least = {"patch_size": 8, "test_patch_size": 8, "block_margin": 0, "windows_per_epoch": 1}
        at_least |= {"windows_per_scene": 1} if self.windows_per_scene is not None else {}
        for key, least in at_least.items():
            value = getattr(self, key)
            if not isinstance(value, int) or value < least:
                raise UserError(f"data.{key}: found {value}, expected a whole number of at least {least}")
        for key, known in {
            "split": segmentation_split.KINDS,
            "sampling": SAMPLINGS,
            "augmentation": AUGMENTATIONS,
            "test_on": TEST_ON,
            "mask_resampling": RESAMPLINGS,
        }.items():
            if getattr(self, key) not in known:
                raise UserError(f"data.{key}: found '{getattr(self, key)}', expected {', '.join(known)}")
        if not 0 <= self.min_valid_fraction <= 1:
            raise UserError(
                f"data.min_valid_fraction: found {self.min_valid_fraction}, expected a number from 0 to 1"
            )
        if self.gain_spread < 0:
            raise UserError(f"data.gain_spread: found {self.gain_spread}, expected 0 or more")
        if self.val_fraction + self.test_fraction >= 1 and self.test_on == "test":
            raise UserError(
                f"data.val_fraction and data.test_fraction: found {self.val_fraction:g} and {self.test_fraction:g}, "
                "expected less than 1 together (data.test_on=all tests on everything)"
            )

    @property
    def split_options(self) -> segmentation_split.SplitOptions:
        """How scenes are dealt."""
        fractions = {"val": self.val_fraction, "test": self.test_fraction}
        if self.test_on == "all":
            fractions = {"test": 1.0}
        return segmentation_split.SplitOptions(
            self.split, fractions, self.block_margin, self.patch_size, self.split_seed
        )
