"""What a task makes of a scene: source channels, target and mask of any frame. Knows nothing of torch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.degrading import degradation_of
from synthesis.toy.layout import Product, Window, open_product
from synthesis.toy.scene_channels import (
    Channels,
    HistoryChannels,
    ProductChannels,
    RaisedChannels,
    frames_of_all,
)
from synthesis.toy.scene_folders import products_in

HISTORY = "history"  # a source that is no product: the newest sharp frame before this one
IGNORED = 255  # class number of the background in masks


@dataclass(frozen=True, kw_only=True)
class Task:
    """Which products are the sources, and which is the target.

    Attributes:
        name: `cloud_removal`, `super_resolution`, ...
        sources: names of products, or `history`, in channel order.
        targets: names the target may have, the best first; empty: the task has no target.
        revisit: `history` is taken at frames that are multiples of it.
        degradation: {source: options of `degrading.degradation_of`}: sources on a coarser grid, which are raised to
            the target's, and made from the target where the scenes do not have them.
        made: those of them that are made from the target.
        baselines: {name: {kind: source}} of what a model has to beat.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    revisit: int = 1
    degradation: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    baselines: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def target(self) -> str | None:
        """Name of the target: the first candidate, which `settled` leaves alone in the list."""
        return self.targets[0] if self.targets else None

    @property
    def needs_target(self) -> bool:
        """Whether a source cannot be given without the target."""
        return HISTORY in self.sources or bool(self.made)


def choose_task(
    name: str,
    tasks: Mapping[str, Mapping[str, Any]],
    *,
    sources: Sequence[str] | None = None,
    target: str | None = None,
    revisit: int = 1,
    degradation: Mapping[str, Mapping[str, Any]] | None = None,
) -> Task:
    """The task of this name in a table (`tasks` of `conf/data/toy.yaml`), with `sources` and `target` in place of its own.

    Raises:
        UserError: an unknown task, no sources, or an impossible revisit.
    """
    if name not in tasks:
        raise UserError(f"data.task: found '{name}'{_near(name, tasks)}, expected one of {', '.join(tasks)}")
    entry = tasks[name]
    chosen = tuple(entry["sources"] if sources is None else sources)
    if not chosen or len(set(chosen)) < len(chosen):
        raise UserError(f"data.sources: found {list(chosen)}, expected names of products, each once")
    if revisit < 1:
        raise UserError(f"data.revisit: found {revisit}, expected a number of frames of at least 1")
    candidates = tuple(entry.get("target") or ()) if target is None else (target,)
    return Task(
        name=name,
        sources=chosen,
        targets=candidates,
        revisit=revisit,
        degradation={key: dict(value) for key, value in (degradation or {}).items() if value is not None},
        baselines={key: dict(value) for key, value in (entry.get("baselines") or {}).items()},
    )


def settled(task: Task, products: Collection[str]) -> Task:
    """The task for scenes that have these products: with one target, and with what must be made from it."""
    target = next((name for name in task.targets if name in products), None)
    made = {name for name in task.sources if name not in products and name in task.degradation}
    return replace(task, made=frozenset(made), targets=task.targets if target is None else (target,))


def require_products(task: Task, products: Collection[str], root: Path) -> None:
    """Refuse a settled task whose sources or target no scene of a folder has.

    Raises:
        UserError: names what is asked for and what there is.
    """
    known = sorted(products)
    has = f"the scenes of {root} have {', '.join(known)}"
    for name in task.sources:
        if name not in products and name != HISTORY and name not in task.made:
            raise UserError(f"data.sources: found '{name}'{_near(name, known)}, expected a product: {has}")
    if task.target is not None and task.target not in products:
        found = " or ".join(task.targets)
        raise UserError(f"data.target: found {found}{_near(task.target, known)}, expected a product: {has}")
    if task.target is None and task.needs_target:
        raise UserError(
            f"data.target: found none for task {task.name}, expected the product of which {_listed(task)} is made: {has}"
        )


class TaskScene:
    """One scene as a task sees it: frame by frame, nothing kept.

    Attributes:
        folder: of the scene; its name is the scene's.
        shape: (height, width) of the target, or of the sources where there is no target.
        channels: the sources in order.
        target: the target's product; None where there is none.
        frames: frames that all sources can be given for, ascending.
        paired: those of them that the target has too.
    """

    def __init__(
        self, folder: Path, shape: tuple[int, int], channels: list[Channels], target: Product | None
    ) -> None:
        self.folder, self.shape, self.channels, self.target = folder, shape, channels, target
        products = [source.product for source in channels if not isinstance(source, HistoryChannels)]
        self._maps = next(p for p in [target, *products] if p is not None and p.shape[:2] == shape)
        known = products or ([] if target is None else [target])
        self.frames = frames_of_all([frame for product in known for frame in product.frame_indices], channels)
        present = frozenset(self.frames if target is None else target.frame_indices)
        self.paired = [frame for frame in self.frames if frame in present]
        self.horizon = max(product.features["horizon"] for product in [self._maps, *products])

    @property
    def name(self) -> str:
        """Name of the scene."""
        return self.folder.name

    @property
    def num_cells(self) -> int:
        """Fields in the scene."""
        return self._maps.features["ndigit"]

    @property
    def source_layout(self) -> dict[str, tuple[int, int]]:
        """{source: (first channel, first channel after it)}."""
        layout, first = {}, 0
        for source in self.channels:
            layout[source.name] = (first, first + source.num_bands)
            first += source.num_bands
        return layout

    @property
    def bands(self) -> dict[str, int]:
        """Bands of each source, and of the target by its product's name."""
        counts = {source.name: source.num_bands for source in self.channels}
        return counts if self.target is None else {self.target_name: self.target.shape[2], **counts}

    @property
    def target_name(self) -> str:
        """Product that is the target."""
        assert self.target is not None
        return self.target.folder.name

    @property
    def num_source_bands(self) -> int:
        """Channels of all sources together, Cs."""
        return sum(source.num_bands for source in self.channels)

    def source_pixels(
        self, frame: int, window: Window | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """(Cs, h, w) float32, NaN = no data; written to `out` where it is given."""
        pixels = self._room(self.num_source_bands, window) if out is None else out
        first = 0
        for source in self.channels:
            pixels[first : first + source.num_bands] = source.read(frame, window)
            first += source.num_bands
        return pixels

    def target_pixels(
        self, frame: int, window: Window | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """(C, h, w) float32, NaN = no data; written to `out` where it is given."""
        assert self.target is not None
        pixels = self._room(self.target.shape[2], window) if out is None else out
        pixels[:] = self.target.frame(frame, window).transpose(2, 0, 1)
        return pixels

    def _room(self, bands: int, window: Window | None) -> np.ndarray:
        return np.empty((bands, *(self.shape if window is None else window[2:])), np.float32)

    def annotation(self, frame: int, window: Window | None = None) -> np.ndarray:
        """(h, w, 2) int16: number of the field and of its class, from 1; 0 = background."""
        if frame not in self._maps.frame_indices:
            frame = self._maps.frame_indices[0]  # the map of a scene does not change
        return self._maps.annotation(frame, window)

    def class_mask(self, frame: int, window: Window | None = None) -> np.ndarray:
        """(h, w) int64: class from 0; 255 = background."""
        numbers = self.annotation(frame, window)[..., 1]
        classes = np.arange(-1, int(numbers.max(initial=0)))
        classes[0] = IGNORED
        return classes.take(numbers)

    def instance_mask(self, frame: int, window: Window | None = None) -> np.ndarray:
        """(h, w) int64: number of the field, from 1; 0 = background."""
        return self.annotation(frame, window)[..., 0].astype(np.int64)


def open_scene(folder: Path, task: Task, *, paired: bool = True) -> TaskScene:
    """Open what a settled task needs of a scene; reads indices only.

    Args:
        folder: of the scene.
        task: what `settled` gives.
        paired: whether the target must be there; otherwise it is opened only where a source is made of it.

    Raises:
        UserError: a product is missing or has another size than the target.
    """
    found = products_in(folder)
    target = None
    if task.target is None and task.needs_target:
        raise UserError(f"{folder}: task {task.name} has no target of which {_listed(task)} could be made")
    if task.target is not None and (paired or task.needs_target):
        target = _open(folder, task.target, "target", found, task)
    products = {
        name: _open(folder, name, "source", found, task)
        for name in task.sources
        if name != HISTORY and name not in task.made
    }
    sharp = [product for name, product in products.items() if name not in task.degradation]
    reference = target or next(iter(sharp), None)
    if reference is None:
        raise UserError(
            f"{folder} lacks the target '{task.target}', whose size the source {task.sources[0]} is raised to"
        )
    shape = reference.shape[:2]
    for product in sharp:
        if product.shape[:2] != shape:
            raise UserError(
                f"{product.folder} has frames of {_size(product)} pixels, expected {_size(reference)} as "
                f"{reference.folder}"
            )
    return TaskScene(
        folder, shape, [_channels(task, n, products, target, shape) for n in task.sources], target
    )


def _channels(
    task: Task, name: str, products: Mapping[str, Product], target: Product | None, shape: tuple[int, int]
) -> Channels:
    if name == HISTORY:
        assert target is not None
        return HistoryChannels(name, target, task.revisit)
    if name in task.made:
        assert target is not None
        return RaisedChannels(name, target, shape, degradation_of(name, task.degradation[name]))
    if name in task.degradation:
        return RaisedChannels(name, products[name], shape)
    return ProductChannels(name, products[name])


def _open(folder: Path, name: str, role: str, found: Sequence[str], task: Task) -> Product:
    if name not in found:
        there = ", ".join(found) or "no product"
        raise UserError(
            f"{folder} lacks the {role} '{name}' of task {task.name}: expected a folder {name} with a toy product, "
            f"found {there}"
        )
    return open_product(folder / name)


def _listed(task: Task) -> str:
    return " and ".join(name for name in task.sources if name == HISTORY or name in task.made)


def _near(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _size(product: Product) -> str:
    height, width, _ = product.shape
    return f"{height}x{width}"
