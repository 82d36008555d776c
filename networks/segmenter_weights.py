"""Segmenters from weights files of Nimbus: the network with the bands, classes and scale that the files do not name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError
from networks.band_normalisation import build_band_normalisation
from networks.checkpoint_tensors import read_checkpoint
from networks.segmentation import build_segmentation_network
from networks.segmenter import Segmenter
from networks.segnet_checkpoint import load_exactly, read_segnet

# A tensor that only one architecture has, as the end of its name.
_MARKS = {
    "segnet": "layers_conv_down.0.weight",
    "deeplabv3": "decoder.aspp.0.project.0.weight",
    "unetplusplus": "decoder.blocks.x_0_0.conv1.0.weight",
    "unet": "decoder.blocks.0.conv1.0.weight",
    "fpn": "decoder.p5.weight",
    "psp": "decoder.psp.blocks.0.pool.1.0.weight",
}
_HEAD, _STEM = "segmentation_head.0.weight", "encoder.conv1.weight"
CONVENTIONS = ("linear", "log")


def published_segmenter(
    file: str | Path,
    *,
    bands: Sequence[str],
    classes: Any,
    scales: Mapping[str, Mapping[str, Any]],
    auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
    convention: str = "linear",
    encoder_name: str = "resnet34",
    channels_last: bool = True,
) -> Segmenter:
    """The network in a weights file of Nimbus, ready to predict: any of its five, state dict or Lightning checkpoint.

    Args:
        file: that torch wrote; which architecture it is for is told from the names in it.
        bands: names of what the network takes, in order (published: B1 to B8, B8A, B9 to B12, altitude, treecover).
        classes: a table of classes, or their names in order (published: cloud, ground, snow, water).
        scales: {linear: {...}, log: {...}}, constants of the two normalisations (`conf/band_scales/nimbus.yaml`).
        auxiliary_layers: facts of the layers among the bands.
        convention: linear or log: the normalisation that the network was trained with, of which the file says nothing.
        encoder_name: of all but SegNetLite; published is resnet34.
        channels_last: memory layout.

    Raises:
        UserError: not such a file, another number of bands or classes, or an unknown convention.
    """
    if convention not in CONVENTIONS:
        raise UserError(f"convention: found {convention!r}, expected one of {', '.join(CONVENTIONS)}")
    names = list(getattr(classes, "names", classes))
    tensors, _ = read_checkpoint(file, "weights of a segmentation network of Nimbus")
    name, prefix = _architecture(file, tensors)
    if name == "segnet":
        segnet = read_segnet(file)
        network: nn.Module = segnet
        multiple = segnet.multiple
        first, last = tensors[f"{prefix}layers_conv_down.0.weight"], tensors[f"{prefix}conv1x1.weight"]
    else:
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        if own.get(_STEM) is None or own.get(_HEAD) is None:
            raise UserError(
                f"{file}: found a {name} without {_STEM} or {_HEAD}, expected one with {encoder_name}"
            )
        first, last = own[_STEM], own[_HEAD]
        with torch.device("meta"):
            network, multiple = build_segmentation_network(
                name, first.shape[1], last.shape[0], {"encoder_name": encoder_name}
            )
        load_exactly(network, own, file)
    if (first.shape[1], last.shape[0]) != (len(bands), len(names)):
        raise UserError(
            f"{file}: found a network from {first.shape[1]} bands to {last.shape[0]} classes, expected "
            f"{len(bands)} bands ({', '.join(bands)}) and {len(names)} classes ({', '.join(names)})"
        )
    return (
        Segmenter(
            network,
            bands=bands,
            classes=names,
            normalisation=build_band_normalisation(convention, bands, auxiliary_layers, **scales),
            multiple=multiple,
            name=name,
            channels_last=channels_last,
        )
        .requires_grad_(False)
        .eval()
    )


def _architecture(file: str | Path, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """Its name, and what stands before the names of its tensors."""
    for name, mark in _MARKS.items():
        for key in tensors:
            if key == mark or key.endswith(f".{mark}"):
                return name, key.removesuffix(mark)
    raise UserError(
        f"{file}: found no network of Nimbus among its {len(tensors)} tensors, expected one of {', '.join(_MARKS)}"
    )
