"""One training: `train.py` in a process group of its own, with TensorBoard, for as long as the worker waits for it."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from errors import UserError
from serving import child_process, work_folder
from serving.argument_fields import path_below
from serving.catalogue import Training, trainings
from serving.guarded_process import run_guarded
from serving.prediction_process import quoted
from serving.settings import Settings

# Arguments of the server -> keys of the config.
KEYS = {
    "max_steps": "trainer.max_steps",
    "val_check_interval": "trainer.val_check_interval",
    "patch_size": "data.patch_size",
    "batch_size": "data.batch_size",
    "seed": "seed",
}
PRODUCTS = ("train", "val", "test")  # of `data`: lists of products


def train(arguments: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Train to the end; returns the name of the run folder and the metrics of its test.

    Raises:
        UserError: one sentence without folders of this machine, which DEEPaaS keeps as the job's message.
    """
    work_folder.prepare(settings.work)
    settings.runs.mkdir(parents=True, exist_ok=True)
    experiment = chosen_experiment(arguments, trainings())
    with work_folder.request_folder(settings.work) as folder:
        ended = run_guarded(
            [sys.executable, "-P", "-m", "train", *_words(arguments, experiment, settings)],
            folder,
            environment=child_process.environment(settings, folder),
            time_s=settings.train_time_s,
            grace_s=settings.train_grace_s,
        )
        child_process.check_training(ended, settings)
        run = Path(ended.out.strip().splitlines()[-1])
    results = run / "results.json"
    return {
        "run": run.relative_to(settings.runs).as_posix(),
        "experiment": experiment.experiment,
        "tensorboard": (run / "tensorboard").relative_to(settings.runs).as_posix(),
        "metrics": json.loads(results.read_text()).get("metrics", {}) if results.is_file() else {},
    }


def chosen_experiment(arguments: Mapping[str, Any], known: list[Training]) -> Training:
    """The experiment of the asked sensor and target grid.

    Raises:
        UserError: there is none, or several.
    """
    of_sensor = [training for training in known if training.sensor == arguments["sensor"]]
    target = arguments.get("target_m")
    found = [training for training in of_sensor if target in (None, training.target_m)]
    if len(found) != 1:
        expected = ", ".join(str(training.target_m) for training in of_sensor)
        raise UserError(f"target_m: found {target}, expected one of {expected} for {arguments['sensor']}")
    return found[0]


def _words(arguments: Mapping[str, Any], experiment: Training, settings: Settings) -> Iterator[str]:
    yield f"experiment={experiment.experiment}"
    yield "logger=tensorboard"
    yield f"paths.runs={quoted(settings.runs)}"
    yield f"paths.cache={quoted(settings.work / 'cache')}"
    yield f"trainer.accelerator={'cpu' if settings.device == 'cpu' else 'cuda'}"
    if settings.num_threads is not None:
        yield f"num_threads={settings.num_threads}"
    for name, key in KEYS.items():
        if arguments.get(name) is not None:
            yield f"{key}={arguments[name]}"
    for name in PRODUCTS:
        if arguments.get(name):
            products = [path_below(settings.data, text) for text in arguments[name]]
            yield f"data.{name}=[{','.join(map(quoted, products))}]"
