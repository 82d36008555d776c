"""What is done to training patches of segmentation: flips and turns, gains of bands, transforms of torchvision."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors

from datamodules.segmentation_reading import Patch
from errors import UserError
from products.class_table import IGNORE

_SEEDS = 2**63 - 1


class Augmentation:
    """Image, validity and mask changed alike, by a generator.

    Args:
        kind: `none`, `flips` or `dihedral` (the eight flips and quarter turns; patches must be square).
        gain_spread: every spectral band is multiplied by exp(u), u uniform from -gain_spread to gain_spread: half of
            its variance is shared by all bands (light), half is the band's own (sensor, atmosphere).
        transforms: of torchvision v2, called with a `tv_tensors.Image` (C, H, W) float32 and a `tv_tensors.Mask`
            (2, H, W); what they fill is no data. Their random numbers are a function of the generator.
        spectral: of each band, whether it is one; gains leave auxiliary layers as they are.
    """

    def __init__(
        self,
        kind: str = "none",
        *,
        gain_spread: float = 0.0,
        transforms: Callable[..., Any] | None = None,
        spectral: Sequence[bool] = (),
    ) -> None:
        self.kind, self.gain_spread, self.transforms = kind, gain_spread, transforms
        self.spectral = np.asarray(spectral, bool)

    def __call__(self, generator: np.random.Generator, patch: Patch) -> Patch:
        """A changed patch; the given one stays as it is."""
        patch = self._turned(generator, patch)
        if self.gain_spread > 0:
            patch = self._brightened(generator, patch)
        return self._transformed(generator, patch) if self.transforms is not None else patch

    def _turned(self, generator: np.random.Generator, patch: Patch) -> Patch:
        if self.kind == "none":
            return patch
        vertical, horizontal, transposed = (bool(bit) for bit in generator.integers(2, size=3))
        axes = tuple(axis for axis, flipped in ((-2, vertical), (-1, horizontal)) if flipped)

        def turn(array: np.ndarray) -> np.ndarray:
            array = np.flip(array, axes)
            return np.swapaxes(array, -2, -1) if transposed and self.kind == "dihedral" else array

        return Patch(*(turn(array) for array in patch))

    def _brightened(self, generator: np.random.Generator, patch: Patch) -> Patch:
        both = generator.uniform(-self.gain_spread, self.gain_spread, 1 + len(patch.image))
        exponent = np.where(self.spectral, (both[0] + both[1:]) * np.sqrt(0.5), 0.0)
        return patch._replace(image=patch.image * np.exp(exponent).astype(np.float32)[:, None, None])

    def _transformed(self, generator: np.random.Generator, patch: Patch) -> Patch:
        # torchvision fills what comes in from outside with 0, so in both planes of its mask 0 means nothing.
        planes = np.stack([np.where(patch.mask == IGNORE, 0, patch.mask + 1), patch.valid]).astype(np.uint8)
        image = tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(patch.image)))
        mask = tv_tensors.Mask(torch.from_numpy(planes))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator.integers(_SEEDS)))
            assert self.transforms is not None
            image, mask = self.transforms(image, mask)
        if image.shape[-2:] != mask.shape[-2:] or len(image) != len(patch.image):
            raise UserError(
                f"data.transforms: found an image {tuple(image.shape)} for a mask {tuple(mask.shape)}, expected all "
                f"{len(patch.image)} bands and the size of the mask"
            )
        valid = mask[1].numpy() > 0
        stored = mask[0].numpy()
        indices = np.where((stored == 0) | ~valid, IGNORE, stored - 1).astype(np.uint8)
        pixels = np.where(valid, image.numpy(), np.float32(0)).astype(np.float32)
        return Patch(pixels, valid, indices)
