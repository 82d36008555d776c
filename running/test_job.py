"""The work of `test.py`: evaluate one run, a list of runs, or a sweep, each with its own config."""

import json
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from errors import UserError
from running import folders, saved_config
from running.config_check import check
from running.provenance import provenance
from running.train_job import JobResult, remove_empty
from running.verbs import LADDERS


def test(config: DictConfig, folder: Path, config_name: str, overrides: list[str]) -> JobResult:
    """Evaluate and write `results.json` and plots into `folder`; several runs are joined there.

    Raises:
        UserError: nothing to test, bad data, a checkpoint of another model.
    """
    try:
        check(config, config_name, overrides)
        runs = _runs(config)
        checkpoints = [
            run if run.suffix == ".ckpt" else folders.checkpoint_of(run, config.checkpoint) for run in runs
        ]
        if len(runs) == 1:
            _test_one(config, checkpoints[0], folder)
            return JobResult(folder)
        results = []
        for number, (run, checkpoint) in enumerate(zip(runs, checkpoints, strict=True)):
            own = _config_of(run, overrides, with_ladders=number == 0)
            own_folder = run / "tests" / folder.name
            with open_dict(own):
                own.paths.output = str(own_folder)
            results.append(_test_one(own, checkpoint, own_folder))
        from running.joining import join_and_report

        join_and_report(results, runs, folder)
        return JobResult(folder)
    except Exception:
        remove_empty(folder)
        raise


def _test_one(config: DictConfig, checkpoint: Path, folder: Path) -> dict:
    from running.fit_and_test import test_and_report
    from running.session import open_session
    from running.table import print_results

    created = not folder.exists() or not any(folder.iterdir())
    try:
        with open_session(config, folder, for_training=False) as session:
            results = test_and_report(session, checkpoint, folder)
    except UserError:
        if created:
            remove_empty(folder)
        raise
    folders.write_text(folder / "config.yaml", OmegaConf.to_yaml(config))
    folders.write_text(
        folder / "provenance.json", json.dumps(provenance(config.get("seed")), indent=2) + "\n"
    )
    print_results(results, title=f"{config.experiment_name}: {checkpoint}")
    return results


def _runs(config: DictConfig) -> list[Path]:
    if config.ckpt_path is not None:
        return [Path(config.ckpt_path)]
    given = list(config.run) if OmegaConf.is_list(config.run) else [config.run]
    return [run for item in given for run in folders.runs_of(Path(str(item)))]


def _config_of(run: Path, overrides: list[str], with_ladders: bool) -> DictConfig:
    """Config of one of several runs, with the user's overrides laid over it; one run's ladders serve all."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    name = "saved_test_member"
    saved_config.register(name, saved_config.read_config(run), "test")
    words = overrides if with_ladders else [word for word in overrides if not word.startswith(f"{LADDERS}=")]
    composed = hydra.compose_config(
        name, words, run_mode=RunMode.RUN, with_log_configuration=False, from_shell=False
    )
    with open_dict(composed):
        del composed["hydra"]
        if not with_ladders and OmegaConf.select(composed, LADDERS) is not None:
            OmegaConf.update(composed, LADDERS, False)
    return composed
