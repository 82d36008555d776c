"""Published scales by their published values; statistics by what they have to give."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from errors import UserError
from networks.band_normalisation import LogNormalisation, build_band_normalisation

LAYERS = {"altitude": {"divide_by": 5000}, "treecover": {"divide_by": 100}}


@pytest.fixture(scope="module")
def scales(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((repository / "conf/band_scales/nimbus.yaml").read_text())
    return found


def pixels(*values: float) -> torch.Tensor:
    """One pixel with these bands."""
    return torch.tensor(values).view(1, -1, 1, 1)


@pytest.mark.parametrize(
    ("band", "number", "expected"),
    [
        ("B1", 2021, 0.3), ("B1", 6703, 0.7), ("B1", 5000, 0.60659), ("B1", 10000, 0.80419), ("B10", 100, 0.49461),
        ("B8A", 1000, 0.04755), ("B12", 717, 0.3), ("B12", 2275, 0.7), ("B5", 0, 0.0), ("B5", -40, 0.0),
    ],
)  # fmt: skip
def test_the_published_logarithmic_scale(
    scales: dict[str, Any], band: str, number: float, expected: float
) -> None:
    normalisation = build_band_normalisation("log", [band, "altitude"], LAYERS, **scales)
    band_value, altitude = normalisation(pixels(number, 2500.0)).flatten().tolist()
    assert band_value == pytest.approx(expected, abs=6e-6)
    assert altitude == 0.5
    assert (band_value == 0) == (expected == 0)


def test_the_logarithmic_scale_is_the_closed_form_for_every_band(scales: dict[str, Any]) -> None:
    bands = list(scales["log"]["low"])
    assert len(bands) == 13 and bands == list(scales["log"]["high"])
    x = torch.linspace(1, 20000, 500).view(1, 1, -1, 1).expand(1, 13, -1, 1)
    found = build_band_normalisation("log", bands, **scales)(x)
    for index, band in enumerate(bands):
        low, high = scales["log"]["low"][band], scales["log"]["high"][band]
        ratio = (x[0, index].double() / low).log() / torch.tensor(high / low, dtype=torch.float64).log()
        assert (found[0, index] - 1 / (1 + (7 / 3) ** (1 - 2 * ratio))).abs().max() < 2e-6


def test_the_published_linear_scale_with_layers_in_their_own_units(scales: dict[str, Any]) -> None:
    normalisation = build_band_normalisation(
        "linear", ["B4", "altitude", "B8", "treecover"], LAYERS, **scales
    )
    image = torch.cat([pixels(7500, 2500, 16000, 30), pixels(-10, -20, 0, 150)], dim=3)
    expected = torch.tensor([[0.5, 0.0], [0.5, 0.0], [1.0, 0.0], [0.3, 1.0]])
    assert torch.allclose(normalisation(image)[0, :, 0], expected, atol=1e-6)


def test_constants_of_the_logarithmic_scale_may_come_later(scales: dict[str, Any]) -> None:
    bands = ["B4", "altitude", "B8"]
    whole = build_band_normalisation("log", bands, LAYERS, **scales)
    later = build_band_normalisation("log", bands, LAYERS, log={})
    assert isinstance(later, LogNormalisation)
    later.take(**scales["log"])
    image = pixels(1400, 2500, 503)
    assert torch.equal(later(image), whole(image))
    again = build_band_normalisation("log", bands, LAYERS, log={})
    again.load_state_dict(whole.state_dict())
    assert torch.equal(again(image), whole(image))


def test_statistics_of_the_data_centre_bands_and_leave_layers_alone() -> None:
    normalisation = build_band_normalisation("standard", ["B4", "altitude", "B8"], LAYERS)
    assert torch.allclose(normalisation(pixels(15000, 9000, 0)).flatten(), torch.tensor([1.0, 1.0, 0.0]))
    normalisation.fit([1000.0, float("nan"), 500.0], [200.0, 77.0, 1e-9])
    found = normalisation(pixels(1400, 2500, 503)).flatten()
    assert torch.allclose(
        found, torch.tensor([2.0, 0.5, 6.0])
    )  # the spread is at least a thousandth of the mean
    other = build_band_normalisation("standard", ["B4", "altitude", "B8"], LAYERS)
    other.load_state_dict(normalisation.state_dict())
    assert torch.equal(other(pixels(1400, 2500, 503)).flatten(), found)


def test_statistics_may_be_of_any_unit_and_of_an_empty_band() -> None:
    normalisation = build_band_normalisation("standard", ["B4", "B8"])
    normalisation.fit([0.1, 0.0], [0.02, 0.0])
    assert torch.allclose(normalisation(pixels(0.14, 0.0)).flatten(), torch.tensor([2.0, 0.0]))


def test_only_what_is_learned_from_data_is_in_checkpoints(scales: dict[str, Any]) -> None:
    names = {
        kind: set(build_band_normalisation(kind, ["B4"], LAYERS, **scales).state_dict())
        for kind in ("standard", "linear", "log", "none")
    }
    assert names == {"standard": {"mean", "std"}, "linear": set(), "log": {"gain", "shift"}, "none": set()}


@pytest.mark.parametrize("kind", ["standard", "linear", "log", "none"])
def test_the_image_stays_as_it_is_and_constants_stay_exact(scales: dict[str, Any], kind: str) -> None:
    normalisation = build_band_normalisation(kind, ["B4", "B8", "altitude"], LAYERS, **scales)
    normalisation.fit([1234.5, 2345.6, 0.0], [987.6, 876.5, 1.0])
    image = torch.rand(2, 3, 4, 5) * 10000
    before, exact = image.clone(), normalisation(image)
    normalisation.bfloat16()
    assert torch.equal(normalisation(image), exact) and exact.dtype == torch.float32
    assert torch.equal(image, before)
    assert normalisation(image.to(torch.int16)).dtype == torch.float32


def test_without_normalisation_only_layers_change() -> None:
    normalisation = build_band_normalisation("none", ["B4", "treecover"], LAYERS)
    assert normalisation(pixels(1234, 50)).flatten().tolist() == [1234.0, 0.5]


@pytest.mark.parametrize(
    ("kind", "bands", "settings", "words"),
    [
        ("stretch", ["B4"], {}, "normalisation.kind: found 'stretch', expected one of standard, linear, log, none"),
        ("log", ["B4"], {}, "normalisation.log: found nothing"),
        ("log", ["B4", "red"], {"log": {"low": {"B4": 1}, "high": {"B4": 2}}}, "no constants for the band red, found those of B4"),
        ("log", ["B4"], {"log": {"low": {"B4": 2}, "high": {"B4": 2}}}, "found 2 and 2 for B4, expected 0 < low < high"),
        ("log", ["B4"], {"log": {"low": {}, "high": {}, "shares": [0.7, 0.3]}}, "shares: found [0.7, 0.3]"),
        ("linear", ["B4"], {"linear": {"divide_by": 0}}, "divide_by: found 0, expected a number above 0"),
    ],
)  # fmt: skip
def test_bad_settings(kind: str, bands: list[str], settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        build_band_normalisation(kind, bands, LAYERS, **settings)


@pytest.mark.parametrize(
    ("mean", "std", "words"),
    [
        ([1.0], [1.0, 1.0], "found 1 means and 2 deviations, expected 2"),
        ([1.0, float("nan")], [1.0, 1.0], "no finite numbers"),
    ],
)
def test_bad_statistics(mean: list[float], std: list[float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_band_normalisation("standard", ["B4", "B8"]).fit(mean, std)
    with pytest.raises(UserError, match="divide_by 0"):
        build_band_normalisation("standard", ["a"], {"a": {"divide_by": 0}})
