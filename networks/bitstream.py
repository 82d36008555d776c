"""Real coding of one image: to bytes and back, without CompressAI's clamp to [0, 1]."""

import math

import torch
from compressai.models import CompressionModel
from torch import Tensor
from torch.nn import functional


def encode(network: CompressionModel, image: Tensor) -> list[bytes]:
    """Code one image (1, C, H, W) float32; returns one byte string per latent (main, then hyper).

    Height and width may be anything: the image is padded to the network's multiple by repeating its edge.
    Needs coder tables (`load_coder_state`).
    """
    if image.shape[0] != 1:
        raise ValueError(f"encode takes one image at a time, found a batch of {image.shape[0]}")
    with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
        coded = network.compress(pad_to_multiple(image.float(), network.downsampling_factor))
    return [strings[0] for strings in coded["strings"]]


def decode(network: CompressionModel, strings: list[bytes], height: int, width: int) -> Tensor:
    """Decode what `encode` made of an image of `height` x `width` pixels to (1, C, height, width) float32.

    Values are those of the synthesis transform: not clamped, since normalised sensor data go beyond [0, 1].
    """
    multiple = network.downsampling_factor
    coded_shape = (math.ceil(height / multiple), math.ceil(width / multiple))
    device = next(network.parameters()).device
    synthesised: list[Tensor] = []

    def keep_before_clamp(_module: object, _inputs: object, output: Tensor) -> Tensor:
        synthesised.append(output)
        return output.new_empty(0)  # CompressAI clamps what it gets in place: hand it nothing

    hook = network.g_s.register_forward_hook(keep_before_clamp)
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            network.decompress([[string] for string in strings], coded_shape)
    finally:
        hook.remove()
    return synthesised[0][..., :height, :width]


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Pad (B, C, H, W) at the bottom and right to a multiple of `multiple` pixels by repeating the edge."""
    height, width = image.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    if bottom == 0 and right == 0:
        return image
    return functional.pad(image, (0, right, 0, bottom), mode="replicate")


def write_stream(strings: list[bytes], height: int, width: int) -> tuple[bytes, int]:
    """One self-delimiting stream of an image, and how many of its bytes are header.

    Header: height, width (pixels), number of strings, length of each (bytes), as base-128 varints.
    """
    header = b"".join(_varint(number) for number in (height, width, len(strings), *map(len, strings)))
    return header + b"".join(strings), len(header)


def read_stream(stream: bytes) -> tuple[list[bytes], int, int]:
    """The strings, height and width (pixels) of a stream made by `write_stream`; `ValueError` if it is cut."""
    height, position = _read_varint(stream, 0)
    width, position = _read_varint(stream, position)
    count, position = _read_varint(stream, position)
    lengths = []
    for _ in range(count):
        length, position = _read_varint(stream, position)
        lengths.append(length)
    if len(stream) != position + sum(lengths):
        raise ValueError(f"stream of {len(stream)} bytes, its header announces {position + sum(lengths)}")
    strings = []
    for length in lengths:
        strings.append(stream[position : position + length])
        position += length
    return strings, height, width


def _varint(number: int) -> bytes:
    """Seven bits a byte, least significant first, the top bit set on all but the last."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_varint(stream: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if position >= len(stream):
            raise ValueError("stream ends within its header")
        byte = stream[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
