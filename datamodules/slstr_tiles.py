"""`data=slstr_tiles`: cloud masks and images of clouds, for generators that turn one into the other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datamodules.base import ImageDataModule
from datamodules.shards import Shard
from datamodules.slstr_tiles_plan import AUGMENTATIONS, RESAMPLINGS, TilePlan, plan_tiles
from datamodules.slstr_tiles_sets import TileChange, TilePairs, TrainingTiles
from errors import UserError
from products.specification import ImageSpecification


class SlstrTiles(ImageDataModule):
    """Tiles of `generate.py generator=cloud_tiles`, split as their manifest says.

    Training batches hold `domain_a`, masks (B, mask_channels, h, w) float32 of 0 and 1, and `domain_b`, images of other
    tiles (B, C, h, w) in [0, 1], with `valid_a` and `valid_b` (B, 1, h, w) bool and `id`; or with `unpaired=False` what
    validation and test hold: `source`, the mask of a whole tile, `target`, its image, `valid`, `id` and `scene`.

    Args:
        root: folder of tiles; None = small made-up ones, made on first use.
        generator: `synthesis.clouds.generated_tiles.generated_tiles` as a partial, for `root: null`.
        cache: folder in which these are made.
        unpaired: whether masks and images of training samples are of different tiles.
        mask_channels: copies of the mask; the published generator takes 3.
        buckets, bands, value_range, split_seed: see `datamodules.slstr_tiles_plan.plan_tiles`.
        resize_px, patch_size, augmentation, mask_resampling: see `datamodules.slstr_tiles_sets.TileChange`.
        arguments: those of `ImageDataModule`; its fractions count where there is no manifest.

    Raises:
        UserError: an impossible value, or tiles that do not fit it.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        generator: Callable[..., Path] | None = None,
        cache: str | Path | None = None,
        unpaired: bool = True,
        mask_channels: int = 3,
        buckets: Sequence[float] | None = (95.0,),
        bands: Sequence[str] | None = None,
        value_range: Sequence[float] = (0.0, 1.0),
        resize_px: int | None = None,
        patch_size: int | None = None,
        augmentation: str = "dihedral",
        mask_resampling: str = "nearest",
        split_seed: int = 0,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        if root is None and (generator is None or cache is None):
            raise UserError("data.root is null: expected a folder of tiles, or data.generator and data.cache")
        for name, value, known in (
            ("augmentation", augmentation, AUGMENTATIONS),
            ("mask_resampling", mask_resampling, RESAMPLINGS),
        ):
            if value not in known:
                raise UserError(f"data.{name}: found {value}, expected one of {', '.join(known)}")
        for name, number in (
            ("mask_channels", mask_channels),
            ("resize_px", resize_px),
            ("patch_size", patch_size),
        ):
            if number is not None and number < 1:
                raise UserError(f"data.{name}: found {number}, expected at least 1")
        self.root, self.generator, self.cache = root, generator, cache
        self.unpaired, self.mask_channels = unpaired, mask_channels
        self.change = TileChange(resize_px, patch_size, augmentation, mask_resampling)
        self.options: dict[str, Any] = {
            "buckets": buckets, "bands": bands, "value_range": value_range, "patch_size": patch_size,
            "resize_px": resize_px, "val_fraction": self.val_fraction, "test_fraction": self.test_fraction,
            "split_seed": split_seed,
        }  # fmt: skip
        self._plan: TilePlan | None = None

    def prepare_data(self) -> None:
        """Make the tiles that `root: null` stands for, where the cache lacks them."""
        self._folder()

    def setup(self, stage: str | None = None) -> None:
        """See `ImageDataModule.setup`; a satellite draws its images from its own tiles."""
        super().setup(stage)
        if isinstance(self.train_set, Shard):
            whole = self.train_set.whole
            assert isinstance(whole, TrainingTiles)
            self.train_set = whole.part(self.train_set.indices)

    def make_sets(self) -> None:
        """Find and read the manifest; see `ImageDataModule`."""
        plan = self._plan = plan_tiles(self._folder(), **self.options)
        pairs = {
            name: TilePairs(part, plan.images, self.mask_channels)
            for name, part in plan.parts.items()
            if part
        }
        self.train_set = TrainingTiles(
            pairs["train"], self.change, unpaired=self.unpaired, seed=self.seed, satellite=self.satellite
        )
        self.val_set, self.test_set = pairs.get("val"), pairs.get("test")
        self.specification = ImageSpecification(
            bands=plan.images.bands, dtype="float32", value_range=(0.0, 1.0), nodata=float("nan"),
            synthetic=self.root is None,
        )  # fmt: skip

    @property
    def plan(self) -> TilePlan:
        """The tiles and their parts; available after `setup()`."""
        if self._plan is None:
            raise RuntimeError("call setup() before asking data=slstr_tiles for its tiles")
        return self._plan

    @property
    def channels(self) -> dict[str, int]:
        """See `ImageDataModule.channels`."""
        return {"in_channels": self.mask_channels, "out_channels": self.specification.num_bands}

    def example_input(self) -> Path:
        """The mask of the first test tile, for a prediction without input.

        Raises:
            UserError: there are no test tiles.
        """
        tiles = self.plan.parts["test"]
        if not tiles:
            raise UserError(f"{self.plan.root} has no test tiles: expected input=MASK")
        return tiles[0].mask

    def _folder(self) -> Path:
        if self.root is not None:
            return Path(self.root).expanduser()
        assert self.generator is not None and self.cache is not None
        return self.generator(self.cache)
