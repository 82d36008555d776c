"""Domains of paired and unpaired batches, and through which gaps they are seen."""

import pytest
import torch

from errors import UserError
from lightning_modules.cycle_batches import read_domains, read_source


def unpaired(side_b: int = 4) -> dict[str, torch.Tensor]:
    valid_a, valid_b = torch.ones(2, 1, 4, 4).bool(), torch.ones(2, 1, side_b, side_b).bool()
    valid_a[:, :, 0] = False
    valid_b[:, :, :, 0] = False
    return {
        "domain_a": torch.where(valid_a, torch.rand(2, 3, 4, 4), torch.nan),
        "domain_b": torch.where(valid_b, torch.rand(2, 5, side_b, side_b), torch.nan),
        "valid_a": valid_a,
        "valid_b": valid_b,
    }


def paired() -> dict[str, torch.Tensor]:
    valid = torch.ones(2, 1, 4, 4).bool()
    valid[:, :, 0] = False
    target = torch.where(valid, torch.rand(2, 5, 4, 4), torch.nan)
    return {"source": torch.rand(2, 3, 4, 4), "target": target, "valid": valid}


def test_pixels_without_data_enter_as_zero():
    domains = read_domains(unpaired(), needs_pairs=False)
    assert float(domains.a[:, :, 0].abs().max()) == 0
    assert float(domains.b[..., 0].abs().max()) == 0
    assert torch.isfinite(domains.a).all()
    assert torch.isfinite(domains.b).all()
    assert torch.equal(read_source(unpaired()).isnan(), torch.zeros(2, 3, 4, 4).bool())


def test_pairs_are_source_and_target_and_only_the_target_has_gaps():
    batch = paired()
    domains = read_domains(batch, needs_pairs=True)
    assert torch.equal(domains.a, batch["source"])
    assert torch.equal(domains.b, torch.nan_to_num(batch["target"]))
    assert domains.valid_a.all()
    assert torch.equal(domains.valid_b, batch["valid"])
    assert read_source(batch) is batch["source"]


def test_real_and_made_images_are_seen_through_the_gaps_of_both():
    batch = unpaired()
    domains = read_domains(batch, needs_pairs=False)
    both = batch["valid_a"] & batch["valid_b"]
    assert all(torch.equal(seen, both) for direction in ("ab", "ba") for seen in domains.gaps(direction))


def test_images_of_different_sizes_are_seen_through_their_own_gaps():
    batch = unpaired(side_b=6)
    domains = read_domains(batch, needs_pairs=False)
    for direction, order in (("ab", ("valid_b", "valid_a")), ("ba", ("valid_a", "valid_b"))):
        real, made = domains.gaps(direction)
        assert torch.equal(real, batch[order[0]])
        assert torch.equal(made, batch[order[1]])


def test_what_is_missing_is_named():
    with pytest.raises(UserError, match=r"data.unpaired: found batches of unpaired images, expected pairs"):
        read_domains(unpaired(), needs_pairs=True)
    sequences = {key: tensor[:, None].expand(-1, 3, *tensor.shape[1:]) for key, tensor in paired().items()}
    with pytest.raises(UserError, match=r"data.sequence_length: found samples of 3 frames, expected 1"):
        read_domains(sequences, needs_pairs=False)
