from functools import cache

import numpy as np
import pytest
import torch
from compressai.models import CompressionModel

from errors import UserError
from networks.bitstream import decode
from networks.codec_stages import HYPER_STRIDE, LATENT_STRIDE, CodecStages
from networks.compression import CODECS, build_codec, coder_state, load_coder_state


@cache
def codec(name: str) -> CompressionModel:
    torch.manual_seed(0)
    network = build_codec(name, 1, 4, **({"N": 8} if name.startswith("cheng") else {"N": 8, "M": 12})).eval()
    with torch.no_grad():
        for parameter in network.g_a.parameters():
            if parameter.ndim == 4:
                parameter.mul_(1.5 if name.startswith("cheng") else 3)
    load_coder_state(network, coder_state(network))
    return network


@pytest.mark.parametrize("name", list(CODECS))
def test_stages_make_the_streams_of_compressai(name: str) -> None:
    network = codec(name)
    stages = CodecStages(network)
    image = torch.rand(1, 4, 128, 192, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        strings = [string[0] for string in network.compress(image)["strings"]]
    latents = stages.analyse(image[0].numpy())
    assert latents.shape == (stages.latent_channels, 128 // LATENT_STRIDE, 192 // LATENT_STRIDE)
    parameters = None
    if stages.hyper:
        symbols = stages.hyper_analyse(latents)
        assert symbols.shape == (stages.hyper_channels, latents.shape[1] // HYPER_STRIDE, 3)
        stream = stages.encode_hyper(symbols)
        assert stream == strings[1]
        np.testing.assert_array_equal(stages.decode_hyper(stream, *symbols.shape[1:]), symbols)
        parameters = stages.entropy_parameters(stages.hyper_values(symbols))
    stream, symbols = stages.encode(latents, parameters)
    assert np.abs(symbols).max() > 1, "latents are all but zero: nothing is tested"
    assert stream == strings[0]
    again, restored = stages.decode(stream, parameters, *latents.shape[1:])
    np.testing.assert_array_equal(again, symbols)
    expected = decode(network, strings, 128, 192)[0].numpy()
    np.testing.assert_allclose(stages.synthesise(restored), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["bmshj2018-factorized", "bmshj2018-hyperprior", "mbt2018"])
def test_positions_without_meaning_cost_less(name: str) -> None:
    stages = CodecStages(codec(name))
    latents = np.random.default_rng(0).normal(0, 6, (12, 8, 8)).astype(np.float32)
    parameters = None
    if stages.hyper:
        parameters = stages.entropy_parameters(stages.hyper_values(stages.hyper_analyse(latents)))
    dead = np.zeros((8, 8), bool)
    dead[:, 2:] = True
    whole, _ = stages.encode(latents, parameters)
    part, symbols = stages.encode(latents, parameters, dead)
    assert not symbols[:, dead].any()
    assert len(part) < len(whole)


def test_a_window_is_enough_context() -> None:
    stages = CodecStages(codec("bmshj2018-hyperprior"))
    image = np.random.default_rng(0).random((4, 320, 320)).astype(np.float32)
    whole = stages.analyse(image)
    halo = stages.analysis_halo
    window = stages.analyse(image[:, 128 - halo : 192 + halo, 64 - halo : 192 + halo])
    cells = halo // LATENT_STRIDE
    np.testing.assert_allclose(window[:, cells:-cells, cells:-cells], whole[:, 8:12, 4:12], atol=1e-5)
    less = stages.analyse(image[:, 128:192, 64:192])
    assert np.abs(less - whole[:, 8:12, 4:12]).max() > 1e-2, "without context the edge of a tile is another"


def test_a_codec_without_tables_is_refused() -> None:
    with pytest.raises(UserError, match="no coder tables"):
        CodecStages(build_codec("bmshj2018-factorized", 1, 3, N=4, M=4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["bmshj2018-hyperprior", "mbt2018-mean"])
def test_streams_made_with_a_gpu_are_read_without_one(name: str) -> None:
    on_gpu, on_cpu = CodecStages(codec(name), "cuda"), CodecStages(codec(name))
    image = np.random.default_rng(0).random((4, 128, 128)).astype(np.float32)
    latents = on_gpu.analyse(image)
    symbols = on_gpu.hyper_analyse(latents)
    stream, integers = on_gpu.encode(latents, on_gpu.entropy_parameters(on_gpu.hyper_values(symbols)))
    values = on_cpu.hyper_values(on_cpu.decode_hyper(on_gpu.encode_hyper(symbols), *symbols.shape[1:]))
    again, restored = on_cpu.decode(stream, on_cpu.entropy_parameters(values), *latents.shape[1:])
    np.testing.assert_array_equal(again, integers)
    np.testing.assert_allclose(on_gpu.synthesise(restored), on_cpu.synthesise(restored), atol=1e-3)
