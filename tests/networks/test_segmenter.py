"""A segmenter of any network: any size, nodata, precision, Monte-Carlo dropout, features."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from errors import UserError
from networks.band_normalisation import build_band_normalisation
from networks.segmentation import build_segmentation_network
from networks.segmenter import Segmenter

CLASSES = ("cloud", "ground", "snow")
BANDS = ("B2", "B3", "altitude")


class Seen(nn.Module):
    """The identity, which keeps what it was given."""

    given: Tensor

    def forward(self, image: Tensor) -> Tensor:
        self.given = image
        return image


def identity(multiple: int = 4, **options: Any) -> Segmenter:
    normalisation = build_band_normalisation("linear", BANDS, {"altitude": {"divide_by": 5000}})
    return Segmenter(
        Seen(), bands=BANDS, classes=CLASSES, normalisation=normalisation, multiple=multiple, **options
    )


def segmenter(name: str = "unet", **options: Any) -> Segmenter:
    torch.manual_seed(0)
    small: dict[str, Any] = {"encoder_name": "tu-resnet10t", "dropout": 0.3}
    network, multiple = build_segmentation_network(name, 3, 3, small)
    normalisation = build_band_normalisation("standard", BANDS, {"altitude": {"divide_by": 5000}})
    normalisation.fit([1000.0, 1200.0, 0.0], [500.0, 600.0, 1.0])
    return Segmenter(
        network,
        bands=BANDS,
        classes=CLASSES,
        normalisation=normalisation,
        multiple=multiple,
        name=name,
        **options,
    ).eval()


def image(*size: int) -> Tensor:
    return torch.rand(*size, generator=torch.Generator().manual_seed(4)) * 3000 + 1


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (4, 8), (7, 33)])
def test_any_size_is_padded_by_its_edge_and_cut_again(size: tuple[int, int]) -> None:
    model, given = identity(), image(2, 3, *size)
    logits = model(given)
    assert torch.equal(logits, model.normalisation(given))
    network: Any = model.network
    seen = network.given
    assert seen.shape[-2] % 4 == seen.shape[-1] % 4 == 0
    assert torch.equal(
        seen[..., : size[0], size[1] :], logits[..., -1:].expand(*seen[..., : size[0], size[1] :].shape)
    )


@pytest.mark.parametrize("name", ["segnet", "deeplabv3", "unet", "unetplusplus", "fpn", "psp"])
def test_every_network_takes_every_size(name: str) -> None:
    model = segmenter(name)
    with torch.no_grad():
        for size in ((1, 1), (33, 70), (128, 65)):
            assert model(image(1, 3, *size)).shape == (1, 3, *size)


def test_where_nothing_is_valid_the_network_sees_0_whatever_stands_there() -> None:
    model, given = identity(), image(1, 3, 4, 4)
    valid = torch.ones(1, 1, 4, 4, dtype=torch.bool)
    valid[..., 0, :2] = False
    given[..., 0, :2] = torch.tensor([torch.nan, 7.0])
    logits = model(given, valid)
    assert (logits[..., 0, :2] == 0).all() and torch.isfinite(logits).all() and (logits[..., 1:, :] > 0).all()
    given[..., 0, :2] = 0
    assert torch.equal(model(given), logits)


@pytest.mark.parametrize("channels_last", [True, False])
def test_weights_in_bfloat16_and_digital_numbers_in_float32(channels_last: bool) -> None:
    model = segmenter(channels_last=channels_last)
    half = copy.deepcopy(model)
    half.network.bfloat16()
    with torch.no_grad():
        exact, rounded = model(image(1, 3, 64, 64)), half(image(1, 3, 64, 64))
    assert rounded.dtype == torch.float32
    assert 0 < (rounded - exact).abs().max() < 0.1 * exact.std()


def test_sampling_dropout_and_nothing_else() -> None:
    model = segmenter()
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        still = model(image(2, 3, 64, 64))
        with torch.random.fork_rng(), model.sampling_dropout():
            torch.manual_seed(1)
            first, second = model(image(2, 3, 64, 64)), model(image(2, 3, 64, 64))
            torch.manual_seed(1)
            again = model(image(2, 3, 64, 64))
        assert torch.equal(first, again) and not torch.equal(first, second)
        assert torch.equal(model(image(2, 3, 64, 64)), still)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(module.training for module in model.modules())


def test_dropout_goes_back_to_what_it_was_after_an_error() -> None:
    model = segmenter()
    with pytest.raises(RuntimeError, match="stop"), model.sampling_dropout():
        raise RuntimeError("stop")
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize(
    ("name", "width"), [("unet", 512), ("segnet", 256), ("psp", 128), ("deeplabv3", 512)]
)
def test_features_are_the_mean_of_the_encoders_coarsest_maps(name: str, width: int) -> None:
    model, given = segmenter(name), image(2, 3, 64, 96)
    network: Any = model.network
    with torch.no_grad():
        features = model.features(given)
        maps = network.encoder(model.normalisation(given))[-1]
    assert features.shape == (2, width) and features.dtype == torch.float32
    assert torch.allclose(features, maps.mean((2, 3)), atol=1e-4)


def test_features_look_only_at_what_is_valid() -> None:
    model, given = segmenter(), image(3, 3, 64, 128)
    valid = torch.ones(3, 1, 64, 128, dtype=torch.bool)
    valid[1, :, :, 64:] = False
    valid[2] = False
    network: Any = model.network
    with torch.no_grad():
        features = model.features(given, valid)
        maps = network.encoder(model.normalisation(given).where(valid, 0.0))[-1]
    assert torch.allclose(features[0], maps[0].mean((1, 2)), atol=1e-4)
    assert torch.allclose(features[1], maps[1, :, :, :2].mean((1, 2)), atol=1e-4)
    assert torch.isfinite(features[2]).all()


def test_bad_bands_and_networks_without_an_encoder() -> None:
    with pytest.raises(UserError, match="was given 4 bands, expected 3: B2, B3, altitude"):
        identity()(image(1, 4, 8, 8))
    with pytest.raises(UserError, match="Seen: a network without an encoder has no features"):
        identity().features(image(1, 3, 8, 8))


def test_what_it_says_of_itself() -> None:
    model = segmenter("segnet")
    description = model.description()
    assert description["bands"] == list(BANDS) and description["classes"] == list(CLASSES)
    assert description["name"] == "segnet"
    assert description["parameters"] == sum(parameter.numel() for parameter in model.network.parameters())
