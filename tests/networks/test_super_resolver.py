"""Digital numbers in and out of a network with a scale and an offset of its own."""

import copy

import pytest
import torch

from errors import UserError
from networks.dsen2 import DSen2
from networks.super_resolver import SuperResolver

BANDS = {10: ["B4", "B3"], 20: ["B5", "B6", "B7"]}


def resolver(scale: float = 2000.0, offset: float = 0.0) -> SuperResolver:
    torch.manual_seed(0)
    network = DSen2([2, 3], features=4, blocks=1)
    return SuperResolver(
        network, sensor="sentinel2", bands=BANDS, scale=scale, offset=offset, source="a test"
    )


def groups(side: int = 12) -> dict[int, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        m: torch.rand(2, len(names), side, side, generator=generator) * 9000 for m, names in BANDS.items()
    }


@pytest.mark.parametrize(("scale", "offset"), [(2000.0, 0.0), (65535.0, -1.0), (16100.0, 100.0)])
def test_the_network_sees_shifted_and_scaled_numbers(scale: float, offset: float) -> None:
    sharpener, inputs = resolver(scale, offset), groups()
    given = copy.deepcopy(inputs)
    expected = sharpener.network([(inputs[10] + offset) / scale, (inputs[20] + offset) / scale])
    assert torch.allclose(sharpener.normalised(inputs), expected, atol=1e-6)
    with torch.inference_mode():
        output = sharpener(inputs)
        assert torch.equal(sharpener([inputs[10], inputs[20]]), output)
    assert output.dtype == torch.float32
    assert torch.allclose(output, expected * scale - offset, rtol=1e-5)
    assert torch.allclose(sharpener(inputs), output, rtol=1e-6)
    assert all(torch.equal(inputs[m], given[m]) for m in inputs)


def test_a_network_that_adds_nothing_gives_back_the_coarse_bands() -> None:
    sharpener, inputs = resolver(65535.0, -1.0), groups()
    torch.nn.init.zeros_(sharpener.get_parameter("network.tail.weight"))
    assert (sharpener(inputs) - inputs[20]).abs().max() < 2e-3


def test_what_it_says_of_itself() -> None:
    sharpener = resolver()
    assert sharpener.resolutions == (10, 20)
    assert sharpener.target_m == 20
    assert sharpener.target_bands == ("B5", "B6", "B7")
    assert sharpener.halo == 4
    description = sharpener.description()
    assert description["features"] == 4 and description["blocks"] == 1
    assert description["scale"] == 2000.0 and description["source"] == "a test"
    assert description["bands"] == BANDS


def test_windows_with_their_halo_give_what_the_whole_gives() -> None:
    sharpener, inputs = resolver().eval(), groups(32)
    with torch.inference_mode():
        whole = sharpener(inputs)
        window = sharpener({m: group[..., 10 - 4 : 20 + 4, 6 - 4 :] for m, group in inputs.items()})
    assert (window[..., 4:-4, 4:] - whole[..., 10:20, 6:]).abs().max() < 1e-4 * 2000


def test_bad_input() -> None:
    with pytest.raises(UserError, match=r"groups of \[10, 60\] m, expected \[10, 20\]"):
        resolver()({10: torch.zeros(1, 2, 4, 4), 60: torch.zeros(1, 3, 4, 4)})
    with pytest.raises(UserError, match="1 groups, expected 2"):
        resolver()([torch.zeros(1, 5, 4, 4)])
    with pytest.raises(UserError, match="scale: found 0"):
        resolver(0.0)
    with pytest.raises(
        UserError, match=r"groups of \[2, 3\] bands, but aster has \[1, 2\] up to its 30 m grid"
    ):
        SuperResolver(DSen2([2, 3]), sensor="aster", bands={15: ["1"], 30: ["4", "5"]}, scale=1.0)
