"""Text files that appear whole."""

import pytest

from errors import UserError
from synthesis.text_file import write_whole


def test_a_file_and_its_folder_are_made_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a" / "b.csv", "1\n")
    write_whole(tmp_path / "a" / "b.csv", "2\n")
    assert (tmp_path / "a" / "b.csv").read_text() == "2\n"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.csv"]


@pytest.mark.parametrize("name", ["file/b.csv", "folder"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        write_whole(tmp_path / name, "1\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
