"""The procedure of most jobs: fit, test the best checkpoint, write the results; in orbit where a constellation flies."""

import logging
import math
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from callbacks.checkpoint import Checkpoint, TrainingInterrupted
from evaluation.results import write_results
from running.checkpoint_io import load_checkpoint
from running.parallel import constellation_name
from running.session import Session, check_matches, load_weights, open_session
from running.table import print_results


def fit_and_test(config: DictConfig, folder: Path, *, show: bool = True) -> float | None:
    """Train, test and report in the run folder; with a constellation, on board its satellites.

    Args:
        config: of the job.
        folder: the run folder.
        show: print the results, not only write them.

    Returns:
        The last value of `config.objective`, for a sweeper; None where it was not logged.

    Raises:
        UserError: bad data, a checkpoint of another model.
    """
    if config.fit and constellation_name(config) is not None:
        from running.constellation import train_constellation  # PASEOS takes seconds to import

        return train_constellation(config, folder)
    with open_session(config, folder) as session:
        if config.fit:
            _fit(session)
        objective = session.trainer.callback_metrics.get(config.objective)
        if config.test:
            results = test_and_report(session, _checkpoint_to_test(session), folder)
            if show and session.trainer.is_global_zero:
                print_results(results, title=f"{config.experiment_name}: test")
    value = None if objective is None else float(objective)
    return None if value is None or math.isnan(value) else value


def test_and_report(session: Session, checkpoint: Path | None, folder: Path) -> dict[str, Any]:
    """Test the model of `checkpoint` (None: as it is in memory) and write `results.json` into `folder`."""
    if checkpoint is not None:
        load_weights(session.module, checkpoint)
    session.trainer.test(session.module, datamodule=session.datamodule, verbose=False)
    results = session.results()
    if session.trainer.is_global_zero:
        write_results(folder / "results.json", results)
    return results


def _fit(session: Session) -> None:
    resume = session.config.resume
    checkpoint = None if resume in (None, "start") else Path(str(resume))
    if checkpoint is not None:
        check_matches(session.module, load_checkpoint(checkpoint), checkpoint)
        logging.getLogger(__name__).info("resuming from %s", checkpoint)
    try:
        session.trainer.fit(session.module, datamodule=session.datamodule, ckpt_path=checkpoint)
    except TrainingInterrupted as error:
        raise KeyboardInterrupt from error
    except SystemExit as error:  # what Lightning makes of a second Ctrl-C
        if session.trainer.interrupted:
            raise KeyboardInterrupt from error
        raise


def _checkpoint_to_test(session: Session) -> Path | None:
    for callback in session.trainer.checkpoint_callbacks:
        if isinstance(callback, Checkpoint):
            for path in (callback.best_path, callback.last_path):
                if path.exists():
                    return path
    return None
