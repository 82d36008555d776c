"""The trained network of a run as one small file, for `predict.py weights=FILE` and for others."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from errors import UserError
from running import saved_config
from running.instantiation import instantiate
from running.predict_job import load_model


def export(
    output: Path, *, run: str, licence: str, checkpoint: str = "best", name: str | None = None
) -> Path:
    """Write `output/<name>.safetensors` with what the run knows: experiment, names of the data, steps, seed, scores.

    Args:
        output: a folder.
        run: folder of the run.
        licence: of the weights, e.g. "GPL-3.0-or-later".
        checkpoint: "best" or "last".
        name: of the file, without suffix; None = that of the experiment.

    Raises:
        UserError: no such run, or one whose network means nothing without its run.
    """
    folder = Path(run)
    config = saved_config.read_config(folder)
    if OmegaConf.select(config, "model.predict_task") != "super_resolve":
        raise UserError(
            f"run={run}: a run of {config.get('experiment_name')}; expected one of super-resolution, whose "
            "weights can stand without their run"
        )
    with open_dict(config):
        config.update({"run": str(folder), "ckpt_path": None, "checkpoint": checkpoint})
    module, specification = load_model(config)
    facts = {"licence": licence, "synthetic": specification.synthetic, **_facts(folder, config)}
    path = output / f"{name or config.experiment_name}.safetensors"
    saved: Path = instantiate(
        {"_target_": "networks.trained_weights.save_super_resolver"}, path, module.network, facts
    )
    return saved


def _facts(folder: Path, config: DictConfig) -> dict[str, Any]:
    """What a reader of the file may want to know; names of products without the folders of one machine."""
    facts: dict[str, Any] = {
        "experiment": str(config.experiment_name),
        "seed": config.seed,
        "max_steps": OmegaConf.select(config, "trainer.max_steps"),
    }
    for part in ("train", "val", "test"):
        given = OmegaConf.select(config, f"data.{part}")
        if given is not None:
            facts[part] = [Path(str(item)).name for item in (given if OmegaConf.is_list(given) else [given])]
    results = folder / "results.json"
    if results.exists():
        facts["metrics"] = json.loads(results.read_text())["metrics"]
    return facts
