"""Segmentation networks by name: our SegNetLite, and those of segmentation-models-pytorch with any encoder."""

import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import segmentation_models_pytorch as smp
from torch import nn

from errors import UserError
from networks.encoder_weights import load_encoder_weights
from networks.segmentation_dropout import add_decoder_dropout
from networks.segnet import SegNet
from networks.single_value_norm import allow_single_values

DROPOUT = 0.1  # where neither the options nor the architecture's own default say
_DECODER_CHANNELS = (256, 128, 64, 32, 16)  # of U-Nets, coarsest first
_ENCODER_OPTIONS = (
    "encoder_name",
    "encoder_weights",
)  # of no meaning to a network without an encoder to choose
_OWN_OPTIONS = (*_ENCODER_OPTIONS, "dropout")
_FIXED = ("in_channels", "classes", "activation", "aux_params", "self", "kwargs")  # not for options


def build_segmentation_network(
    name: str, in_channels: int, num_classes: int, options: Mapping[str, Any] | None = None
) -> tuple[nn.Module, int]:
    """Build the network `name`: (B, in_channels, H, W) normalised -> logits (B, num_classes, H, W).

    Args:
        name: of `SEGMENTATION_NETWORKS`.
        in_channels: bands, any number.
        num_classes: classes.
        options: keyword arguments; one that is None is left at its default. Of `segnet` those of its class, which has
            no encoder to choose and passes over the two options for one. Of all others `encoder_name` (segmentation-models-pytorch's names, or `tu-NAME` of timm), `encoder_weights` (None, a
            file of an encoder's weights, or a name such as imagenet, which is downloaded), `dropout`, and what the
            library's class takes (`decoder_channels`, ...).

    Returns:
        The network, and what its sides have to be multiples of.

    Raises:
        UserError: an unknown name or option, or an impossible combination of them.
    """
    if name not in SEGMENTATION_NETWORKS:
        raise UserError(
            f"model.network: found {name!r}, expected one of {', '.join(SEGMENTATION_NETWORKS)}"
            f"{_nearest(str(name), SEGMENTATION_NETWORKS)}"
        )
    if in_channels < 1 or num_classes < 1:
        raise UserError(
            f"{name}: found {in_channels} bands and {num_classes} classes, expected at least one of each"
        )
    given = {key: value for key, value in _plain(options or {}).items() if value is not None}
    dropout = given.get("dropout")
    if dropout is not None and (isinstance(dropout, str) or not 0 <= dropout < 1):
        raise UserError(
            f"model.network_options.dropout: found {dropout}, expected a number from 0 to below 1"
        )
    return SEGMENTATION_NETWORKS[name](name, in_channels, num_classes, given)


def _segnet(name: str, in_channels: int, num_classes: int, given: dict[str, Any]) -> tuple[nn.Module, int]:
    known = inspect.signature(SegNet).parameters
    _check_options(name, given, [*known, *_OWN_OPTIONS], ("in_channels", "num_classes", *_ENCODER_OPTIONS))
    network = SegNet(in_channels, num_classes, **{key: given[key] for key in given if key in known})
    return network, network.multiple


def _library(
    architecture: Callable[..., nn.Module], dropout_key: str | None
) -> Callable[[str, int, int, dict[str, Any]], tuple[nn.Module, int]]:
    """A builder of one of the library's architectures; `dropout_key`: its own argument for dropout."""

    def build(name: str, in_channels: int, num_classes: int, given: dict[str, Any]) -> tuple[nn.Module, int]:
        parameters = inspect.signature(architecture.__init__).parameters
        if str(given.get("encoder_name", "")).startswith(
            "tu-"
        ):  # timm's encoders take arguments of their own
            known: Mapping[str, Any] = {**parameters, **dict.fromkeys(given)}
        else:
            known = parameters
        _check_options(name, given, [*known, *_OWN_OPTIONS], _FIXED)
        given = dict(given)
        dropout, weights = given.pop("dropout", None), given.pop("encoder_weights", None)
        file = Path(weights) if weights is not None and _is_file(str(weights)) else None
        if dropout_key is not None and dropout is not None:
            given.setdefault(dropout_key, dropout)
        depth = given.get("encoder_depth")
        if depth is not None:
            if "decoder_channels" in parameters and dropout_key is None:
                given.setdefault("decoder_channels", _DECODER_CHANNELS[-depth:])
            if name == "psp":
                given.setdefault("upsampling", 2**depth)
        network = _built(
            name,
            architecture,
            in_channels=in_channels,
            classes=num_classes,
            encoder_weights=None if file is not None else weights,
            **given,
        )
        if dropout_key is None:
            blocks = network.decoder.blocks  # type: ignore[union-attr]
            add_decoder_dropout(
                list(blocks.values() if isinstance(blocks, nn.ModuleDict) else blocks),  # type: ignore[arg-type]
                DROPOUT if dropout is None else dropout,
            )
        allow_single_values(network)
        if file is not None:
            load_encoder_weights(network.encoder, file, in_channels)  # type: ignore[arg-type]
        return network, int(network.encoder.output_stride)  # type: ignore[union-attr,arg-type]

    return build


# By the names of the issue that asked for them: callables (name, bands, classes, options) -> network and multiple.
SEGMENTATION_NETWORKS: dict[str, Callable[[str, int, int, dict[str, Any]], tuple[nn.Module, int]]] = {
    "segnet": _segnet,
    "deeplabv3": _library(smp.DeepLabV3Plus, "decoder_aspp_dropout"),
    "unet": _library(smp.Unet, None),
    "unetplusplus": _library(smp.UnetPlusPlus, None),
    "fpn": _library(smp.FPN, "decoder_dropout"),
    "psp": _library(smp.PSPNet, "psp_dropout"),
}


def _built(name: str, architecture: Callable[..., nn.Module], **arguments: Any) -> nn.Module:
    """The library's network; what it refuses becomes one sentence."""
    encoder = str(arguments.get("encoder_name", "resnet34"))
    known = smp.encoders.get_encoder_names()
    if not encoder.startswith("tu-") and encoder not in known:
        raise UserError(
            f"model.network_options.encoder_name: found {encoder!r}, expected one that "
            f"segmentation-models-pytorch knows, or tu-NAME of timm{_nearest(encoder, known)}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return architecture(**arguments)
    except (
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        AttributeError,
        NotImplementedError,
        OSError,
    ) as error:
        reason = (str(error).strip("'\" ") or type(error).__name__).splitlines()[0]
        raise UserError(f"model.network={name} with encoder {encoder}: {reason}") from error


def _check_options(
    name: str, given: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any], hidden: Sequence[str]
) -> None:
    names = [key for key in dict.fromkeys(known) if key not in hidden]
    for key in given:
        if key not in (*names, *_ENCODER_OPTIONS):
            raise UserError(
                f"model.network_options: found {key!r}, {name} has {', '.join(names)}{_nearest(key, names)}"
            )


def _is_file(weights: str) -> bool:
    """A path rather than the name of weights that the library offers."""
    return "/" in weights or "." in weights or Path(weights).is_file()


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which every sequence is a list of its own."""
    return {
        str(key): list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for key, value in options.items()
    }


def _nearest(found: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(found, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
