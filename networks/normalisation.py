"""Normalisation layers by name."""

from torch import nn

from errors import UserError

NORMALISATIONS = ("batch", "instance", "group", "none")
CHANNELS_PER_GROUP = 8  # small groups, so that every width has several


def build_normalisation(name: str, channels: int) -> list[nn.Module]:
    """The layer `name` for (B, channels, H, W), in a list that is empty for `none`.

    `batch` has running statistics and parameters, `instance` neither, `group` parameters and groups of 8 channels
    (or the nearest smaller size that divides them).

    Raises:
        UserError: an unknown name.
    """
    if name == "batch":
        return [nn.BatchNorm2d(channels)]
    if name == "instance":
        return [nn.InstanceNorm2d(channels)]
    if name == "group":
        size = next(size for size in range(CHANNELS_PER_GROUP, 0, -1) if channels % size == 0)
        return [nn.GroupNorm(channels // size, channels)]
    if name == "none":
        return []
    raise UserError(f"normalisation: found {name!r}, expected one of {', '.join(NORMALISATIONS)}")
