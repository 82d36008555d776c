"""What two generators must keep: images that go there and back, that are there already, and known pairs."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from errors import UserError
from lightning_modules.cycle_batches import Domains
from lightning_modules.translation_losses import RECONSTRUCTION_LOSSES, TranslationLoss

Network = Callable[[Tensor], Tensor]


class CycleLosses:
    """Weights of the terms of the generators' loss, and those terms that need no discriminator.

    Distances are means over valid pixels, on the scale on which the declared range [0, 1] is [-1, 1].

    Args:
        distance: a name in `translation_losses.RECONSTRUCTION_LOSSES`.
        cycle, identity, supervision: weights; a term of weight 0 is not computed.

    Attributes:
        of_pairs: the distance alone, as a loss of predictions.

    Raises:
        UserError: an unknown distance, or a negative weight.
    """

    def __init__(self, distance: str, cycle: float, identity: float, supervision: float) -> None:
        if distance not in RECONSTRUCTION_LOSSES:
            raise UserError(
                f"model.distance: found {distance!r}, expected one of {', '.join(RECONSTRUCTION_LOSSES)}"
            )
        self.weights = {"cycle": float(cycle), "identity": float(identity), "supervision": float(supervision)}
        for name, weight in self.weights.items():
            if weight < 0:
                raise UserError(f"model.{name}_weight: found {weight}, expected 0 or more")
        self.of_pairs = TranslationLoss(distance)

    def distance(self, image: Tensor, wanted: Tensor, valid: Tensor) -> Tensor:
        """Mean distance of (B, C, H, W) raw values where `valid` (B, 1, H, W): a scalar, float32."""
        return self.of_pairs(image, wanted, valid)["reconstruction"]

    def unpaired_terms(
        self, domains: Domains, made: Mapping[str, Tensor], forth: Network, back: Network
    ) -> dict[str, Tensor]:
        """{cycle, identity}: distances after going there and back, and of images that are in the other domain already.

        Args:
            domains: images of both.
            made: their translations, {ab, ba}.
            forth, back: the generators A -> B and B -> A.
        """
        a, b, valid_a, valid_b = domains.a, domains.b, domains.valid_a, domains.valid_b
        terms = {}
        if self.weights["cycle"]:
            terms["cycle"] = self.distance(back(made["ab"]), a, valid_a)
            terms["cycle"] = terms["cycle"] + self.distance(forth(made["ba"]), b, valid_b)
        if self.weights["identity"]:
            terms["identity"] = self.distance(forth(b), b, valid_b) + self.distance(back(a), a, valid_a)
        return terms

    def paired_terms(self, domains: Domains, made: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """{supervision}: distances of both translations from the truth."""
        if not self.weights["supervision"]:
            return {}
        both = domains.valid_a & domains.valid_b
        forth = self.distance(made["ab"], domains.b, both)
        return {"supervision": forth + self.distance(made["ba"], domains.a, both)}

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum; terms without a weight count once."""
        return torch.stack([self.weights.get(name, 1.0) * term for name, term in terms.items()]).sum()
