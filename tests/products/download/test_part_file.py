import pytest

from errors import UserError
from products.download.part_file import Origin, part_of


def test_a_part_stays_with_what_it_is_of(tmp_path):
    origin = Origin("0" * 64, "md5:1", '"tag"', 7)
    with part_of(tmp_path / "a") as part:
        part.restart(origin)
        part.file.write(b"abc")
    with part_of(tmp_path / "a") as part:
        assert (part.origin, part.size) == (origin, 3)
        part.file.write(b"defg")
        part.finish(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"abcdefg"


def test_a_part_of_nobody_knows_what_begins_anew(tmp_path):
    (tmp_path / ".a.part").write_bytes(b"abc")
    (tmp_path / ".a.part.json").write_text('{"url": ')
    with part_of(tmp_path / "a") as part:
        assert (part.origin, part.size) == (None, 0)
    assert not list(tmp_path.iterdir())


def test_one_at_a_time(tmp_path):
    with part_of(tmp_path / "a"), pytest.raises(UserError, match="another process"), part_of(tmp_path / "a"):
        pass
