"""The two discriminators of CycleGAN, and what each of them is shown."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lightning_modules.adversarial import AdversarialLoss
from lightning_modules.cycle_batches import Domains
from lightning_modules.image_pool import ImagePool
from networks.patchgan import PatchGAN
from networks.translation import normalised, plain

DIRECTIONS = ("ab", "ba")  # A -> B and B -> A: the discriminator `ab` judges images of B


class CycleDiscriminators(nn.Module):
    """A PatchGAN for the images of each direction, with a pool of earlier ones.

    Args:
        bands_a, bands_b: of the two domains.
        options: of both, see `networks.patchgan.PatchGAN`.
        conditional: each also sees the image that its image is a translation of.
        loss: what patches are worth.
        pool_size: of each pool.
        memory_format: of activations.
    """

    def __init__(
        self,
        bands_a: int,
        bands_b: int,
        options: Mapping[str, Any],
        *,
        conditional: bool,
        loss: AdversarialLoss,
        pool_size: int,
        memory_format: torch.memory_format,
    ) -> None:
        super().__init__()
        bands = {"ab": bands_b, "ba": bands_a}
        if conditional:
            bands = dict.fromkeys(DIRECTIONS, bands_a + bands_b)
        self.networks = nn.ModuleDict(
            {direction: PatchGAN(bands[direction], **plain(options)) for direction in DIRECTIONS}
        )
        self.networks.to(memory_format=memory_format)
        self.memory_format = memory_format
        self.conditional = conditional
        self.loss = loss
        # Each pool has random numbers of its own, which begin where the run's seed says.
        self.pools = {name: ImagePool(pool_size, seed=int(torch.randint(2**31, ()))) for name in DIRECTIONS}

    def fooled(self, domains: Domains, made: Mapping[str, Tensor]) -> Tensor:
        """How far both are from taking the translations {ab, ba} for real: the generators' loss, a scalar."""
        losses = []
        for direction in DIRECTIONS:
            shown = self._shown(direction, made[direction], domains)
            losses.append(self.loss.of_generator(self._judge(direction, shown, domains.gaps(direction)[1])))
        return torch.stack(losses).sum()

    def forward(self, domains: Domains, made: Mapping[str, Tensor]) -> Tensor:
        """Their own loss, a scalar: of each the mean over real images and made ones, some of these from its pool."""
        losses = []
        for direction, real in (("ab", domains.b), ("ba", domains.a)):
            see_real, see_made = domains.gaps(direction)
            shown = self.pools[direction].exchange(self._shown(direction, made[direction], domains))
            of_real = self._judge(direction, self._shown(direction, real, domains), see_real)
            of_made = self._judge(direction, shown, see_made)
            losses.append(0.5 * self.loss.of_discriminator(of_real, of_made))
        return torch.stack(losses).sum()

    def _shown(self, direction: str, image: Tensor, domains: Domains) -> Tensor:
        if not self.conditional:
            return image
        return torch.cat([image, domains.a if direction == "ab" else domains.b], dim=1)

    def _judge(self, direction: str, images: Tensor, valid: Tensor) -> Tensor:
        """Logits of the patches of raw (B, C, H, W)."""
        seen = normalised(torch.where(valid, images, 0.0))
        logits: Tensor = self.networks[direction](seen.contiguous(memory_format=self.memory_format))
        return logits

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Their parameters get no gradient inside; what passes through them does."""
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        for parameter in parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)

    def pools_state(self) -> dict[str, Any]:
        """What the pools hold and where their random numbers are: beside the weights, which travel without them."""
        return {direction: pool.state_dict() for direction, pool in self.pools.items()}

    def load_pools_state(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        for direction, pool in self.pools.items():
            pool.load_state_dict(state[direction])
