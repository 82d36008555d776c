"""Terms and weights of the generators' loss."""

import pytest
import torch

from errors import UserError
from lightning_modules.cycle_batches import Domains
from lightning_modules.cycle_losses import CycleLosses


def domains(valid: bool = True) -> Domains:
    a, b = torch.full((1, 2, 4, 4), 0.25), torch.full((1, 2, 4, 4), 0.75)
    mask = torch.ones(1, 1, 4, 4).bool()
    other = mask.clone()
    if not valid:
        other[..., 0] = False
    return Domains(a, b, mask, other)


def plus(amount: float):
    return lambda image: image + amount


def test_there_and_back_and_identity_on_the_scale_of_the_networks():
    losses = CycleLosses("l1", cycle=10, identity=5, supervision=0)
    found = domains()
    made = {"ab": found.a + 0.5, "ba": found.b - 0.5}
    # forth adds 0.5 and back takes 0.4: either way 0.1 is left, 0.2 where [0, 1] is [-1, 1]
    terms = losses.unpaired_terms(found, made, plus(0.5), plus(-0.4))
    assert float(terms["cycle"]) == pytest.approx(2 * 0.1 + 2 * 0.0)
    assert float(terms["identity"]) == pytest.approx(2 * 0.5 + 2 * 0.4)
    assert float(losses.total(terms)) == pytest.approx(10 * 0.2 + 5 * 1.8)


def test_terms_of_weight_zero_are_not_computed():
    def fails(image):
        raise AssertionError

    losses = CycleLosses("l1", cycle=0, identity=0, supervision=0)
    found = domains()
    assert losses.unpaired_terms(found, {}, fails, fails) == {}
    assert losses.paired_terms(found, {}) == {}


def test_pairs_count_where_both_are_valid():
    losses = CycleLosses("smooth_l1", cycle=0, identity=0, supervision=100)
    found = domains(valid=False)
    prediction = torch.where(found.valid_b, found.b + 0.1, 1e6)
    terms = losses.paired_terms(found, {"ab": prediction, "ba": torch.where(found.valid_b, found.a, 1e6)})
    assert float(terms["supervision"]) == pytest.approx(0.5 * 0.2**2)
    total = losses.total({"adversarial": torch.tensor(3.0), **terms})
    assert float(total) == pytest.approx(3 + 100 * 0.02, rel=1e-5)


@pytest.mark.parametrize("name", ["cycle", "identity", "supervision"])
def test_negative_weights_and_unknown_distances_are_refused(name):
    weights = {"cycle": 1.0, "identity": 1.0, "supervision": 1.0}
    with pytest.raises(UserError, match=f"model.{name}_weight: found -2.0, expected 0 or more"):
        CycleLosses("l1", **(weights | {name: -2}))
    with pytest.raises(UserError, match=r"model.distance: found 'l0', expected one of"):
        CycleLosses("l0", **weights)
