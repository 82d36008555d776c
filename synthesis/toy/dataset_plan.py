"""What a toy dataset consists of: checked, and small enough to be handed to every process that makes it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from errors import UserError
from synthesis.toy.claim import plain
from synthesis.toy.derivation.stages import build_stages
from synthesis.toy.latent import check_horizon, followed
from synthesis.toy.layout import LAYOUTS
from synthesis.toy.manifest import scene_splits, split_fractions
from synthesis.toy.series_pools import disjoint_pools, series_files
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import SeriesPool, load_pool

SERIES_POOLS = ("disjoint", "shared")
_KEYS = {"latent", "input", "preset"}  # of a product in `tasks`


@dataclass(frozen=True)
class ProductPlan:
    """One product of every scene.

    Attributes:
        name: its folder.
        latent: what it shows, at the root of its inputs.
        input: the product that it is derived from; None: the latent itself.
        stages: of the derivation, see `synthesis.toy.derivation`.
    """

    name: str
    latent: str
    input: str | None
    stages: Mapping[str, Any]


@dataclass(frozen=True)
class Latent:
    """What products are derived from, drawn anew for every scene.

    Attributes:
        settings: of the first scene.
        variant: number of the sensor, see `synthesis.toy.scene.make_scene`.
        pools: of each split; None: the phenology model.
        files: that the pools were read from.
    """

    settings: LatentSettings
    variant: int
    pools: Mapping[str, SeriesPool] | None
    files: tuple[Path, ...]

    def of_scene(self, number: int) -> LatentSettings:
        """The settings of scene `number`."""
        return replace(self.settings, seed=self.settings.seed + number)


@dataclass(frozen=True)
class DatasetPlan:
    """Everything that decides what is written, but for the number of scenes.

    Attributes:
        task: name of the task.
        seed: of the first scene.
        layout: of the products.
        series_pool: `disjoint` or `shared`.
        fractions: of the scenes in each split.
        products: in the order in which they are made.
        latents: by name.
        keep_latents: whether latents are written too.
    """

    task: str
    seed: int
    layout: str
    series_pool: str
    fractions: Mapping[str, float]
    products: tuple[ProductPlan, ...]
    latents: Mapping[str, Latent]
    keep_latents: bool

    def folders(self) -> list[str]:
        """Names of the folders that a complete scene has."""
        latents = [latent_folder(name) for name in self.latents] if self.keep_latents else []
        return [*latents, *(product.name for product in self.products)]

    def record(self) -> dict[str, Any]:
        """The settings of the dataset, for JSON; files by name and content, so that a folder may be moved."""
        return {
            "task": self.task,
            "seed": self.seed,
            "layout": self.layout,
            "series_pool": self.series_pool,
            "split_fractions": list(self.fractions.values()),
            "keep_latents": self.keep_latents,
            "latents": {name: _latent_record(latent) for name, latent in self.latents.items()},
            "products": {
                product.name: {
                    "latent": product.latent,
                    "input": product.input,
                    "stages": plain(product.stages),
                }
                for product in self.products
            },
        }

    def manifest(self, num_scenes: int) -> dict[str, Any]:
        """The content of `manifest.json` for that many scenes."""
        first = self.latents[self.products[0].latent]
        pools = {latent.pools is None for latent in self.latents.values()}
        splits = scene_splits(num_scenes, self.fractions)
        return {
            "task": self.task,
            "products": [product.name for product in self.products],
            "num_bands": first.settings.num_bands,
            "classes": first.settings.num_classes,
            "split_fractions": list(self.fractions.values()),
            "series_pool": "generated" if pools == {True} else self.series_pool,
            "settings": self.record(),
            "scenes": {
                str(self.seed + number): {"split": split, "products": self._series(number, split)}
                for number, split in enumerate(splits)
            },
        }

    def _series(self, number: int, split: str) -> dict[str, Any]:
        chosen: dict[str, list[int]] = {}
        for name, latent in self.latents.items():
            pool = latent.pools[split] if latent.pools else None
            chosen[name] = (
                followed(latent.of_scene(number), pool, latent.variant).tolist() if pool is not None else []
            )
        return {
            product.name: {"seed": self.seed + number, "series": chosen[product.latent]}
            for product in self.products
        }


def latent_folder(name: str) -> str:
    """Where a scene keeps latent `name`."""
    return f"latent_{name}"


def make_plan(
    *,
    task: str,
    tasks: Mapping[str, Mapping[str, Mapping[str, Any] | None]],
    presets: Mapping[str, Mapping[str, Any]],
    latents: Mapping[str, Mapping[str, Any] | None],
    series: Mapping[str, Any],
    series_pool: str,
    series_scaling: str,
    fractions: Sequence[float],
    phenology: Mapping[str, Mapping[str, Any]],
    layout: str,
    keep_latents: bool,
    seed: int,
    **settings: Any,
) -> DatasetPlan:
    """Check everything and read the series.

    Args:
        task: which of `tasks`.
        tasks: by name, products by name: {`latent` or `input`: ..., `preset`: ...}, or None to leave one out.
        presets: by name, the stages of a derivation.
        latents: by name, what differs from `settings`.
        series: `.ts` files of each latent; None: its phenology model.
        series_pool: `disjoint`: no two splits share a series; `shared`: all draw from all, as published.
        series_scaling: see `synthesis.toy.time_series.load_pool`.
        fractions: of the scenes: train, val, test.
        phenology: models of each latent.
        layout: of the products.
        keep_latents: see `DatasetPlan`.
        seed: of the first scene.
        settings: the other fields of `LatentSettings`.

    Raises:
        UserError: one of them is impossible.
    """
    for name, value, choices in (
        ("task", task, tuple(tasks)),
        ("layout", layout, LAYOUTS),
        ("series_pool", series_pool, SERIES_POOLS),
    ):
        if value not in choices:
            raise UserError(f"generator.{name} is {value}: expected one of {', '.join(choices)}")
    by_name = split_fractions(fractions)
    products = _products(task, tasks[task], presets, latents)
    needed = {product.latent for product in products}
    built = {}
    for variant, name in enumerate(latents):
        if name not in needed:
            continue
        files = tuple(series_files(series.get(name), f"generator.series.{name}"))
        keys = {**settings, "seed": seed, "series_scaling": series_scaling, **(latents[name] or {})}
        keys["phenology"] = {} if files else plain(phenology.get(name) or {})
        latent = LatentSettings(time_series=tuple(map(str, files)), **keys)
        pools = _pools(name, latent, files, series_pool, by_name)
        built[name] = Latent(latent, variant, pools, files)
    return DatasetPlan(task, seed, layout, series_pool, by_name, products, built, keep_latents)


def _products(
    task: str,
    wanted: Mapping[str, Mapping[str, Any] | None],
    presets: Mapping[str, Mapping[str, Any]],
    latents: Mapping[str, Any],
) -> tuple[ProductPlan, ...]:
    made: dict[str, ProductPlan] = {}
    for name, keys in wanted.items():
        if keys is None:  # left out on the command line
            continue
        where = f"generator.tasks.{task}.{name}"
        unknown = set(keys) - _KEYS
        if unknown or (keys.get("latent") is None) == (keys.get("input") is None):
            raise UserError(f"{where} has the keys {', '.join(keys)}: expected preset and latent or input")
        preset = str(keys.get("preset"))
        if preset not in presets:
            raise UserError(f"{where}.preset is {preset}: expected one of {', '.join(presets)}")
        source = keys.get("input")
        if source is not None and source not in made:
            raise UserError(f"{where}.input is {source}: expected a product that comes before it")
        latent = made[source].latent if source is not None else keys["latent"]
        if latent not in latents:
            raise UserError(f"{where}.latent is {latent}: expected one of {', '.join(latents)}")
        build_stages(presets[preset])
        made[name] = ProductPlan(name, latent, source, plain(presets[preset]))
    if not made:
        raise UserError(f"generator.tasks.{task} is empty: expected products")
    return tuple(made.values())


def _pools(
    name: str,
    settings: LatentSettings,
    files: Sequence[Path],
    series_pool: str,
    fractions: Mapping[str, float],
) -> dict[str, SeriesPool] | None:
    if not files:
        return None
    pool = load_pool(files, settings.num_bands, settings.num_classes, settings.series_scaling)
    check_horizon(settings, pool, f"generator.series.{name}")
    if series_pool == "shared":
        return dict.fromkeys(fractions, pool)
    return disjoint_pools(pool, fractions, settings.seed, name)


def _latent_record(latent: Latent) -> dict[str, Any]:
    files = [
        {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in latent.files
    ]
    return {**latent.settings.to_dict(), "time_series": files, "variant": latent.variant}
