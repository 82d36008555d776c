"""A job of several fits: one run folder, a sub-folder per fit, one results.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from errors import UserError
from evaluation.results import read_results, write_results
from running import folders, mpi
from running.fit_and_test import fit_and_test
from running.run_record import begin_record
from running.table import print_results


def study(config: DictConfig, folder: Path, *, fits: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Run `fit_and_test` once for each of `fits` and gather the metrics as `<fit>/<metric>`.

    A fit that has its `results.json` already (the study was resumed) is not run again.

    Args:
        config: what all fits share.
        folder: the run folder; fit `name` works in `folder/name`.
        fits: {name: {dotted key of the config: value}}.

    Returns:
        The objective of the last fit.

    Raises:
        UserError: no fits, a name that is no folder name, an unknown key.
    """
    if not fits:
        raise UserError("procedure.fits: found none, expected {name: {key: value}}")
    objective = None
    metrics: dict[str, float] = {}
    for name, values in fits.items():
        if not str(name).replace("_", "").replace("-", "").isalnum():
            raise UserError(f"procedure.fits: found the name '{name}', expected letters, digits, '_' and '-'")
        place = folder / name
        unknown = unknown_keys(config, values)
        if unknown:
            raise UserError(f"procedure.fits.{name}: '{unknown[0]}' is not a key of this config")
        found = fit_in(place, config, values)
        objective = objective if found is None else found
        mpi.broadcast(None)  # rank 0 has written what all ranks read now
        for metric, number in read_results(place / "results.json")["metrics"].items():
            metrics[f"{name}/{metric}"] = number
    results = {"experiment": config.experiment_name, "data": {"fits": list(fits)}, "metrics": metrics}
    write_results(folder / "results.json", results)
    print_results(results, title=f"{config.experiment_name}: {len(fits)} fits")
    return objective


def unknown_keys(config: DictConfig, values: Mapping[str, Any]) -> list[str]:
    """Which of some dotted keys a config does not have."""
    return [key for key in values if OmegaConf.select(config, key, default=config) is config]


def fit_in(place: Path, config: DictConfig, values: Mapping[str, Any], *, show: bool = True) -> float | None:
    """Run `fit_and_test` in a sub-folder with some values of the config changed, as far as that has not been done.

    One that was stopped goes on from its newest checkpoint; one that has its `results.json` is not touched.

    Args:
        place: the sub-folder.
        config: of the run; it is not changed.
        values: {dotted key of the config: value}.
        show: print the results.

    Returns:
        The objective; None where it was not measured now.
    """
    if (place / "results.json").exists():
        return None
    own = config.copy()
    for key, value in values.items():
        OmegaConf.update(own, key, value)
    with open_dict(own):
        own.paths.output = str(place)
        own.resume = _unfinished(place)
        own.procedure = {"_target_": "running.fit_and_test.fit_and_test", "_partial_": True}
    begin_record(place, own, [f"{key}={value}" for key, value in values.items()])
    objective = fit_and_test(own, place, show=show)
    folders.set_status(place, "finished")
    return objective


def _unfinished(place: Path) -> str | None:
    if (place / "ground").exists():
        return "start"  # a constellation finds what its satellites have saved
    last = place / "checkpoints" / "last.ckpt"
    return str(last) if last.exists() else None
