"""The work of `predict.py`: a trained model on whole products."""

import warnings
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from errors import UserError
from running import folders, saved_config, trained_weights
from running.config_check import check
from running.instantiation import instantiate
from running.train_job import JobResult


def predict(config: DictConfig, folder: Path, config_name: str, overrides: list[str]) -> JobResult:
    """Load the model of a run, a checkpoint or trained weights and hand it to the configured task.

    The task is a function of (network, specification, input, output, ...) that returns figures to print. One that
    joins runs takes lists of networks and specifications; one whose config says `needs_network: false` neither, and
    `output` may be None.

    Raises:
        UserError: no such run, input or task; whatever the task refuses.
    """
    alone = config.task.get("needs_network") is False
    reads_data = config.input is None and config.get("weights") is None and not alone
    check(config, config_name, overrides, data=reads_data)
    if alone and config.input is None:
        raise UserError("input is required: give input=PATH")
    if config.input is None and config.get("weights") is not None:
        raise UserError("input is required where there is no run: give input=PRODUCT")
    if config.input is not None and not Path(str(config.input)).exists():
        raise UserError(f"input={config.input}: there is no such file or folder")
    if config.input is not None and config.output is None and not alone:
        raise UserError("output is required: give output=FILE")
    task = instantiate(config.task, _partial_=True)
    if alone:
        source, place = Path(str(config.input)), None if config.output is None else Path(str(config.output))
        _print(source, place, task(input=source, output=place))
        return JobResult()
    networks, specifications = load_networks(config)
    if config.input is None:
        source, output = example(config)
        output = Path(str(config.output or output))
    else:
        source, output = Path(str(config.input)), Path(str(config.output))
    if config.task.get("joins_runs"):
        figures = task(networks, specifications, input=source, output=output)
    elif len(networks) == 1:
        figures = task(networks[0], specifications[0], input=source, output=output)
    else:
        raise UserError(f"run: found {len(networks)} runs, expected one for this task")
    _print(source, output, figures)
    return JobResult()


def load_networks(config: DictConfig) -> tuple[list[Any], list[Any]]:
    """The networks to predict with, and what their pixels mean (None for trained weights without a run).

    Raises:
        UserError: no checkpoint, one of another model, or weights that do not fit.
    """
    if config.get("weights") is not None:
        if config.get("num_threads"):
            import torch

            torch.set_num_threads(config.num_threads)
        networks = trained_weights.load(config)
        return networks, [None] * len(networks)
    given = list(config.run) if OmegaConf.is_list(config.run) else [config.run]
    runs = (
        []
        if config.ckpt_path is not None
        else [run for item in given for run in folders.runs_of(Path(str(item)))]
    )
    members = [config]
    for run in runs[1:]:
        member = saved_config.read_config(run)
        with open_dict(member):
            member.update({"run": str(run), "ckpt_path": None, "checkpoint": config.checkpoint})
        members.append(member)
    if runs:
        with open_dict(config):
            config.run = str(runs[0])
    pairs = [load_model(member) for member in members]
    return [module.network for module, _ in pairs], [specification for _, specification in pairs]


def example(config: DictConfig) -> tuple[Path, Path]:
    """Input and output of a prediction that was given none: what the run's data name, or their first test image.

    Raises:
        UserError: the run's data are gone.
    """
    datamodule = instantiate(config.data)
    datamodule.prepare_data()
    datamodule.setup("test")
    run = Path(str(config.run)) if config.ckpt_path is None else Path(str(config.ckpt_path)).parent
    folder = run / "predictions" / str(config.paths.stamp)
    folder.mkdir(parents=True)
    named = datamodule.example_input()
    if named is not None:
        return named, folder / named.name
    source = write_example(datamodule, folder / "example.tif")
    return source, source.with_suffix(".out")


def write_example(datamodule: Any, path: Path) -> Path:
    """A GeoTIFF of the first test image."""
    import rasterio

    pixels = datamodule.specification.denormalise(datamodule.test_set[0]["image"])
    bands, height, width = pixels.shape
    shape = {"count": bands, "height": height, "width": width, "dtype": pixels.dtype.name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **shape) as file:
            file.write(pixels)
    return path


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


def _print(source: Path, output: Path | None, figures: dict[str, Any]) -> None:
    words = ", ".join(f"{name} {_show(value)}" for name, value in figures.items())
    print(f"{source if output is None else f'{source} -> {output}'}: {words}")  # noqa: T201


def _show(value: Any) -> str:
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
