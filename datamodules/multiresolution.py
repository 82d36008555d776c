"""`data=multiresolution`: products with bands on several grids, for super-resolution by Wald's protocol."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from logging import getLogger
from pathlib import Path
from typing import Any

from datamodules.base import ImageDataModule
from datamodules.decoded_product import decoded, decoded_bytes
from datamodules.multiresolution_consistency import consistency_windows
from datamodules.multiresolution_plan import (
    SETS,
    Listing,
    MultiresolutionData,
    MultiresolutionPlan,
    plan_products,
)
from datamodules.multiresolution_sets import EvaluationTiles, TrainingPatches
from datamodules.product_cache import BlockStore, CachedProduct
from errors import UserError
from products.product import Product
from products.reduced_resolution import ReducedResolution
from products.sensor import Sensor
from products.specification import ImageSpecification
from synthesis.multiresolution import generated_products

LOG = getLogger(__name__)


class Multiresolution(ImageDataModule):
    """Degraded products as inputs, the products themselves as the truth.

    What a batch holds, how products are named and split, and what each argument means is in
    `docs/multiresolution_data.md` and `conf/data/multiresolution.yaml`. Nothing but headers is read until a sample is
    asked for. Validation and test windows come one at a time, because their sizes differ.

    Args:
        sensor: what the products are of.
        target_m: ground sample distance of the bands to sharpen.
        train, val, test: products; None = see the docs.
        generator: settings of `synthesis.multiresolution.generated_products`, for `train: null`.
        cache: folder in which those are made, and large products decoded.
        patch_size, test_patch_size, context, block_margin, split_seed, augmentation, min_valid_fraction: see
            `datamodules.multiresolution_plan.MultiresolutionData`.
        gain_spread: of the random gains of training patches' bands, see `TrainingPatches`; 0 = none.
        cache_mb: decoded pixels kept in memory by each process, MB of 2**20 bytes.
        cache_block_px: side of the blocks in which they are decoded, pixels of the finest grid.
        decode_above_mb: products of more decoded pixels are decoded once into `cache`, to be trained and validated on;
            None = never.
        consistency_px: side of the windows of `consistency_windows`, pixels of the finest grid.
        arguments: those of `ImageDataModule`.

    Attributes:
        factor: pixels of the finest grid per pixel of the target grid and side.

    Raises:
        UserError: an impossible value, or products that do not fit it.
    """

    def __init__(
        self,
        *,
        sensor: Sensor,
        target_m: int,
        train: Listing = None,
        val: Listing = None,
        test: Listing = None,
        generator: Mapping[str, Any] | None = None,
        cache: str | Path | None = None,
        patch_size: int = 32,
        test_patch_size: int = 512,
        context: int = 32,
        block_margin: int = 8,
        split_seed: int = 0,
        augmentation: str = "dihedral",
        min_valid_fraction: float = 0.5,
        gain_spread: float = 0.0,
        cache_mb: int = 512,
        cache_block_px: int = 512,
        decode_above_mb: int | None = None,
        consistency_px: int = 384,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.test_batch_size = 1  # windows of different sizes do not stack
        self.options = MultiresolutionData(
            sensor=sensor,
            target_m=target_m,
            train=train,
            val=val,
            test=test,
            patch_size=patch_size,
            test_patch_size=test_patch_size,
            context=context,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            block_margin=block_margin,
            split_seed=split_seed,
            augmentation=augmentation,
            min_valid_fraction=min_valid_fraction,
        )
        if train is None and (generator is None or cache is None):
            raise UserError("data.train is null: expected products, or data.generator and data.cache")
        self.generator, self.cache = dict(generator or {}), cache
        self.cache_mb, self.cache_block_px = cache_mb, cache_block_px
        self.decode_above_mb = decode_above_mb
        self.gain_spread = gain_spread
        self.consistency_px = consistency_px
        self._plan: MultiresolutionPlan | None = None

    def prepare_data(self) -> None:
        """Make the products that `train: null` stands for, where the cache lacks them."""
        self._paths()

    def make_sets(self) -> None:
        """Open, check and split the products; see `ImageDataModule`."""
        plan = plan_products(self.options, self._paths())
        self._plan = plan
        for note in plan.notes:
            warn_once(note)
        sensor = self.options.sensor
        self.specification = ImageSpecification(
            bands=tuple(band.name for band in sensor.group(self.options.target_m)),
            dtype="float32",
            value_range=sensor.valid_range,
            synthetic=any(product.synthetic for products in plan.parts.values() for product in products),
        )
        store = BlockStore(self.cache_mb * 2**20)
        scenes = {
            name: [self._scene(product, store, name) for product in plan.parts.get(name, [])] for name in SETS
        }
        if scenes["train"]:
            self.train_set = TrainingPatches(
                scenes["train"],
                patch_size=plan.patch_size,
                augmentation=self.options.augmentation,
                min_valid_fraction=self.options.min_valid_fraction,
                gain_spread=self.gain_spread,
                seed=self.seed,
                satellite=self.satellite,
            )
        shape = {"size": self.options.test_patch_size, "context": self.options.context}
        self.val_set = EvaluationTiles(scenes["val"], **shape) if scenes["val"] else None
        self.test_set = EvaluationTiles(scenes["test"], **shape) if scenes["test"] else None
        LOG.info(
            "%s, %d m: %s",
            sensor.title,
            self.options.target_m,
            ", ".join(f"{len(scenes[name])} products or blocks for {name}" for name in SETS),
        )

    @property
    def plan(self) -> MultiresolutionPlan:
        """The products of each set; available after `setup()`."""
        if self._plan is None:
            raise RuntimeError("call setup() before asking data=multiresolution for its products")
        return self._plan

    @property
    def factor(self) -> int:
        """See the class."""
        return self.options.sensor.factor(self.options.target_m)

    @property
    def channels(self) -> Mapping[str, int | list[int]]:
        """Numbers of bands of the input groups, finest first; see `ImageDataModule.channels`."""
        groups = self.options.sensor.inputs_of(self.options.target_m)
        return {"in_channels": [len(names) for names in groups.values()]}

    def example_input(self) -> Path:
        """The first test product, whole, for a prediction without input.

        Raises:
            UserError: there are no test products.
        """
        products = self.plan.parts.get("test") or []
        if not products:
            raise UserError("data.test: found no test products, expected input=PRODUCT")
        return products[0].path

    def consistency_windows(self, limit: int) -> Iterator[dict[str, Any]]:
        """Windows of test products at full resolution; see `datamodules.multiresolution_consistency`."""
        return consistency_windows(
            self.plan.parts.get("test") or [],
            self.options.target_m,
            size=self.consistency_px,
            context=self.options.context,
            limit=limit,
        )

    def _scene(self, product: Product, store: BlockStore, name: str) -> ReducedResolution:
        """A product of a set, behind a cache that suits its size."""
        target_m, limit = self.options.target_m, self.decode_above_mb
        distances = tuple(self.options.sensor.inputs_of(target_m))
        large = limit is not None and decoded_bytes(product, distances) > limit * 2**20
        if large and name != "test" and self.cache is not None:  # the test reads every pixel once
            fast: Product = decoded(product, Path(self.cache) / "decoded", distances)
        else:
            fast = CachedProduct(product, store, self.cache_block_px)
        return ReducedResolution(fast, target_m)

    def _paths(self) -> dict[str, list[Path]]:
        """Products by set; generated ones for all sets without any where there are none to train on."""
        given = self.options.given
        if "train" in given:
            return given
        assert self.cache is not None
        made = generated_products(self.options.sensor, Path(self.cache), **self.generator)
        return {**made, **given}


@lru_cache(maxsize=64)
def warn_once(note: str) -> None:
    """Log a warning, the first time in this process: every satellite has a DataModule of its own."""
    LOG.warning("%s", note)
