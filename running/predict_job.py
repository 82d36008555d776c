"""The work of `predict.py`: a trained model on whole products."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running import folders
from running.config_check import check
from running.instantiation import instantiate
from running.train_job import JobResult


def predict(config: DictConfig, folder: Path, config_name: str, overrides: list[str]) -> JobResult:
    """Load the model of a run or checkpoint and hand it to the configured task.

    The task is a function of (network, specification, input, output, ...) that returns figures to print.

    Raises:
        UserError: no such run, input or task; whatever the task refuses.
    """
    check(config, config_name, overrides)
    source = Path(str(config.input))
    if not source.exists():
        raise UserError(f"input={source}: there is no such file or folder")
    task = instantiate(config.task, _partial_=True)
    module, specification = load_model(config)
    figures = task(module.network, specification, input=source, output=Path(str(config.output)))
    words = ", ".join(f"{name} {_show(value)}" for name, value in figures.items())
    print(f"{config.output}: {words}")  # noqa: T201
    return JobResult()


def load_model(config: DictConfig) -> tuple[Any, Any]:
    """The module with the weights of `config.run` or `config.ckpt_path`, and what its pixels mean.

    Raises:
        UserError: no checkpoint, or one of another model.
    """
    import torch

    from running.checkpoint_io import load_checkpoint
    from running.session import load_weights

    if config.ckpt_path is not None:
        path = Path(config.ckpt_path)
    else:
        path = folders.checkpoint_of(Path(str(config.run)), config.checkpoint)
    if config.get("num_threads"):
        torch.set_num_threads(config.num_threads)
    record = load_checkpoint(path).get("nadir", {}).get("data_specification")
    if record is None:
        raise UserError(
            f"{path}: a checkpoint without a data specification; expected one written by train.py"
        )
    module = instantiate(config.model)
    load_weights(module, path)
    module.eval()
    if hasattr(module, "prepare_coding"):
        module.prepare_coding()
    specification = instantiate(
        {"_target_": "products.specification.ImageSpecification.from_dict", "_args_": [record]}
    )
    return module, specification


def _show(value: Any) -> str:
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
