"""What can be asked of this server, read off the catalogue: sensors with networks, trainings, help of the keys."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running.saved_config import CATALOGUE
from serving.own_models import targets_of

SENSOR_CLASS = "products.sensor.Sensor"
_TRAININGS = "super_resolution_*.yaml"
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w/ ]+):.*?\s#\s*(?P<comment>.+)$")


@dataclass(frozen=True)
class ServedSensor:
    """A sensor that predictions are made for.

    Attributes:
        name: option of `conf/sensor`.
        title: the instrument in words.
        targets_m: ground sample distances of the bands that can be sharpened.
        networks: names of its weights' networks, with their target grids; empty: `models` serve it.
        models: run folders or weights files of the settings.
    """

    name: str
    title: str
    targets_m: tuple[int, ...]
    networks: dict[str, int]
    models: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Training:
    """An experiment that the server trains.

    Attributes:
        experiment: option of `conf/experiment`.
        sensor: option of `conf/sensor`.
        target_m: ground sample distance of the bands that are learned.
    """

    experiment: str
    sensor: str
    target_m: int


def sensor_names(catalogue: Path = CATALOGUE) -> list[str]:
    """The options of `conf/sensor` that products are opened with."""
    return [
        path.stem
        for path in sorted((catalogue / "sensor").glob("*.yaml"))
        if _load(path).get("_target_") == SENSOR_CLASS
    ]


def served_sensors(models: dict[str, list[str]], catalogue: Path = CATALOGUE) -> dict[str, ServedSensor]:
    """The sensors that have weights in the catalogue, or models in the server's settings; by name.

    Raises:
        UserError: a model is not there or of another kind, or of a sensor that nobody knows.
    """
    served = {}
    for name in sensor_names(catalogue):
        node = _load(catalogue / "sensor" / f"{name}.yaml")
        title = str(node.get("title", name))
        own = tuple(Path(model).resolve() for model in models.get(name, ()))
        if own:
            served[name] = ServedSensor(name, title, targets_of(own), {}, own)
            continue
        networks = _networks(catalogue / "weights" / f"{node.get('weights')}.yaml")
        if networks:
            served[name] = ServedSensor(name, title, tuple(sorted(set(networks.values()))), networks)
    strange = sorted(models.keys() - served.keys())
    if strange:
        raise UserError(f"models: found the sensor {strange[0]}, expected some of conf/sensor")
    return served


def trainings(catalogue: Path = CATALOGUE) -> list[Training]:
    """The experiments of super-resolution, by name."""
    found = []
    for path in sorted((catalogue / "experiment").glob(_TRAININGS)):
        node = _load(path)
        sensor = _chosen(node, "sensor")
        target_m = OmegaConf.select(node, "data.target_m")
        if sensor is not None and isinstance(target_m, int):
            found.append(Training(path.stem, sensor, target_m))
    return found


def help_of(file: str, catalogue: Path = CATALOGUE) -> dict[str, str]:
    """The comment behind each key of a file of the catalogue, by dotted key (`region.pixels`).

    Raises:
        FileNotFoundError: there is no such file.
    """
    comments: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (catalogue / file).read_text(encoding="utf-8").splitlines():
        bare = re.match(r"^( *)([\w/ ]+):", line)
        if bare is None:
            continue
        indent = len(bare[1])
        path = [entry for entry in path if entry[0] < indent]
        path.append((indent, bare[2]))
        if (found := _KEY.match(line)) is not None:
            comments[".".join(key for _, key in path)] = found["comment"].strip()
    return comments


def _networks(option: Path) -> dict[str, int]:
    """Names and target grids of the networks of an option of `conf/weights`, finest first; empty without their files.

    The target grid is the network's `target_m`, or the number in its name.
    """
    if not option.is_file():
        return {}
    nodes: Any = OmegaConf.to_container(_load(option), resolve=False)
    found = {}
    for name, node in (nodes.get("networks") or {}).items():
        number = re.search(r"[0-9]+", str(name))
        target = node.get("target_m") or (number and int(number[0]))
        if target is not None and (option.parent / str(node.get("file"))).is_file():
            found[str(name)] = int(target)
    return (
        dict(sorted(found.items(), key=lambda entry: entry[1]))
        if len(found) == len(nodes["networks"])
        else {}
    )


def _chosen(node: DictConfig, group: str) -> str | None:
    for entry in node.get("defaults", []):
        if OmegaConf.is_dict(entry):
            for key, option in entry.items():
                if str(key).removeprefix("override ").lstrip("/") == group:
                    return None if option is None else str(option)
    return None


def _load(path: Path) -> DictConfig:
    node = OmegaConf.load(path)
    assert isinstance(node, DictConfig)
    return node
