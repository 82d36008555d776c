"""Rounds of training and asking: which windows to label next, answered by masks (a simulation) or by people."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from callbacks.active_learning import check_acquisition, queries_folder
from callbacks.query_answers import EXPORT, chosen_windows, take_answers
from errors import UserError
from evaluation.acquisition import RANDOM
from evaluation.learning_curves import ALL_LABELS, Trained
from running import folders, mpi
from running.active_learning_report import report
from running.labelling_rounds import CALLBACK, Ground, Round, lay_out, number_of
from running.parallel import constellation_name

ORACLES = ("masks", "human")
GROUND = "windows.json"
WEAK = "all"  # initial_windows: all ground, with labels that people are asked to mend


@dataclass(frozen=True)
class Budget:
    """How many windows are labelled when.

    Attributes:
        initial: at first; 0: all ground is trained on, and people mend its masks.
        each: after every round.
        rounds: times that windows are asked about.
    """

    initial: int
    each: int
    rounds: int


def active_learning(
    config: DictConfig,
    folder: Path,
    *,
    oracle: str,
    acquisitions: Sequence[str],
    rounds: int,
    initial_windows: float | str,
    windows_per_round: float,
    seeds: Sequence[int] | None = None,
    metric: str = "mean_iou",
    all_labels: bool = False,
    warm_start: bool = False,
    min_answers: float = 1.0,
) -> float | None:
    """Train, ask, label, and train again; each round is a fit in a sub-folder, and one that is complete is not repeated.

    With `oracle=masks` the masks of the data answer, and every acquisition stands beside random choice, with the same
    initial windows, initial weights and budgets, over all seeds. With `oracle=human` the run stops after each round with
    a folder of queries, and goes on with the answers when it is resumed.

    Args:
        config: of all rounds; its callbacks hold `active_learning`.
        folder: the run folder.
        oracle: who answers.
        acquisitions: what chooses windows, see `callbacks.active_learning`; one where people answer.
        rounds: times that windows are asked about.
        initial_windows: labelled at first: a number, a share below 1, or `all`: people mend the masks of all ground.
        windows_per_round: asked about in a round, likewise.
        seeds: of windows and weights; None: the run's. One where people answer.
        metric: of the tests, that curves show.
        all_labels: train on everything too, for comparison.
        warm_start: begin each round with the weights of the one before, not with random ones.
        min_answers: share of the queries that people must have answered before the run goes on.

    Returns:
        The metric after the last round, mean over seeds.

    Raises:
        UserError: a config without the callback, too few windows, queries that nobody has answered.
    """
    _check(config, oracle, acquisitions, seeds)
    own_seeds = [int(seed) for seed in seeds or [config.seed]]
    if config.trainer.get("fast_dev_run"):  # a batch tried, nothing kept: there is nothing to ask
        own_seeds, rounds, all_labels = own_seeds[:1], 0, False
    weak = initial_windows == WEAK
    if weak and oracle != "human":
        raise UserError(
            "procedure.initial_windows=all leaves nothing to ask the masks; expected a number or oracle=human"
        )
    ground = lay_out(config, folder / GROUND, own_seeds, 0 if weak else float(initial_windows))
    total = len(ground.windows)
    given = max(len(ids) for ids in ground.initial.values())
    budget = Budget(given, number_of(windows_per_round, total), rounds)
    if budget.initial + budget.rounds * budget.each > total:
        raise UserError(
            f"procedure: {budget.initial} windows and {rounds} x {budget.each} more were asked for, but the training ground "
            f"has {total}; expected fewer, or a smaller data.patch_size"
        )
    run = _Run(config, folder, ground, budget, warm_start)
    trained: list[Trained] = []
    if oracle == "human":
        last = run.with_people(acquisitions[0], own_seeds[0], weak, min_answers, trained, metric)
    else:
        arms = list(dict.fromkeys([*acquisitions, RANDOM]))
        last = None
        for seed in own_seeds:
            for each, training in run.with_masks(arms, seed, all_labels):
                trained.append(training)
                _say(training, metric, total)
                last = each if training.arm == arms[0] and seed == own_seeds[0] else last
    assert last is not None
    if not config.trainer.get("fast_dev_run"):
        last.publish(config, folder)
    value = report(config, folder, trained, metric, total, oracle)
    return None if value is None or math.isnan(value) else value


class _Run:
    """The rounds of a run in their order.

    Args:
        config: of all rounds.
        folder: the run folder.
        ground: the windows.
        budget: how many are labelled when.
        warm_start: whether a round begins with the weights of the one before.
    """

    def __init__(
        self, config: DictConfig, folder: Path, ground: Ground, budget: Budget, warm_start: bool
    ) -> None:
        self.config, self.folder, self.ground = config, folder, ground
        self.budget, self.warm_start = budget, warm_start

    def with_masks(self, arms: Sequence[str], seed: int, all_labels: bool) -> Iterator[tuple[Round, Trained]]:
        """Every round of every arm: the first is shared, then arm by arm."""
        home, budget = self.folder / f"seed_{seed}", self.budget
        first = Round(
            home / "round_0", 0, seed, self.ground.initial[seed], ask=arms if budget.rounds else (), queries=budget.each
        )  # fmt: skip
        scores = first.run(self.config)["metrics"]
        for arm in arms:
            yield first, Trained(arm, seed, 0, budget.initial, scores)
        for arm in arms:
            before = first
            for number in range(1, budget.rounds + 1):
                assert before.labelled is not None
                own = Round(
                    home / arm.replace("+", "_") / f"round_{number}",
                    number,
                    seed,
                    [*before.labelled, *chosen_windows(before.queries_folder, arm)],
                    ask=[arm] if number < budget.rounds else [],
                    queries=budget.each,
                    weights=before.checkpoint if self.warm_start else None,
                )
                assert own.labelled is not None
                scores = own.run(self.config)["metrics"]
                yield own, Trained(arm, seed, number, len(own.labelled), scores)
                before = own
        if all_labels:
            every = Round(home / ALL_LABELS, 0, seed, self.ground.windows)
            yield (
                every,
                Trained(ALL_LABELS, seed, 0, len(self.ground.windows), every.run(self.config)["metrics"]),
            )

    def with_people(
        self, acquisition: str, seed: int, weak: bool, min_answers: float, trained: list[Trained], metric: str
    ) -> Round:
        """The rounds whose queries have been answered, and the next one, which asks; adds to `trained`."""
        labelled = None if weak else self.ground.initial[seed]
        windows = 0 if labelled is None else len(labelled)
        answered: list[Path] = []
        before: Round | None = None
        for number in range(self.budget.rounds + 1):
            own = Round(
                self.folder / f"round_{number}",
                number,
                seed,
                labelled,
                edited=tuple(answered),
                ask=[acquisition] if number < self.budget.rounds else [],
                queries=self.budget.each,
                for_people=True,
                weights=before.checkpoint if self.warm_start and before is not None else None,
            )
            fresh = not own.is_complete
            scores = own.run(self.config)["metrics"]
            trained.append(Trained(acquisition, seed, number, windows, scores))
            _say(trained[-1], metric, len(self.ground.windows))
            before = own
            if number == self.budget.rounds:
                break
            queries = queries_folder(own.queries_folder, acquisition)
            answers, asked = take_answers(queries)
            if fresh or answers < min_answers * asked:
                self._wait(queries, answers, asked, fresh)
                break
            windows += answers
            answered.append(queries)
        assert before is not None
        return before

    def _wait(self, queries: Path, answers: int, asked: int, fresh: bool) -> None:
        """Say what people are to do; a run that was resumed too early is an error.

        Raises:
            UserError: the queries were asked in an earlier launch.
        """
        how = (
            f"label them with: predict.py task=annotate input='{queries}' (or in Label Studio: import label_studio.json, "
            f"export as JSON to {EXPORT}.json beside it)"
        )
        if not fresh:
            raise UserError(
                f"{queries}: found {answers} of {asked} windows labelled, expected all of them "
                f"(or a smaller procedure.min_answers); {how}"
            )
        folders.set_status(self.folder, folders.WAITING, queries=str(queries))
        print(f"{asked} windows wait for labels in {queries}")  # noqa: T201
        print(how)  # noqa: T201
        print(f"then go on with: train.py resume='{self.folder}'")  # noqa: T201


def _check(config: DictConfig, oracle: str, acquisitions: Sequence[str], seeds: Sequence[int] | None) -> None:
    if oracle not in ORACLES:
        raise UserError(f"procedure.oracle: found {oracle!r}, expected one of {', '.join(ORACLES)}")
    callback: Any = (config.get("callbacks") or {}).get(CALLBACK) or {}
    if "_target_" not in callback:
        raise UserError(f"callbacks: found no {CALLBACK}, expected callbacks=active_learning")
    if constellation_name(config) is not None or mpi.size() > 1:
        raise UserError(
            "procedure=active_learning works in one process on the ground: expected constellation=none"
        )
    if not config.fit or not config.test:
        raise UserError(
            "procedure=active_learning trains and tests every round: expected fit=true and test=true"
        )
    if not acquisitions or (oracle == "human" and len(acquisitions) != 1):
        expected = "one" if oracle == "human" else "at least one"
        raise UserError(f"procedure.acquisitions: found {len(acquisitions)}, expected {expected}")
    for each in acquisitions:
        check_acquisition(each, int(callback.draws))
    if oracle == "human" and seeds is not None and len(seeds) != 1:
        raise UserError(f"procedure.seeds: found {len(seeds)}, expected one where people answer")


def _say(training: Trained, metric: str, total: int) -> None:
    value = training.scores.get(metric)
    shown = "-" if value is None else f"{value:.3f}"
    print(  # noqa: T201
        f"seed {training.seed}, {training.arm}, round {training.round}: {training.windows} of {total} windows, "
        f"{metric} {shown}",
        flush=True,
    )
