"""A finished run's own config as the base that Hydra composes from.

`test.py run=RUN data.root=OTHER logger=wandb` must start from the config of RUN, not from today's catalogue,
and yet follow Hydra's grammar. So each group of the saved config is registered as the group option `saved`,
and a primary config selects them all: overrides of values, and of whole groups, then work as anywhere else.
"""

from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from errors import UserError
from running.folders import CONFIG_FILE

CATALOGUE = Path(__file__).resolve().parents[1] / "conf"
SAVED = "saved"


def read_config(run: Path) -> DictConfig:
    """The composed config of a run folder, interpolations kept.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    path = run / CONFIG_FILE
    try:
        config = OmegaConf.load(path)
    except FileNotFoundError as error:
        raise UserError(f"run={run}: found no {CONFIG_FILE}; expected the folder of a run") from error
    except (OmegaConfBaseException, ValueError, OSError) as error:
        raise UserError(f"{path}: cannot be read as a config ({str(error).splitlines()[0]})") from error
    if not isinstance(config, DictConfig):
        raise UserError(f"{path}: found a list, expected the config of a run")
    return config


def config_in_checkpoint(path: Path) -> DictConfig:
    """The config that one of our checkpoints carries.

    Raises:
        UserError: no such file, not a checkpoint, or not one of ours.
    """
    from running.checkpoint_io import load_checkpoint

    checkpoint = load_checkpoint(path)
    config = checkpoint.get("nadir", {}).get("config")
    if config is None:
        raise UserError(f"ckpt_path={path}: a checkpoint without a config; expected one written by train.py")
    return OmegaConf.create(config)


def register(name: str, saved: DictConfig, verb: str) -> None:
    """Register `saved`, extended by the keys of `conf/<verb>.yaml`, as the primary config `name`.

    Groups of the verb that the saved config does not have (the codecs of `test.py`) keep the verb's choice;
    saved values win over those of the verb.
    """
    store = ConfigStore.instance()
    own: Any = OmegaConf.load(CATALOGUE / f"{verb}.yaml")
    own_defaults = list(own.pop("defaults", []))
    body: Any = OmegaConf.to_container(saved, resolve=False)
    groups = []
    for key in [key for key, node in body.items() if isinstance(node, dict) and (CATALOGUE / key).is_dir()]:
        groups.append(key)
        store.store(group=key, name=SAVED, node=OmegaConf.create(body.pop(key)), provider=name)
    defaults: list[Any] = ["_self_"]
    chosen = set()
    for entry in own_defaults:
        if entry == "_self_":
            continue
        group = _group_of(entry)
        if group in groups:
            continue
        chosen.add(group)
        defaults.append(entry)
    # Saved groups stand before what may override them (`experiment`, `debug`, ...).
    defaults[1:1] = [{group: SAVED} for group in groups]
    if verb != "train" and "experiment" not in chosen:
        defaults.append({"optional experiment": None})
    primary = OmegaConf.merge(own, body)
    primary = OmegaConf.merge({"defaults": defaults}, primary)
    store.store(name=name, node=primary, provider=name)


def _group_of(entry: Any) -> str:
    if isinstance(entry, str):
        return entry.split("/")[0]
    key = str(next(iter(entry)))
    return key.removeprefix("override ").removeprefix("optional ").lstrip("/").split("@")[0]
