"""The little container of one image's strings, and padding."""

import pytest
import torch

from networks.bitstream import encode, pad_to_multiple, read_stream, write_stream


@pytest.mark.parametrize("strings", [[b""], [b"abc", b""], [bytes(300), bytes(70_000)], []])
@pytest.mark.parametrize("size", [(1, 1), (127, 128), (5000, 20_000)])
def test_round_trip(strings, size) -> None:
    stream, header_bytes = write_stream(strings, *size)
    assert read_stream(stream) == (strings, *size)
    assert header_bytes + sum(map(len, strings)) == len(stream)


def test_a_cut_or_extended_stream_is_refused() -> None:
    stream, header_bytes = write_stream([bytes(200), b"hyper"], 300, 200)
    for length in range(len(stream)):
        with pytest.raises(ValueError, match="stream"):
            read_stream(stream[:length])
    with pytest.raises(ValueError, match="announces"):
        read_stream(stream + b"x")
    assert header_bytes == 2 + 2 + 1 + 2 + 1


def test_padding_repeats_the_edge_at_bottom_and_right() -> None:
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    padded = pad_to_multiple(image, 5)
    assert padded.shape == (1, 1, 5, 5)
    assert torch.equal(padded[..., :3, :4], image)
    assert padded[0, 0, 4, 4] == image[0, 0, 2, 3]
    assert pad_to_multiple(image, 1) is image


def test_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="one image at a time"):
        encode(torch.nn.Identity(), torch.zeros(2, 3, 64, 64))
