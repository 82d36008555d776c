"""What made pairs of clouds are worth: one segmenter on real, made and both kinds of labels, tested on real masks."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from evaluation.results import read_results
from evaluation.utility import BOTH, PAIRS, REAL, Scored, fit_name
from running import folders, mpi
from running.cloud_utility_report import report
from running.instantiation import instantiate
from running.labelling_rounds import first_windows, number_of
from running.parallel import constellation_name
from running.study import fit_in

GROUND, SURFACES, PAIR_FOLDER = "ground.json", "surfaces", "made_pairs"
LABELLED = "labelled_{percent:g}.json"


@dataclass(frozen=True)
class Ground:
    """The real ground of the training.

    Attributes:
        windows: ids of all windows.
        order: of each seed, windows as they are labelled; a smaller budget has the first of them.
        facts: of the data, for the report.
    """

    windows: tuple[str, ...]
    order: dict[int, tuple[str, ...]]
    facts: dict[str, Any]


def cloud_utility(
    config: DictConfig,
    folder: Path,
    *,
    pairs: Callable[..., Any],
    budgets: Sequence[float],
    seeds: Sequence[int],
    metric: str = "iou_cloud",
    min_known: float = 0.5,
    clear_windows: int = 512,
    clear_px: int = 64,
) -> float | None:
    """Train on real labels, on pairs, and on both, at every budget of real labels and for every seed, and compare.

    All trainings have the same network, loss, number of steps and size of batches; those of a seed have the same first
    weights, labelled windows and pairs. Pairs are made of windows without cloud of the training ground. Each training is a
    fit in a sub-folder `seed_<n>/<arm>_<percent>`; one that is complete is not repeated when the run is resumed.

    Args:
        config: of all trainings, with `data=cloud_pairs`.
        folder: the run folder.
        pairs: `synthesis.clouds.pairs.generate`, with everything set but output, surfaces and seed.
        budgets: parts of the real windows that are labelled, in (0, 1].
        seeds: of weights, windows and pairs.
        metric: of the tests.
        min_known: part of a labelled window in which a class is known, at least.
        clear_windows: at most so many are taken for surfaces.
        clear_px: their side, pixels.

    Returns:
        What pairs add to the metric at the smallest budget, mean over seeds; None where it is undefined.

    Raises:
        UserError: another DataModule, impossible budgets, no window without cloud.
    """
    _check(config, budgets, seeds)
    budgets, seeds = sorted({float(share) for share in budgets}), [int(seed) for seed in seeds]
    if config.trainer.get("fast_dev_run"):  # a batch tried
        budgets, seeds = budgets[-1:], seeds[:1]
    ground = _lay_out(config, folder, seeds, budgets, min_known, clear_windows, clear_px)
    tested: list[Scored] = []
    for seed in seeds:
        home = folder / f"seed_{seed}"
        pairs(str(home / PAIR_FOLDER), surfaces=str(folder / SURFACES), seed=seed)
        for arm, share, listed in _arms(home, ground, seed, budgets):
            place = home / fit_name(arm, share)
            values = {
                "seed": seed, "data.train_on": arm, "data.test_with": REAL,
                "data.root": None if arm == REAL else str(home / PAIR_FOLDER),
                "data.labelled": None if listed is None else str(listed),
            }  # fmt: skip
            fit_in(place, config, values, show=False)
            results = read_results(place / "results.json")
            windows = 0 if arm == PAIRS else _number(share, ground.windows)
            tested.append(Scored(arm, seed, share, windows, results["metrics"]))
            ground.facts["test_scenes"] = int(results.get("scored", {}).get("scenes", 0))
            _say(tested[-1], metric, len(ground.windows))
    data = {**ground.facts, "windows": len(ground.windows), "budgets": budgets, "seeds": seeds}
    data["steps"] = int(config.trainer.max_steps)
    metrics = report(str(config.experiment_name), folder, tested, metric, data)
    return metrics.get(f"gain_{100 * budgets[0]:g}/{metric}")


def _arms(
    home: Path, ground: Ground, seed: int, budgets: Sequence[float]
) -> Iterator[tuple[str, float, Path | None]]:
    """Arm, share, and file of the labelled windows (None: all ground) of every training of a seed."""
    for share in budgets:
        listed = None
        if share < 1:
            listed = home / LABELLED.format(percent=100 * share)
            ids = ground.order[seed][: _number(share, ground.windows)]
            folders.write_text(listed, json.dumps({"windows": ids}, indent=1) + "\n")
        yield REAL, share, listed
        yield BOTH, share, listed
    yield PAIRS, 0.0, None


def _number(share: float, windows: Sequence[str]) -> int:
    return number_of(share, len(windows)) if share < 1 else len(windows)


def _listed(budgets: Sequence[float], windows: Sequence[str]) -> int:
    """How many windows the largest list has; all ground needs none."""
    return max((_number(share, windows) for share in budgets if share < 1), default=0)


def _lay_out(
    config: DictConfig,
    folder: Path,
    seeds: Sequence[int],
    budgets: Sequence[float],
    min_known: float,
    clear_windows: int,
    clear_px: int,
) -> Ground:
    """Find the windows of the training and copy those without cloud; what has been laid out stays.

    Raises:
        UserError: data without labelled windows, or none without cloud.
    """
    record = folder / GROUND
    if record.exists():
        known = json.loads(record.read_text())
        order = {int(seed): tuple(ids) for seed, ids in known["order"].items()}
        ground = Ground(tuple(known["windows"]), order, known["facts"])
        if all(len(order.get(seed, ())) >= _listed(budgets, ground.windows) for seed in seeds):
            return ground
    own = config.copy()
    for key, value in {"data.train_on": REAL, "data.test_with": REAL, "data.labelled": None}.items():
        OmegaConf.update(own, key, value)
    data: Any = instantiate(own.data)
    data.prepare_data()
    data.setup("fit")
    windows = tuple(data.grid_windows())
    count = _listed(budgets, windows)
    order = {
        seed: first_windows(data.pool_set, count, seed, min_known, "procedure.budgets") for seed in seeds
    }
    facts = {
        "generated": bool(data.specification.synthetic),
        "bands": list(data.specification.bands),
        "split_note": data.split_note,
        "surfaces": data.write_clear_windows(folder / SURFACES, clear_px, clear_windows),
    }
    content = {"windows": windows, "order": {str(seed): ids for seed, ids in order.items()}, "facts": facts}
    folders.write_text(record, json.dumps(content, indent=1) + "\n")
    return Ground(windows, order, facts)


def _check(config: DictConfig, budgets: Sequence[float], seeds: Sequence[int]) -> None:
    if "train_on" not in config.data:
        raise UserError(f"data: found {config.data.get('_target_')}, expected data=cloud_pairs")
    if constellation_name(config) is not None or mpi.size() > 1:
        raise UserError(
            "procedure=cloud_utility works in one process on the ground: expected constellation=none"
        )
    if not config.fit or not config.test:
        raise UserError("procedure=cloud_utility trains and tests: expected fit=true and test=true")
    if not budgets or not all(0 < share <= 1 for share in budgets):
        raise UserError(
            f"procedure.budgets: found {list(budgets)}, expected parts of the real windows, more than 0 and at most 1"
        )
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError(f"procedure.seeds: found {list(seeds)}, expected different whole numbers")


def _say(tested: Scored, metric: str, total: int) -> None:
    value = tested.scores.get(metric)
    shown = "-" if value is None else f"{value:.3f}"
    labels = {PAIRS: "no real label", REAL: f"{tested.windows} of {total} real windows"}
    words = labels.get(tested.arm, f"{tested.windows} of {total} real windows and pairs")
    print(f"seed {tested.seed}, {words}: {metric} {shown}", flush=True)  # noqa: T201
