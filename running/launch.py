"""From the command line of a verb to its work, and from any failure to one sentence and an exit status.

Only Hydra is imported before the config is checked, so `--help` and `--cfg job` answer at once.
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from errors import UserError
from running import command_line, folders, mpi, verbs
from running.command_line import CommandLine
from running.help_text import help_text

INTERRUPTED = 130  # what a shell reports for a program that SIGINT ended


def launch(verb: str) -> None:
    """Run `verb` ("train", "test", "generate", "predict") on `sys.argv`; ends the process with its status."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let Hydra's errors reach us instead of being printed
    # Threads of torch that wait for each other sleep instead of spinning: on cores that are shared with other
    # work (a second job, another MPI rank) spinning makes a training step several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    status = 0
    job = Job(verb, line := CommandLine())
    try:
        line = command_line.read(sys.argv[1:])
        if line.flags and line.flags[0] in ("-h", "--help"):
            print(help_text(verb))  # noqa: T201
            return
        folders.stamp_launch()
        job.config_name, line = verbs.prepare(verb, line)
        job.line = line
        sys.argv[1:] = line.words()
        hydra.main(version_base="1.3", config_path="pkg://conf", config_name=job.config_name)(job)()
        if job.failures:
            raise job.failures[0]
    except UserError as error:
        status = _report(str(error))
    except (HydraException, OmegaConfBaseException) as error:
        status = _report(verbs.explain(error, job.config_name, verb))
    except KeyboardInterrupt as error:
        status = _report(str(error) or "interrupted", INTERRUPTED)
    except Exception:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    if status:
        mpi.abort(status)
        sys.exit(status)
    if mpi.rank() == 0 and not line.only_asks:
        for folder in job.folders:
            print(folder)  # noqa: T201


class Job:
    """What Hydra calls for each job: checks the config, then does the verb's work.

    Hydra would print a stack of its own around an exception, so failures are kept here; the other jobs of a
    sweep go on.

    Attributes:
        failures: what jobs raised.
        folders: what `launch` prints last: each job's folder, after a sweep the sweep's.
    """

    def __init__(self, verb: str, line: CommandLine) -> None:
        self.verb = verb
        self.line = line
        self.config_name = verb
        self.folders: list[Path] = []
        self.failures: list[Exception] = []
        # Hydra asks a task function for these.
        self.__name__ = verb
        self.__qualname__ = verb
        self.__code__: Any = Job.__call__.__code__

    def __call__(self, config: DictConfig) -> Any:
        """Do one job of the verb with its composed config; returns the objective of a sweep."""
        from hydra.core.hydra_config import HydraConfig

        runtime = HydraConfig.get()
        folder = Path(runtime.runtime.output_dir)
        work: Callable[..., Any] = verbs.work(self.verb)
        try:
            result = work(config, folder, self.config_name, list(runtime.overrides.task))
        except Exception as error:
            if self.line.multirun:
                print(f"nadir: job {runtime.job.num} failed: {error}", file=sys.stderr)  # noqa: T201
            self.failures.append(error)
            return None
        if result.folder is not None:
            self.folders = [path for path in self.folders if path.name != folder.parent.name]
            self.folders.append(result.folder)
            if self.line.multirun:
                self.folders.append(folder.parent)
        return result.objective


def _report(sentence: str, status: int = 1) -> int:
    print(f"nadir: {sentence}", file=sys.stderr)  # noqa: T201
    return status
