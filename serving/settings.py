"""What the server allows, and where it keeps things: `conf/serving/default.yaml` and the environment."""

import os
import tempfile
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from errors import UserError
from running.saved_config import CATALOGUE

PREFIX = "NADIR_SERVING_"


@dataclass
class Settings:
    """The keys of `conf/serving/default.yaml`, which says what each means."""

    work_folder: str | None
    data_folder: str | None
    runs_folder: str
    upload_bytes: int
    unpacked_bytes: int
    archive_members: int
    max_pixels: int
    predict_time_s: float
    url_bytes: int
    url_time_s: float
    url_redirects: int
    train_time_s: float
    train_max_steps: int
    train_grace_s: float
    device: str
    num_threads: int | None
    models: dict[str, list[str]] = field(default_factory=dict)
    url_ports: list[int] = field(default_factory=list)
    url_private_networks: list[str] = field(default_factory=list)
    gdal_drivers: list[str] = field(default_factory=list)
    preload: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """Folder of what requests leave while they run."""
        if self.work_folder is not None:
            return Path(self.work_folder).resolve()
        return Path(tempfile.gettempdir()).resolve() / f"nadir-serving-{os.getuid()}"

    @property
    def runs(self) -> Path:
        """Folder of the run folders of trainings."""
        return Path(self.runs_folder).resolve()

    @property
    def data(self) -> Path | None:
        """Folder of the products that trainings may name."""
        return None if self.data_folder is None else Path(self.data_folder).resolve()


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        UserError: an environment variable with a value of another kind, or one that no key belongs to.
    """
    keys = {item.name for item in fields(Settings)}
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    node: Any = OmegaConf.merge(
        OmegaConf.structured(Settings), OmegaConf.load(CATALOGUE / "serving" / "default.yaml")
    )
    for name, text in given.items():
        key = name.removeprefix(PREFIX).lower()
        if key not in keys:
            raise UserError(f"{name}: there is no such setting; expected one of {', '.join(sorted(keys))}")
        try:
            node = OmegaConf.merge(node, OmegaConf.from_dotlist([f"{key}={text}"]))
        except OmegaConfBaseException as error:
            raise UserError(f"{name}: {str(error).splitlines()[0]}") from error
    read = OmegaConf.to_object(node)
    assert isinstance(read, Settings)
    return read
