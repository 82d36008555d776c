"""`predict.py` without a run: weights that the catalogue names, or a file of published ones."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running.command_line import CommandLine
from running.instantiation import instantiate
from running.saved_config import CATALOGUE
from running.suggestions import nearest

_TASK = "super_resolve"  # what weights without a run are for
_ANY_FILE = "file"  # the option of conf/weights that takes a file from the command line


def are_meant(line: CommandLine) -> bool:
    """Whether the command line names a sensor or weights, and no run."""
    return not (line.has("run") or line.has("ckpt_path")) and (line.has("sensor") or line.has("weights"))


def with_weights(line: CommandLine) -> CommandLine:
    """The command line with `weights=` as an option of the catalogue, and the task that weights are for.

    `weights=FILE convention=dsen2` becomes `weights=file weights.files=[FILE] weights.convention=dsen2`; without
    `weights=` the sensor's own are taken.

    Raises:
        UserError: the sensor is not known or has no weights, or a file comes without a sensor.
    """
    sensor, weights = line.value("sensor"), line.value("weights")
    own = _of_task(line)
    if own is not None and weights is not None:
        return _for_task(line, own)
    words = line.without("weights", "convention").overrides
    if weights is None:
        words.append(f"weights={_weights_of(str(sensor))}")
    elif not isinstance(weights, list) and _is_option("weights", str(weights)):
        words.append(f"weights={weights}")
        if sensor is None and str(weights) != _ANY_FILE:
            words.append(f"sensor={OmegaConf.load(CATALOGUE / 'weights' / f'{weights}.yaml').sensor}")
    else:
        if sensor is None:
            raise UserError(f"weights={_shown(weights)} need to know the instrument: give sensor=NAME")
        files = [str(item) for item in (weights if isinstance(weights, list) else [weights])]
        for file in files:
            if not Path(file).is_file():
                known = ", ".join(_options("weights"))
                raise UserError(
                    f"weights={file}: there is no such file, and no weights of that name"
                    f"{nearest(file, _options('weights'))}; expected a file or one of {known}"
                )
        words += [f"weights={_ANY_FILE}", f"weights.files={_quoted(files)}"]
    if line.has("convention"):
        words.append(f"weights.convention={line.value('convention')}")
    if not line.has("task"):
        words.append(f"task={_TASK}")
    return CommandLine(line.flags, words)


def _of_task(line: CommandLine) -> Any:
    """The config of the task on the command line, where it has a way of its own to read weights; else None."""
    task = str(line.value("task"))
    if not line.has("task") or not _is_option("task", task):
        return None
    node = _load("task", task)
    return node if "weights_reader" in node else None


def _for_task(line: CommandLine, task: Any) -> CommandLine:
    """The command line with `weights=` as files for a task's `weights_reader`, and the groups that these need.

    Raises:
        UserError: there is no such file.
    """
    weights = line.value("weights")
    files = [str(item) for item in (weights if isinstance(weights, list) else [weights])]
    for file in files:
        if not Path(file).is_file():
            raise UserError(f"weights={file}: there is no such file")
    words = line.without("weights", "convention").overrides
    words += [f"weights={_ANY_FILE}", f"weights.files={_quoted(files)}"]
    if line.has("convention"):
        words.append(f"weights.convention={line.value('convention')}")
    defaults = task.get("weights_defaults") or {}
    words += [f"{group}={option}" for group, option in defaults.items() if not line.has(str(group))]
    return CommandLine(line.flags, words)


def load(config: DictConfig) -> list[Any]:
    """The networks that `config.weights` names, for `config.sensor` or for the task; ready to predict.

    Raises:
        UserError: a file is missing, damaged, altered, or of another sensor.
    """
    task = config.get("task")
    if task is not None and task.get("weights_reader") is not None:
        convention = config.weights.get("convention")
        named = {} if convention is None else {"convention": convention}
        return [instantiate(task.weights_reader, file=file, **named) for file in config.weights.files]
    sensor = instantiate(config.sensor)
    bands = {m: [band.name for band in sensor.group(m)] for m in sensor.ground_sample_distances_m}
    node: Any = OmegaConf.to_container(config.weights, resolve=True)
    if "files" in node:
        entries = [{**node["network"], "file": file} for file in node["files"]]
    else:
        entries = [_with_file(entry, Path(str(config.paths.cache))) for entry in node["networks"]]
    return [instantiate(entry, sensor=sensor.name, bands=bands) for entry in entries]


def _with_file(entry: dict[str, Any], cache: Path) -> dict[str, Any]:
    """An entry of the catalogue with the path of its file: relative to the configs, or fetched once from its `url`.

    Raises:
        UserError: a `url` without a checksum, or a transfer that failed.
    """
    url = entry.pop("url", None)
    if url is None:
        return {**entry, "file": str((CATALOGUE / "weights" / entry["file"]).resolve())}
    if not entry.get("sha256"):
        raise UserError(f"weights: {url} comes without sha256; expected the checksum of the file")
    path = cache / "weights" / f"{entry['sha256'][:16]}{Path(urlsplit(url).path).suffix}"
    instantiate({"_target_": "products.download.transfer.fetch"}, url, path, sha256=entry["sha256"])
    return {**entry, "file": str(path)}


def _weights_of(sensor: str) -> str:
    if not _is_option("sensor", sensor):
        known = [name for name in _options("sensor") if "_target_" in _load("sensor", name)]
        raise UserError(
            f"sensor: found '{sensor}'{nearest(sensor, known)}, expected one of {', '.join(known)}"
        )
    own = _load("sensor", sensor).get("weights")
    if own is None:
        raise UserError(
            f"sensor={sensor} has no trained weights in conf/weights: give run=FOLDER or weights=FILE"
        )
    return str(own)


def _load(group: str, name: str) -> Any:
    return OmegaConf.load(CATALOGUE / group / f"{name}.yaml")


def _options(group: str) -> list[str]:
    return sorted(path.stem for path in (CATALOGUE / group).glob("*.yaml"))


def _is_option(group: str, name: str) -> bool:
    return name in _options(group)


def _shown(weights: Any) -> str:
    return f"[{','.join(map(str, weights))}]" if isinstance(weights, list) else str(weights)


def _quoted(files: list[str]) -> str:
    """A list of paths as Hydra's grammar takes it."""
    return "[" + ",".join("'" + file.replace("'", "\\'") + "'" for file in files) + "]"
