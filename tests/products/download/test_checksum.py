import hashlib

import pytest

from errors import UserError
from products.download.checksum import digests, given, told


def test_what_servers_tell():
    assert str(told("SHA-256", "A" * 64)) == "sha256:" + "a" * 64
    assert str(told("md5", "0" * 32)) == "md5:" + "0" * 32
    for algorithm, value in (
        ("md5", "0" * 31),
        ("md5", "g" * 32),
        ("Adler-32", "0" * 8),
        (None, None),
        ("", "0" * 64),
    ):
        assert told(algorithm, value) is None


def test_what_users_give():
    assert str(given("0" * 64, "sha256")) == "sha256:" + "0" * 64
    assert given("md5:" + "0" * 32, "x").algorithm == "md5"
    with pytest.raises(UserError, match="key: found 'sha256:12', expected sha256"):
        given("sha256:12", "key")


def test_checksums_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    expected = {name: hashlib.new(name, b"abc" * 1_000_000).hexdigest() for name in ("md5", "sha256")}
    assert digests(tmp_path / "a", ["md5", "sha256"]) == expected
    assert given(expected["sha256"], "x").matches(tmp_path / "a")
    assert not given("0" * 64, "x").matches(tmp_path / "a")
