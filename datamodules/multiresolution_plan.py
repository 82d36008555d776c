"""What `data=multiresolution` reads, found and checked from headers alone; imports no torch, so that mistakes show at once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datamodules.multiresolution_split import SplitOptions, same_ground, split_products
from errors import UserError
from products.product import Product
from products.reduced_resolution import ReducedResolution
from products.sensor import Sensor

LOG = logging.getLogger(__name__)
AUGMENTATIONS = ("none", "dihedral")
LIST_SUFFIXES = (".txt", ".lst", ".list")
SETS = ("train", "val", "test")
Listing = str | Path | Sequence[str | Path] | None


@dataclass(frozen=True, kw_only=True)
class MultiresolutionData:
    """What `data=multiresolution` says about products; the keys are explained in its config.

    Raises:
        UserError: a value is impossible.
    """

    sensor: Sensor
    target_m: int
    train: Listing = None
    val: Listing = None
    test: Listing = None
    patch_size: int = 32
    test_patch_size: int = 512
    context: int = 32
    val_fraction: float = 0.15
    test_fraction: float = 0.15
    block_margin: int = 8
    split_seed: int = 0
    augmentation: str = "dihedral"
    min_valid_fraction: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.sensor, Sensor):
            raise UserError("sensor: found none, expected one of conf/sensor (sensor=sentinel2)")
        self.sensor.inputs_of(self.target_m)
        for key, least in {"patch_size": 1, "test_patch_size": 1, "context": 0, "block_margin": 0}.items():
            value = getattr(self, key)
            if not isinstance(value, int) or value < least:
                raise UserError(f"data.{key}: found {value}, expected a whole number of at least {least}")
        if self.test_patch_size <= 2 * self.context:
            raise UserError(
                f"data.test_patch_size: found {self.test_patch_size}, expected more than twice data.context "
                f"({self.context})"
            )
        if self.augmentation not in AUGMENTATIONS:
            raise UserError(
                f"data.augmentation: found '{self.augmentation}', expected {' or '.join(AUGMENTATIONS)}"
            )
        if not 0 <= self.min_valid_fraction <= 1:
            raise UserError(
                f"data.min_valid_fraction: found {self.min_valid_fraction}, expected a number from 0 to 1"
            )
        if self.val_fraction + self.test_fraction >= 1:
            raise UserError(
                f"data.val_fraction and data.test_fraction: found {self.val_fraction:g} and {self.test_fraction:g}, "
                "expected less than 1 together"
            )

    @property
    def given(self) -> dict[str, list[Path]]:
        """Paths of the sets that are named, in the order of `SETS`.

        Raises:
            UserError: an empty set, or a list that cannot be read.
        """
        named = {name: getattr(self, name) for name in SETS}
        return {
            name: listed(value, f"data.{name}", self.sensor)
            for name, value in named.items()
            if value is not None
        }


@dataclass(frozen=True)
class MultiresolutionPlan:
    """The products of each set, opened.

    Attributes:
        parts: {"train": [...], "val": [...], "test": [...]}: products, or parts of products.
        patch_size: side of the training patches: that of the config, or the largest that fits.
        notes: sentences about what is doubtful or was changed.
    """

    parts: dict[str, list[Product]]
    patch_size: int
    notes: list[str] = field(default_factory=list)


def preflight(**options: Any) -> None:
    """Check the options of `MultiresolutionData` and the headers of all products that it names.

    Raises:
        UserError: see `plan_products`.
    """
    data = MultiresolutionData(**options)
    if data.given:
        plan_products(data, data.given)


def plan_products(data: MultiresolutionData, paths: dict[str, list[Path]]) -> MultiresolutionPlan:
    """Open the products, check them, and split where a set has none.

    Args:
        data: the options.
        paths: products by set; what a set that is missing becomes is in `docs/multiresolution_data.md`.

    Raises:
        UserError: a product that is missing, damaged, too small or in two sets.
    """
    _apart(paths)
    opened = {name: [_opened(data, path) for path in paths.get(name, [])] for name in SETS}
    notes = _notes(opened)
    parts = opened
    if opened["train"]:
        fractions = {"val": data.val_fraction, "test": data.test_fraction}
        missing = {name: fraction for name, fraction in fractions.items() if name not in paths}
        options = SplitOptions(missing, data.block_margin, data.split_seed)
        parts = opened | split_products(opened["train"], data.target_m, options)
    patch_size = data.patch_size
    for product in parts["train"]:
        usable = ReducedResolution(product, data.target_m)
        fits = min(usable.usable.height, usable.usable.width)
        if fits < patch_size:
            patch_size = fits // usable.factor * usable.factor or fits
            notes.append(
                f"data.patch_size: found {data.patch_size}, but of {product.name} only {usable.usable.height} x "
                f"{usable.usable.width} pixels of {data.target_m} m are for training; patches have {patch_size}"
            )
    return MultiresolutionPlan(parts, patch_size, notes)


def listed(value: Listing, key: str, sensor: Sensor) -> list[Path]:
    """The products that a key of the config names.

    Args:
        value: a product, or a text file with one product per line (relative to it; empty lines and what follows `#`
            do not count), or a list of either.
        key: for messages.
        sensor: tells a product from a list.

    Raises:
        UserError: no product at all, or something that does not exist.
    """
    entries = [value] if isinstance(value, str | Path) else list(value or [])
    found: list[Path] = []
    for entry in entries:
        path = Path(str(entry)).expanduser()
        found += _lines(path, key) if _is_list(path, sensor) else [path]
    if not found:
        raise UserError(f"{key}: found no product, expected at least one (or null)")
    for path in found:
        if not path.exists():
            raise UserError(f"{key}: {path} does not exist; expected a product of {sensor.title}")
    return list({path.resolve(): path for path in found}.values())


def _is_list(path: Path, sensor: Sensor) -> bool:
    return (
        path.suffix.lower() in LIST_SUFFIXES
        and path.is_file()
        and not any(reader.recognises(path) for reader in sensor.readers)  # Landsat's MTL.txt is a product
    )


def _lines(path: Path, key: str) -> list[Path]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{key}: {path} is no product and no text; expected one product per line") from error
    entries = [line.partition("#")[0].strip() for line in lines]
    return [path.parent / Path(entry).expanduser() for entry in entries if entry]


def _apart(paths: dict[str, list[Path]]) -> None:
    """No product is in two sets."""
    seen: dict[Path, str] = {}
    for name, own in paths.items():
        for path in own:
            other = seen.setdefault(path.resolve(), name)
            if other != name:
                raise UserError(f"data.{name}: {path} is in data.{other} too; expected a product of its own")


def _opened(data: MultiresolutionData, path: Path) -> Product:
    product = data.sensor.open(path)
    missing = [distance for distance in data.sensor.inputs_of(data.target_m) if distance not in product.grids]
    if missing:
        found = ", ".join(f"{distance} m" for distance in product.grids)
        raise UserError(f"{path}: found bands of {found}, expected those of {missing[0]} m too")
    ReducedResolution(product, data.target_m)
    return product


def _notes(opened: dict[str, list[Product]]) -> list[str]:
    """What is doubtful about sets that were given; a product that is in two under two paths is refused."""
    notes = []
    for name, before in (("val", opened["train"]), ("test", [*opened["train"], *opened["val"]])):
        for product in opened[name]:
            for other in before:
                if (
                    other.name == product.name
                    and other.grids == product.grids
                    and same_ground(product, [other])
                ):
                    raise UserError(f"data.{name}: {product.path} is the product {other.path} of another set")
            trained = same_ground(product, opened["train"])
            if trained is not None:
                notes.append(
                    f"data.{name}: {product.name} shows ground that {trained.name} of data.train shows too"
                )
    return notes
