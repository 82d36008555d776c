"""The one door through which configs become objects."""

from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from errors import UserError

# Keys of a node that are for `running` and not for the constructor.
RESERVED_KEYS = ("preflight", "joins_runs", "needs_network", "weights_reader", "weights_defaults")

# Only our own rooms and the libraries of the catalogue may be named by a `_target_`: a config that
# came with somebody's checkpoint must not be able to call anything else.
ALLOWED_PACKAGES = (
    "annotation", "callbacks", "compressai", "datamodules", "evaluation", "inference", "lightning_modules", "networks",
    "orbit", "products", "pytorch_lightning", "running", "segmentation_models_pytorch", "synthesis", "timm",
    "torch", "torchmetrics", "torchvision",
)  # fmt: skip


def instantiate(node: Any, *args: Any, **kwargs: Any) -> Any:
    """Build the object that `node` describes (`_target_`, `_partial_`, nested nodes).

    Raises:
        UserError: a `_target_` outside of the rooms of Nadir and its libraries.
        Exception: what the target itself raises.
    """
    container = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if isinstance(container, dict):
        container = {key: value for key, value in container.items() if key not in RESERVED_KEYS}
    _check_targets(container)
    try:
        return hydra.utils.instantiate(OmegaConf.create(container), *args, **kwargs)
    except InstantiationException as error:
        # Hydra wraps what a constructor raises; a sentence for the user must come through, a bug keep its traceback.
        cause: BaseException = error
        while isinstance(cause, InstantiationException) and cause.__cause__ is not None:
            cause = cause.__cause__
        if isinstance(cause, InstantiationException):
            raise UserError(str(error).splitlines()[0]) from error
        raise cause from error


def instantiate_all(nodes: DictConfig | None) -> list[Any]:
    """The objects of a group such as `callbacks`; entries that are null or lack a `_target_` are left out."""
    return [
        instantiate(node)
        for node in (nodes or {}).values()
        if OmegaConf.is_dict(node) and node.get("_target_") is not None
    ]


def _check_targets(node: Any) -> None:
    if isinstance(node, dict):
        target = node.get("_target_")
        if target is not None and str(target).split(".", 1)[0] not in ALLOWED_PACKAGES:
            raise UserError(
                f"_target_ '{target}' is not allowed: expected something of {', '.join(ALLOWED_PACKAGES)}"
            )
        for value in node.values():
            _check_targets(value)
    elif isinstance(node, list):
        for value in node:
            _check_targets(value)
