"""Which scenes, or which parts of them, train, validate and test: by tile, by date, by scene or by blocks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from datamodules.segmentation_blocks import BlockOptions, ClassProfiles, cut_into_blocks
from datamodules.segmentation_ground import footprints, projected, shared, without
from errors import UserError
from products.grid import Grid
from products.scene import Scene
from products.window import Window

SETS = ("train", "val", "test")
KINDS = ("auto", "tile", "date", "scene", "blocks")
UNITS_TO_DEAL = 3  # so many tiles or dates make a set each
SAME_PLACE = 0.2  # of the smaller footprint: scenes that share more show one place


@dataclass(frozen=True)
class SplitOptions:
    """How scenes are dealt to the sets.

    Attributes:
        kind: one of `KINDS`.
        fractions: {"val": ..., "test": ...}, parts of the tiles, dates, scenes or pixels; 0 = none.
        margin: pixels between blocks of two sets that no set reads.
        block: least side of a block that evaluation gets, pixels; smaller scenes give what they have.
        seed: of the split.
    """

    kind: str
    fractions: Mapping[str, float]
    margin: int
    block: int
    seed: int


@dataclass(frozen=True)
class Part:
    """What a set may read of a scene.

    Attributes:
        scene: its number.
        areas: disjoint rectangles.
    """

    scene: int
    areas: tuple[Window, ...]

    @property
    def pixels(self) -> int:
        """Of all areas."""
        return sum(area.height * area.width for area in self.areas)


@dataclass(frozen=True)
class SceneSplit:
    """Who reads what.

    Attributes:
        kind: `tile`, `date`, `scene`, `blocks` or `none` (there is one set only).
        parts: of each set, in the order of the scenes.
        places: of each scene, the number of its place: scenes of one tile, or that show the same ground.
        note: one sentence on what the sets share and what not.
    """

    kind: str
    parts: Mapping[str, tuple[Part, ...]]
    places: tuple[int, ...]
    note: str


def split_scenes(
    scenes: Sequence[Scene], options: SplitOptions, profiles: Callable[[int], ClassProfiles] | None = None
) -> SceneSplit:
    """Deal scenes to train, val and test.

    `auto` deals whole tiles (places) where there are three, else dates where there are three, else it cuts every place
    into blocks with unread strips between them. Ground that validation or test show is cut out of training scenes that
    show it too, and test ground out of validation, except where the split is by date and the dates differ.

    Args:
        scenes: opened; no pixels are read.
        options: how.
        profiles: of a scene's number, how its classes are spread over rows and columns; blocks are then laid so that
            every set shows the classes. None: blocks are laid by the seed alone.

    Raises:
        UserError: a split that the scenes cannot have.
    """
    places = places_of(scenes)
    wanted = {name: options.fractions.get(name, 0.0) for name in ("val", "test")}
    wanted = {name: fraction for name, fraction in wanted.items() if fraction > 0}
    whole = tuple(Part(number, (scene.window,)) for number, scene in enumerate(scenes))
    if not wanted or min(wanted.values()) >= 1:
        name = next(iter(wanted), "train")
        parts = {key: whole if key == name else () for key in SETS}
        return SceneSplit("none", parts, tuple(places), f"all scenes are in one set ({name})")
    kind = _kind(scenes, places, options.kind, len(wanted) + 1)
    if kind == "blocks":
        parts = _blocks(scenes, places, wanted, options, profiles)
    else:
        units: list[object] = [
            {"tile": places[number], "date": _date(scene), "scene": number}[kind]
            for number, scene in enumerate(scenes)
        ]
        owners = _dealt(units, wanted, options.seed)
        parts = {key: tuple(part for part in whole if owners[part.scene] == key) for key in SETS}
    parts, cut = _apart(scenes, parts, options.margin, by_date=kind in ("date", "scene"))
    if not parts["train"]:
        raise UserError(
            f"data.split={kind}: validation and test show all ground that the {len(scenes)} scenes show, nothing is left "
            "to train on; expected scenes of other places, data.split=blocks or smaller fractions"
        )
    return SceneSplit(kind, parts, tuple(places), _note(kind, units_of(scenes, places, kind), cut))


def places_of(scenes: Sequence[Scene]) -> list[int]:
    """The place of each scene, numbered from 0 as they come: scenes of one tile or of the same ground share one."""
    boxes = footprints([scene.grid for scene in scenes])
    tiles = np.array([scene.key.tile if scene.key is not None else "" for scene in scenes])
    places = np.arange(len(scenes))
    for number in range(1, len(scenes)):
        near = shared(boxes[number], boxes[:number]) > SAME_PLACE
        near |= (tiles[:number] == tiles[number]) & (tiles[number] != "")
        if near.any():
            joined = np.unique(places[:number][near])
            places[np.isin(places, joined)] = joined[0]
            places[number] = joined[0]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places.tolist()))}
    return [numbers[place] for place in places.tolist()]


def units_of(scenes: Sequence[Scene], places: Sequence[int], kind: str) -> int:
    """How many tiles, dates or scenes there are."""
    if kind == "date":
        return len({_date(scene) for scene in scenes})
    return len(scenes) if kind == "scene" else len(set(places))


def _date(scene: Scene) -> str | None:
    return None if scene.key is None else scene.key.time.strftime("%Y%m%d")


def _kind(scenes: Sequence[Scene], places: Sequence[int], asked: str, needed: int) -> str:
    """What `auto` means, and whether the scenes allow what is asked."""
    dated = all(_date(scene) for scene in scenes)
    if asked == "auto":
        if units_of(scenes, places, "tile") >= UNITS_TO_DEAL:
            return "tile"
        return "date" if dated and units_of(scenes, places, "date") >= UNITS_TO_DEAL else "blocks"
    if asked == "date" and not dated:
        nameless = next(scene for scene in scenes if not _date(scene))
        raise UserError(
            f"data.split=date: nothing tells the date of {nameless.path}, expected it in the name (YYYYMMDD) "
            "or another split"
        )
    found = units_of(scenes, places, asked)
    if asked != "blocks" and found < needed:
        raise UserError(
            f"data.split={asked}: found {found} {asked if found == 1 else asked + 's'}, expected at least {needed} for "
            f"{needed} sets (or data.split=blocks)"
        )
    return asked


def _dealt(units: Sequence[object], wanted: Mapping[str, float], seed: int) -> list[str]:
    """The set of each scene: whole units (tiles, dates, scenes) in a seeded order."""
    distinct = list(dict.fromkeys(units))
    order = [int(number) for number in np.random.default_rng([seed, *b"units"]).permutation(len(distinct))]
    owner: dict[object, str] = {}
    for name, fraction in wanted.items():
        for _ in range(max(1, round(len(distinct) * fraction))):
            if len(order) > 1:
                owner[distinct[order.pop()]] = name
    return [owner.get(unit, "train") for unit in units]


def _blocks(
    scenes: Sequence[Scene],
    places: Sequence[int],
    wanted: Mapping[str, float],
    options: SplitOptions,
    profiles: Callable[[int], ClassProfiles] | None,
) -> dict[str, tuple[Part, ...]]:
    """Every place in blocks: scenes on one grid are cut alike; one on another grid trains outside of those blocks."""
    found: dict[str, list[Part]] = {key: [] for key in SETS}
    for place in sorted(set(places)):
        members = [number for number, own in enumerate(places) if own == place]
        largest = max(members, key=lambda number: scenes[number].grid.height * scenes[number].grid.width)
        alike = [number for number in members if scenes[number].grid == scenes[largest].grid]
        blocks = cut_into_blocks(
            scenes[largest].grid.shape,
            wanted,
            BlockOptions(options.margin, options.block, options.seed, place, str(scenes[largest].path)),
            None if profiles is None else [profiles(number) for number in alike],
        )
        for number in members:
            if number in alike:
                for key, areas in blocks.items():
                    found[key].append(Part(number, areas))
            else:
                found["train"].append(Part(number, (scenes[number].window,)))
    return {key: tuple(sorted(parts, key=lambda part: part.scene)) for key, parts in found.items()}


def _apart(
    scenes: Sequence[Scene], parts: Mapping[str, Sequence[Part]], margin: int, *, by_date: bool
) -> tuple[dict[str, tuple[Part, ...]], bool]:
    """No ground of test in the other sets, none of validation in training; whether anything had to be cut out."""
    boxes = footprints([scene.grid for scene in scenes])
    days = [_date(scene) for scene in scenes]
    changed = False
    apart = {"test": tuple(parts["test"])}
    for key, held in (("val", ("test",)), ("train", ("test", "val"))):
        kept = []
        others = [other for name in held for other in apart[name]]
        numbers = np.array([other.scene for other in others], np.int64)
        for part in parts[key]:
            areas = part.areas
            near = (shared(boxes[part.scene], boxes[numbers]) > 0) | (numbers == part.scene)
            for other in (others[index] for index in np.flatnonzero(near)):
                own, away = days[part.scene], days[other.scene]
                if by_date and own is not None and away is not None and own != away:
                    continue
                grids = scenes[other.scene].grid, scenes[part.scene].grid
                areas = without(areas, _holes(other.areas, *grids, margin))
            left = Part(part.scene, areas)
            changed |= left.pixels < part.pixels
            if areas:
                kept.append(left)
        apart[key] = tuple(kept)
    return {key: apart[key] for key in SETS}, changed


def _holes(areas: Sequence[Window], source: Grid, target: Grid, margin: int) -> list[Window]:
    """Rectangles of `target` that show the ground of areas of `source`."""
    if source == target:  # blocks that keep their distance already
        return list(areas)
    found = [projected(area, source, target) for area in areas]
    return [hole.expand(margin) for hole in found if hole is not None]


def _note(kind: str, units: int, cut: bool) -> str:
    note = {
        "tile": f"by tile: whole places, {units} of them; no ground of test or validation is in training",
        "date": f"by date: {units} dates; test and validation show ground of the training at other dates",
        "scene": f"by scene: {units} of them; ground of test may be in training at another date",
        "blocks": f"by blocks of {units} {'place' if units == 1 else 'places'}, with unread strips between them; "
        "test is of the places of the training",
    }[kind]
    return note + ("; what overlapped was cut out of training" if cut else "")
