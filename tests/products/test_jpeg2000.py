import pytest

from products.jpeg2000 import CODESTREAM_START, HEAD_BYTES, TAIL_BYTES, damage, is_jpeg2000
from tests.fakes import sentinel2 as fakes


@pytest.fixture
def data(tmp_path):
    fakes.write_image(tmp_path / "a.jp2", fakes.pixels("B5", 20), 20)
    return (tmp_path / "a.jp2").read_bytes()


def judged(data, tail=True):
    return damage(data[:HEAD_BYTES], data[-TAIL_BYTES:] if tail else None, len(data))


def with_length(data, length):
    start = data.index(b"jp2c") - 4
    return data[:start] + length.to_bytes(4, "big") + data[start + 4 :]


def test_whole_files(data):
    assert is_jpeg2000(data)
    assert judged(data) is None
    assert judged(data, tail=False) is None
    assert judged(with_length(data, 0)) is None
    assert judged(with_length(data, 0) + bytes(100)) is None
    assert judged(data[data.index(CODESTREAM_START) :]) is None
    assert not is_jpeg2000(b"II*\0")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_truncated_files(data, keep):
    count = int(len(data) * keep)
    for tail in (True, False):
        assert judged(data[:count], tail).endswith(" bytes at its end")
    assert (
        judged(with_length(data, 0)[: max(count, data.index(b"jp2c") + 100)]) == "the end of its code stream"
    )
    stream = data[data.index(CODESTREAM_START) :]
    assert judged(stream[: int(len(stream) * keep)]) == "the end of its code stream"


def test_files_that_were_never_filled(data):
    half = len(data) // 2
    assert judged(data[:half] + bytes(len(data) - half)) == "the end of its code stream"


def test_files_without_a_code_stream(data):
    assert judged(data[: data.index(b"jp2c") - 4]) == "its code stream"
    assert judged(data[:20]) == "16 bytes at its end"
