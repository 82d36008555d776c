"""What the discriminators see, and that they stand still when told to."""

import pytest
import torch

from lightning_modules.adversarial import AdversarialLoss
from lightning_modules.cycle_batches import Domains
from lightning_modules.cycle_discriminators import CycleDiscriminators

OPTIONS = {"filters": [4, 1], "strides": [2, 1], "normalisation": "none"}


def discriminators(**options) -> CycleDiscriminators:
    torch.manual_seed(0)
    defaults = {
        "conditional": False,
        "loss": AdversarialLoss("lsgan"),
        "pool_size": 0,
        "memory_format": torch.channels_last,
    }
    return CycleDiscriminators(2, 3, OPTIONS, **(defaults | options))


def domains() -> tuple[Domains, dict[str, torch.Tensor]]:
    torch.manual_seed(1)
    valid_a, valid_b = torch.ones(2, 1, 12, 12).bool(), torch.ones(2, 1, 12, 12).bool()
    valid_b[..., 0] = False
    both = Domains(torch.rand(2, 2, 12, 12), torch.rand(2, 3, 12, 12), valid_a, valid_b)
    return both, {"ab": torch.rand(2, 3, 12, 12), "ba": torch.rand(2, 2, 12, 12)}


def test_each_judges_the_images_of_its_domain():
    judges = discriminators().networks
    assert [judges[direction].model[0].in_channels for direction in ("ab", "ba")] == [3, 2]


@pytest.mark.parametrize("kind", ["lsgan", "bce"])
def test_losses_are_those_of_the_formula(kind):
    both, made = domains()
    judges = discriminators(loss=AdversarialLoss(kind))
    seen = both.valid_a & both.valid_b

    def worth(direction: str, image: torch.Tensor, label: float) -> torch.Tensor:
        logits = judges.networks[direction](2 * torch.where(seen, image, 0.0) - 1)
        if kind == "lsgan":
            return (logits - label).square().mean()
        return torch.nn.functional.softplus(-logits if label else logits).mean()

    fooled = worth("ab", made["ab"], 1) + worth("ba", made["ba"], 1)
    torch.testing.assert_close(judges.fooled(both, made), fooled)
    own = worth("ab", both.b, 1) + worth("ab", made["ab"], 0)
    own = 0.5 * (own + worth("ba", both.a, 1) + worth("ba", made["ba"], 0))
    torch.testing.assert_close(judges(both, made), own)


def test_conditional_ones_see_the_source_and_pools_keep_it_beside_its_image():
    both, made = domains()
    judges = discriminators(conditional=True, pool_size=4)
    assert {network.model[0].in_channels for network in judges.networks.values()} == {5}
    judges(both, made)
    kept = torch.stack(judges.pools["ab"].images)
    assert torch.equal(kept, torch.cat([made["ab"], both.a], 1))
    assert torch.equal(torch.stack(judges.pools["ba"].images), torch.cat([made["ba"], both.b], 1))


def test_gaps_tell_nothing():
    both, made = domains()
    seen = both.valid_a & both.valid_b
    changed = {name: torch.where(seen, image, 99.0) for name, image in made.items()}
    judges = discriminators()
    assert float(judges.fooled(both, changed)) == float(judges.fooled(both, made))
    assert float(judges(both, changed)) == float(judges(both, made))
    other = Domains(both.a, torch.where(seen, both.b, 99.0), both.valid_a, both.valid_b)
    assert float(judges(other, made)) == float(judges(both, made))


def test_while_frozen_only_what_passes_through_gets_a_gradient():
    both, made = domains()
    made = {name: image.requires_grad_() for name, image in made.items()}
    judges = discriminators()
    with judges.frozen():
        judges.fooled(both, made).backward()
    assert all(image.grad is not None for image in made.values())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in judges.parameters())
    grads = [image.grad.clone() for image in made.values()]
    judges(both, made).backward()
    assert all(torch.equal(image.grad, grad) for image, grad in zip(made.values(), grads, strict=True))
    assert all(parameter.grad is not None for parameter in judges.parameters())


def test_pools_differ_and_begin_where_the_seed_says():
    first, second = discriminators(pool_size=2), discriminators(pool_size=2)
    states = [own.pools_state() for own in (first, second)]
    for direction in ("ab", "ba"):
        assert torch.equal(states[0][direction]["generator"], states[1][direction]["generator"])
    assert not torch.equal(states[0]["ab"]["generator"], states[0]["ba"]["generator"])
