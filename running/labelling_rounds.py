"""One round of active learning: a training on what is labelled so far, its test, and what to ask next."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from callbacks.query_answers import is_written
from errors import UserError
from evaluation.acquisition import random_scores
from evaluation.results import read_results
from running import folders
from running.fit_and_test import fit_and_test
from running.instantiation import instantiate
from running.run_record import begin_record, write_config

CALLBACK = "active_learning"  # among the callbacks
LABELLED = "labelled.json"
QUERIES = "queries"
RESULTS = "results.json"
_EVERYTHING = 1.0  # shares below this are shares, numbers from it on are windows


@dataclass(frozen=True)
class Round:
    """What a round works with.

    Attributes:
        place: its folder.
        number: from 0.
        seed: of weights and choices.
        labelled: ids of the windows that are trained on with the masks of the data; None: all ground.
        edited: folders of queries that people have answered.
        ask: acquisitions that choose the next windows.
        queries: windows that each of them asks about.
        for_people: queries are for people: with pixels and pictures, and whatever the masks know.
        weights: checkpoint whose weights the training begins with; None: random ones of the seed.
    """

    place: Path
    number: int
    seed: int
    labelled: Sequence[str] | None
    edited: Sequence[Path] = ()
    ask: Sequence[str] = ()
    queries: int = 0
    for_people: bool = False
    weights: Path | None = None

    @property
    def queries_folder(self) -> Path:
        """Below which the queries of each acquisition are."""
        return self.place / QUERIES

    @property
    def checkpoint(self) -> Path:
        """Of the network that was tested."""
        return folders.checkpoint_of(self.place)

    @property
    def is_complete(self) -> bool:
        """Whether it has been tested, and has asked what it shall ask."""
        return (self.place / RESULTS).exists() and is_written(self.queries_folder, self.ask)

    def run(self, config: DictConfig) -> dict[str, Any]:
        """Train, test and ask, as far as that has not been done.

        A round that was stopped goes on from its newest checkpoint; one that is complete is not touched.

        Args:
            config: what all rounds share.

        Returns:
            Its results.
        """
        results = self.place / RESULTS
        if self.is_complete:
            return read_results(results)
        own = self._config(config)
        if results.exists():  # it was the last round when it was trained
            own.fit = False
        if self.labelled is not None:
            folders.write_text(
                self.place / LABELLED, json.dumps({"windows": list(self.labelled)}, indent=1) + "\n"
            )
        begin_record(self.place, own, self._words())
        fit_and_test(own, self.place, show=False)
        folders.set_status(self.place, "finished")
        return read_results(results)

    def publish(self, config: DictConfig, folder: Path) -> None:
        """Make the network of this round that of the run: `predict.py run=FOLDER` uses it."""
        target = folder / "checkpoints" / "best.ckpt"
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_name(f".{target.name}.part")
        shutil.copy2(self.checkpoint, temporary)
        temporary.replace(target)
        saved = OmegaConf.load(self.place / folders.CONFIG_FILE)
        assert isinstance(saved, DictConfig)
        with open_dict(config):
            labels = {key: config.data[key] for key in ("labelled", "edited_masks")}
            config.model, config.data = saved.model, saved.data  # what the data decided is known now
            config.data.update(labels)
        write_config(folder, config)

    def _config(self, config: DictConfig) -> DictConfig:
        own = config.copy()
        with open_dict(own):
            own.seed = self.seed
            own.paths.output = str(self.place)
            own.resume = _newest(self.place)
            own.procedure = {"_target_": "running.fit_and_test.fit_and_test", "_partial_": True}
            own.data.labelled = None if self.labelled is None else str(self.place / LABELLED)
            own.data.edited_masks = [*own.data.edited_masks, *map(str, self.edited)]
            asking = own.callbacks[CALLBACK]
            asking.queries = self.queries if self.ask else 0
            asking.acquisitions = list(self.ask)
            asking.round, asking.seed = self.number, self.seed
            asking.patches, asking.known_only = self.for_people, not self.for_people
            asking.initial_weights = None if self.weights is None else str(self.weights)
        return own

    def _words(self) -> list[str]:
        words = [f"seed={self.seed}", f"callbacks.{CALLBACK}.round={self.number}"]
        return [*words, f"callbacks.{CALLBACK}.acquisitions=[{','.join(self.ask)}]"]


@dataclass(frozen=True)
class Ground:
    """The windows of the training ground.

    Attributes:
        windows: ids, in order.
        initial: of each seed the windows that are labelled at first.
    """

    windows: tuple[str, ...]
    initial: dict[int, tuple[str, ...]]


def lay_out(config: DictConfig, record: Path, seeds: Sequence[int], initial: float) -> Ground:
    """Find the windows of the data, and those that are labelled at first.

    With `data.labelled` the windows of that file are labelled at first. What has been laid out stays: the record is
    read where it exists, and seeds that it lacks are added.

    Args:
        config: of the run.
        record: file of the record.
        seeds: for which windows are chosen.
        initial: number of windows, or a share of all below 1; 0: none are chosen.

    Raises:
        UserError: data whose windows cannot be labelled one by one, or too few windows that can be used.
    """
    known: dict[str, Any] = json.loads(record.read_text()) if record.exists() else {}
    given = OmegaConf.select(config, "data.labelled")
    chosen = {int(seed): tuple(ids) for seed, ids in known.get("initial", {}).items()}
    if known and all(seed in chosen for seed in seeds):
        return Ground(tuple(known["windows"]), chosen)
    own = config.copy()
    if "labelled" in own.data:
        own.data.labelled = None
    data: Any = instantiate(own.data)
    if not hasattr(data, "grid_windows"):
        raise UserError(
            f"data: found {type(data).__name__}, expected data=sentinel2_segmentation, whose windows can be labelled"
        )
    data.prepare_data()
    data.setup("fit")
    windows = tuple(data.grid_windows())
    fraction = float(config.callbacks[CALLBACK].min_valid_fraction)
    for seed in seeds:
        if given is not None:
            chosen[seed] = tuple(json.loads(Path(str(given)).read_text())["windows"])
        elif seed not in chosen:
            chosen[seed] = first_windows(data.pool_set, number_of(initial, len(windows)), seed, fraction)
    folders.write_text(
        record,
        json.dumps({"windows": windows, "initial": {str(s): ids for s, ids in chosen.items()}}, indent=1)
        + "\n",
    )
    return Ground(windows, chosen)


def number_of(wanted: float, total: int) -> int:
    """A number of windows that is given as such or as a share of all below 1; at least one of a share above 0."""
    return int(wanted) if wanted >= _EVERYTHING or wanted == 0 else max(1, round(wanted * total))


def first_windows(
    pool: Any, count: int, seed: int, fraction: float, key: str = "procedure.initial_windows"
) -> tuple[str, ...]:
    """Random windows in which at least a fraction of the pixels has a class; with a larger count more follow.

    Args:
        pool: all windows.
        count: how many are wanted.
        seed: of the choice.
        fraction: see above.
        key: of the config, that asks for them.

    Raises:
        UserError: there are fewer.
    """
    ids = [] if pool is None else [pool.id(place) for place in range(len(pool))]
    dice = random_scores(ids, seed, 0)
    found: list[str] = []
    for place in sorted(range(len(ids)), key=lambda place: dice[place]):
        if len(found) == count:
            break
        if float((pool[place]["mask"] != 255).mean()) >= fraction:
            found.append(ids[place])
    if len(found) < count:
        raise UserError(
            f"{key}: found {len(found)} windows of {len(ids)} with a class in {fraction:.0%} of "
            f"their pixels, expected at least {count}"
        )
    return tuple(found)


def _newest(place: Path) -> str | None:
    last = place / "checkpoints" / "last.ckpt"
    return str(last) if last.exists() else None
