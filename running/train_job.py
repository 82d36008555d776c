"""The work of `train.py`: check, keep the records of a run folder, hand over to the procedure."""

import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running import folders, mpi
from running.config_check import check
from running.parallel import begin, check_parallel
from running.run_record import begin_record, put_back, remember


@dataclass
class JobResult:
    """What a job leaves: its folder (None where there is none to name) and the value for a sweeper."""

    folder: Path | None = None
    objective: float | None = None


def train(config: DictConfig, folder: Path, config_name: str, overrides: list[str]) -> JobResult:
    """Run the configured procedure in `folder`.

    The folder's `status.json` says `running`, then `finished`, `waiting`, `interrupted` or `failed`; a run that user input
    stopped before its first checkpoint leaves no folder behind.
    """
    try:
        check(config, config_name, overrides)
        OmegaConf.to_container(config, resolve=True)  # an interpolation that leads nowhere shows now
        check_parallel(config)
    except Exception:
        remove_empty(folder)
        raise
    resumed = begin(folder)
    earlier, newest = remember(folder), _newest_checkpoint(folder)
    begin_record(folder, config, overrides)
    log_file = _log_to(folder / ("train.log" if mpi.rank() == 0 else f"train_rank_{mpi.rank()}.log"))
    from pytorch_lightning.utilities.exceptions import MisconfigurationException

    from running.instantiation import instantiate

    try:
        procedure = instantiate(config.procedure)
        objective = procedure(config, folder)
    except (UserError, MisconfigurationException) as error:
        begun = (folder / "ground").exists() or list(folder.glob("**/checkpoints/*.ckpt"))
        if not resumed and not begun:
            _close(log_file)
            shutil.rmtree(folder, ignore_errors=True)
            remove_empty(folder.parent)
        elif resumed and _newest_checkpoint(folder) == newest:
            put_back(folder, earlier)
        else:
            folders.set_status(folder, "failed")
        if isinstance(
            error, MisconfigurationException
        ):  # a trainer that this machine or these data cannot have
            raise UserError(f"trainer: {str(error).splitlines()[0]}") from error
        raise
    except KeyboardInterrupt as error:
        folders.set_status(folder, "interrupted")
        where = f"{error}: " if str(error) else ""
        raise KeyboardInterrupt(f"{where}interrupted; continue with: train.py resume={folder}") from error
    except BaseException:
        folders.set_status(folder, "failed")
        raise
    finally:
        _close(log_file)
    if folders.status(folder)["state"] != folders.WAITING:
        folders.set_status(folder, "finished")
    return JobResult(folder, objective)


def _newest_checkpoint(folder: Path) -> float:
    """When the newest checkpoint was written; 0 where there is none."""
    return max((path.stat().st_mtime for path in folder.glob("**/checkpoints/*.ckpt")), default=0.0)


def _log_to(path: Path) -> logging.Handler:
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler


def _close(handler: logging.Handler) -> None:
    logging.getLogger().removeHandler(handler)
    handler.close()


def remove_empty(folder: Path) -> None:
    """Remove the folder that Hydra made, and the parents that it made for it, as far as they are empty."""
    for path in (folder, folder.parent, folder.parent.parent):
        with suppress(OSError):  # not empty: somebody's work
            path.rmdir()
