"""Generated images of earlier batches, shown to the discriminators again."""

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """A buffer of images that the generators made before.

    While it is not full, it keeps every image and hands it back. Then, for each image, with probability one half
    it hands out an old one and keeps the new one in its place, and otherwise hands back the new one. An old image
    of another size than the new one is replaced and not shown.

    The random numbers are its own, so that drawing them disturbs nothing else; content and random state are in
    `state_dict()` and go on exactly.

    Source: Shrivastava et al., "Learning from simulated and unsupervised images through adversarial training",
    CVPR 2017, with the size and the probability of Zhu et al., ICCV 2017.

    Args:
        size: images that it holds; 0 hands back what it is given.
        seed: of the draws.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.images: list[Tensor] = []
        self.generator = torch.Generator().manual_seed(seed)

    def exchange(self, images: Tensor) -> Tensor:
        """As many images as are given, (B, C, H, W) without gradient, some of them from earlier calls."""
        images = images.detach()
        if self.size == 0:
            return images
        images = (
            images.contiguous()
        )  # one layout, also after a checkpoint: another one would round differently
        shown = []
        for image in images.unbind():
            if len(self.images) < self.size:
                self.images.append(image.clone())
                shown.append(image)
            elif torch.rand((), generator=self.generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=self.generator))
                old, self.images[place] = self.images[place], image.clone()
                shown.append(old.to(image.device) if old.shape == image.shape else image)
            else:
                shown.append(image)
        return torch.stack(shown)

    def state_dict(self) -> dict[str, Any]:
        """Images in their places, and the random state: tensors only."""
        return {
            "images": [image.cpu() for image in self.images],
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there; more images than fit are left out."""
        self.images = [image.clone() for image in state["images"][: self.size]]
        self.generator.set_state(state["generator"].cpu())
