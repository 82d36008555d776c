"""What a batch of two domains holds, paired or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from errors import UserError


@dataclass(frozen=True)
class Domains:
    """Images of both domains, raw values, 0 where they are not valid.

    Args:
        a: (B, C, H, W).
        b: (B, D, H, W); its sides may differ from those of `a` where the two do not belong together.
        valid_a, valid_b: (B, 1, H, W) bool.
    """

    a: Tensor
    b: Tensor
    valid_a: Tensor
    valid_b: Tensor

    def gaps(self, direction: str) -> tuple[Tensor, Tensor]:
        """Where a discriminator looks at a real image and at a made one: `ab` judges images of B, `ba` those of A.

        Both through the gaps of both images, so that gaps tell nothing about which is real; where sizes differ
        each through its own.
        """
        if self.valid_a.shape == self.valid_b.shape:
            both = self.valid_a & self.valid_b
            return both, both
        return (self.valid_b, self.valid_a) if direction == "ab" else (self.valid_a, self.valid_b)


def read_domains(batch: Mapping[str, Any], needs_pairs: bool) -> Domains:
    """Both domains of a batch: `domain_a`, `domain_b`, `valid_a`, `valid_b`, or `source`, `target`, `valid`.

    Raises:
        UserError: pairs are needed and there are none, or samples are sequences.
    """
    if "source" in batch and "target" in batch:
        source, target, valid = batch["source"], batch["target"], batch["valid"]
        if source.dim() != 4:
            raise UserError(
                f"data.sequence_length: found samples of {source.shape[1]} frames, expected 1: CycleGAN "
                "translates frame by frame"
            )
        return Domains(source, torch.where(valid, target, 0.0), torch.ones_like(valid), valid)
    if needs_pairs:
        raise UserError(
            "data.unpaired: found batches of unpaired images, expected pairs (false): model.supervision_weight above 0 "
            "and model.conditional need them"
        )
    valid_a, valid_b = batch["valid_a"], batch["valid_b"]
    return Domains(
        torch.where(valid_a, batch["domain_a"], 0.0),
        torch.where(valid_b, batch["domain_b"], 0.0),
        valid_a,
        valid_b,
    )


def read_source(batch: Mapping[str, Any]) -> Tensor:
    """What is to be translated, (B, C, H, W): `source`, or `domain_a` of an unpaired batch."""
    if "source" in batch:
        source: Tensor = batch["source"]
        return source
    return torch.where(batch["valid_a"], batch["domain_a"], 0.0)
