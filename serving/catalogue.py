"""What can be asked of this server, read off the catalogue: sensors with networks, trainings, help of the keys."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running.saved_config import CATALOGUE
from serving.model_files import target_of

SENSOR_CLASS = "products.sensor.Sensor"
_TRAININGS = "super_resolution_*.yaml"
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w/ ]+):.*?\s#\s*(?P<comment>.+)$")


@dataclass(frozen=True)
class ServedSensor:
    """A sensor that predictions are made for.

    Attributes:
        name: option of `conf/sensor`.
        title: the instrument in words.
        models: run folders or weights files, with the ground sample distances of the bands that they sharpen.
        of_catalogue: whether they are what `predict.py sensor=NAME` takes by itself.
    """

    name: str
    title: str
    models: dict[Path, int]
    of_catalogue: bool

    @property
    def targets_m(self) -> tuple[int, ...]:
        """Ground sample distances of the bands that can be sharpened, finest first."""
        return tuple(sorted(set(self.models.values())))


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
        found = own or _files_of(catalogue / "weights" / f"{node.get('weights')}.yaml")
        if found:
            served[name] = ServedSensor(name, title, {model: target_of(model) for model in found}, not own)
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


def _files_of(option: Path) -> tuple[Path, ...]:
    """The weights files of an option of `conf/weights`, by paths relative to it; empty where one is missing."""
    if not option.is_file():
        return ()
    nodes: Any = OmegaConf.to_container(_load(option), resolve=False)
    networks = nodes.get("networks") or []
    files = [
        option.parent / str(node["file"])
        for node in (networks.values() if isinstance(networks, dict) else networks)
    ]
    return tuple(files) if all(file.is_file() for file in files) else ()


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
