"""The game of generator and discriminator: its losses, whose turn it is, and how it stands."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from errors import UserError

ADVERSARIAL_LOSSES = ("bce", "lsgan")


@dataclass(frozen=True)
class AdversarialLoss:
    """What a discriminator's patches are worth, for it and for the generator.

    Attributes:
        kind: bce (binary cross-entropy of logits) or lsgan (squares; Mao et al., ICCV 2017).
        lowest_real_label, highest_real_label: labels of real patches are drawn evenly between the two, from
            torch's global generator, for the discriminator alone; 1 and 1 are the plain labels.

    Raises:
        UserError: an unknown kind, or labels in the wrong order.
    """

    kind: str = "bce"
    lowest_real_label: float = 1.0
    highest_real_label: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ADVERSARIAL_LOSSES:
            raise UserError(
                f"model.adversarial_loss: found {self.kind!r}, expected {' or '.join(ADVERSARIAL_LOSSES)}"
            )
        if not 0 < self.lowest_real_label <= self.highest_real_label <= 1:
            raise UserError(
                f"model.real_label: found [{self.lowest_real_label}, {self.highest_real_label}], "
                "expected two numbers above 0 and at most 1, the lower one first"
            )

    def of_generator(self, fake: Tensor) -> Tensor:
        """How far the discriminator is from taking fake patches for real."""
        return self.towards(fake, torch.ones_like(fake))

    def of_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """How far real patches are from their labels, plus how far fake ones are from 0."""
        labels = torch.ones_like(real)
        if self.lowest_real_label < self.highest_real_label:
            labels.uniform_(self.lowest_real_label, self.highest_real_label)
        else:
            labels.fill_(self.highest_real_label)
        return self.towards(real, labels) + self.towards(fake, torch.zeros_like(fake))

    def towards(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean distance of a discriminator's outputs from labels in [0, 1], float32."""
        with torch.autocast(outputs.device.type, enabled=False):
            if self.kind == "lsgan":
                return functional.mse_loss(outputs.float(), labels.float())
            return functional.binary_cross_entropy_with_logits(outputs.float(), labels.float())

    def taken_for_real(self, outputs: Tensor) -> Tensor:
        """Bool for each patch: scored above 0.5."""
        return outputs > (0.5 if self.kind == "lsgan" else 0.0)

    def scores(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """How the game stands: share of fakes taken for real, and the discriminator's precision and recall."""
        found, fooled = self.taken_for_real(real).float().mean(), self.taken_for_real(fake).float().mean()
        return {
            "fooling_rate": fooled,
            "precision": found / (found + fooled).clamp(min=1e-12),
            "recall": found,
        }


@dataclass(frozen=True)
class Alternation:
    """Who learns from which training batch: a function of the batch's number alone, so that a resumed run goes on.

    Cycles of `generator_batches` for the generator, then `discriminator_batches` for the discriminator. With 0
    discriminator batches both learn from every batch.

    Raises:
        UserError: no batch for the generator, or a negative number.
    """

    generator_batches: int = 1
    discriminator_batches: int = 2

    def __post_init__(self) -> None:
        if self.generator_batches < 1 or self.discriminator_batches < 0:
            raise UserError(
                f"model.alternation: found {self.generator_batches} generator and {self.discriminator_batches} "
                "discriminator batches, expected at least 1 and at least 0"
            )

    @property
    def cycle(self) -> int:
        """Batches after which it begins anew."""
        return self.generator_batches + self.discriminator_batches

    def trains_generator(self, batch: int) -> bool:
        """Whether the generator learns from batch number `batch`, counted from 0."""
        return batch % self.cycle < self.generator_batches

    def trains_discriminator(self, batch: int) -> bool:
        """The same for the discriminator."""
        return self.discriminator_batches == 0 or not self.trains_generator(batch)

    def generator_updates(self, batches: int) -> int:
        """How often the generator has learned after that many batches."""
        cycles, rest = divmod(batches, self.cycle)
        return cycles * self.generator_batches + min(rest, self.generator_batches)
