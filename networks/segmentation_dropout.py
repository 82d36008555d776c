"""Dropout where libraries have none, so that Monte-Carlo dropout says something of every network."""

from torch import nn

from errors import UserError


def add_decoder_dropout(blocks: list[nn.Module], probability: float) -> None:
    """Whole maps are dropped at the end of every decoder block of a U-Net or U-Net++ but the last, the finest.

    The second convolution of a block becomes convolution, norm, ReLU, dropout; no tensor changes its name.

    Args:
        blocks: of segmentation-models-pytorch, coarsest first; those without convolutions are passed over.
        probability: of a map to be dropped, in [0, 1).

    Raises:
        UserError: there is no place for dropout.
    """
    places = [block.conv2 for block in blocks if isinstance(getattr(block, "conv2", None), nn.Sequential)]
    if not places:
        raise UserError("dropout: found a decoder without blocks of convolutions, expected one of a U-Net")
    for place in places[:-1] or places:
        place.append(nn.Dropout2d(probability))  # type: ignore[union-attr,operator]
