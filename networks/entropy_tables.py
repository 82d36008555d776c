"""Coder tables: what turns likelihoods into bits, kept apart from the weights that are trained.

CompressAI keeps integer cumulative distributions as buffers. They are empty until `update()`, change size
with training, and follow from the parameters, so they neither belong into a checkpoint's `state_dict`
nor into an average of models. They are kept beside it: two machines may compute tables that differ by one
count, and then a stream of one cannot be read by the other.
"""

import copy
import hashlib
import json
from collections.abc import Mapping

import torch
from compressai.entropy_models import EntropyBottleneck, EntropyModel
from compressai.layers import MaskedConv2d
from compressai.models import CompressionModel
from torch import Tensor, nn

from errors import UserError

_TABLES = ("_offset", "_quantized_cdf", "_cdf_length", "scale_table")
_DIGEST = "parameters_sha256"


def coder_state(network: CompressionModel) -> dict[str, Tensor]:
    """Tables for real coding with the present parameters, as tensors on the CPU; `network` is not touched.

    Holds, per entropy model, the cumulative distributions (int32, 16-bit precision), their lengths and
    offsets, the table of scales, and the quantiles found by bisection (not those that the auxiliary
    optimizer is still training), and the digest of the parameters that they were made from.
    Raises `errors.UserError` when training has diverged to NaN or infinity.
    """
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            raise UserError(
                f"the codec's parameter {name} is not finite: training has diverged; lower the learning rate "
                "or set model.gradient_clip_norm"
            )
    coder = copy.deepcopy(network).cpu()
    coder.update(force=True, update_quantiles=True)
    return _tables(coder) | {_DIGEST: _digest_tensor(network)}


def load_coder_state(network: CompressionModel, state: Mapping[str, Tensor]) -> None:
    """Put tables made by `coder_state` into `network`, replacing quantiles and resizing buffers.

    Raises `errors.UserError` when the tables were made from other parameters.
    """
    if not tables_fit_parameters(network, state):
        raise UserError("the coder tables belong to other weights than the codec's: rebuild them")
    modules = dict(network.named_modules())
    device = next(network.parameters()).device
    for key, tensor in state.items():
        if key == _DIGEST:
            continue
        module_name, _, attribute = key.rpartition(".")
        module = modules[module_name]
        if attribute == "quantiles":
            with torch.no_grad():
                module.quantiles.copy_(tensor)
        else:
            setattr(module, attribute, tensor.to(device, copy=True))


def has_coder_state(network: nn.Module) -> bool:
    """Whether every entropy model of `network` has tables (of these weights or of earlier ones)."""
    return all(module._offset.numel() > 0 for _, module in _entropy_models(network))


def tables_fit_parameters(network: nn.Module, state: Mapping[str, Tensor]) -> bool:
    """Whether `state` was made by `coder_state` from the parameters that `network` has now."""
    return _DIGEST in state and torch.equal(state[_DIGEST].cpu(), _digest_tensor(network))


def is_coder_buffer(key: str) -> bool:
    """Whether a key of a state dict names a coder table."""
    return key.rpartition(".")[2] in _TABLES


def without_coder_buffers(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state_dict` less the coder tables, whose size changes with training."""
    return {key: tensor for key, tensor in state_dict.items() if not is_coder_buffer(key)}


def fingerprint(network: CompressionModel) -> str:
    """SHA-256 (hexadecimal) of name, options, parameters and coder tables: equal ones decode each other's streams.

    Raises `RuntimeError` when the codec has no tables yet.
    """
    if not has_coder_state(network):
        raise RuntimeError("fingerprint of a codec without coder tables: call load_coder_state first")
    digest = hashlib.sha256(json.dumps(network.description, sort_keys=True).encode())
    _add_parameters(digest, network)
    for key, tensor in sorted(_tables(network).items()):
        _add_tensor(digest, key, tensor)
    return digest.hexdigest()


def _entropy_models(network: nn.Module) -> list[tuple[str, EntropyModel]]:
    return [(name, module) for name, module in network.named_modules() if isinstance(module, EntropyModel)]


def _tables(network: nn.Module) -> dict[str, Tensor]:
    state = {}
    for name, module in _entropy_models(network):
        for attribute in _TABLES:
            if hasattr(module, attribute):
                state[f"{name}.{attribute}"] = getattr(module, attribute).detach().cpu().clone()
        if isinstance(module, EntropyBottleneck):
            state[f"{name}.quantiles"] = module.quantiles.detach().cpu().clone()
    return state


def _digest_tensor(network: nn.Module) -> Tensor:
    """SHA-256 of the parameters as 32 bytes (uint8), a tensor so that checkpoints hold nothing else."""
    digest = hashlib.sha256()
    _add_parameters(digest, network)
    return torch.tensor(list(digest.digest()), dtype=torch.uint8)


def _add_parameters(digest: "hashlib._Hash", network: nn.Module) -> None:
    """Feed all parameters but the quantiles, which are part of the tables."""
    masked = {f"{name}.weight": m.mask for name, m in network.named_modules() if isinstance(m, MaskedConv2d)}
    for name, parameter in sorted(network.named_parameters()):
        if name.rpartition(".")[2] == "quantiles":
            continue
        # masked weights count for nothing, and the layer zeroes them only in its next forward pass
        value = (
            parameter.detach().masked_fill(masked[name] == 0, 0.0) if name in masked else parameter.detach()
        )
        _add_tensor(digest, name, value)


def _add_tensor(digest: "hashlib._Hash", name: str, tensor: Tensor) -> None:
    digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
    digest.update(tensor.cpu().contiguous().numpy().tobytes())
