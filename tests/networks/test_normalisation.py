"""Normalisation layers by name."""

import pytest
import torch
from torch import nn

from errors import UserError
from networks.normalisation import NORMALISATIONS, build_normalisation


@pytest.mark.parametrize(
    ("name", "kind", "parameters"),
    [("batch", nn.BatchNorm2d, 2 * 12), ("instance", nn.InstanceNorm2d, 0), ("group", nn.GroupNorm, 2 * 12)],
)
def test_layers_and_their_parameters(name, kind, parameters):
    (layer,) = build_normalisation(name, 12)
    assert isinstance(layer, kind)
    assert sum(parameter.numel() for parameter in layer.parameters()) == parameters
    values = layer.requires_grad_(False)(
        torch.randn(4, 12, 16, 16, generator=torch.Generator().manual_seed(0)) * 3 + 5
    )
    assert abs(float(values.mean())) < 1e-5
    assert float(values.std()) == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize(("channels", "groups"), [(8, 1), (64, 8), (12, 2), (7, 1), (11, 11)])
def test_groups_divide_any_width(channels, groups):
    (layer,) = build_normalisation("group", channels)
    assert layer.num_groups == groups


def test_none_is_no_layer_and_other_names_are_refused():
    assert build_normalisation("none", 8) == []
    assert NORMALISATIONS == ("batch", "instance", "group", "none")
    with pytest.raises(UserError, match="normalisation: found 'layer', expected one of batch, instance"):
        build_normalisation("layer", 8)
