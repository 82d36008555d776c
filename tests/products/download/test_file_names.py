import pytest

from errors import UserError
from products.download.file_names import checked_name, checked_path, name_in_url, place, shown


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", ".hidden", "../a", "a/b", "/etc/passwd", "a\\b", "C:a", "a\0b", "a\nb", "generated.json",
     "Downloads.JSON", "é" * 101],
)  # fmt: skip
def test_names_that_are_refused(name):
    with pytest.raises(UserError, match="somebody: found the file name"):
        checked_name(name, "somebody")


def test_names_and_paths():
    assert checked_name(" scene one.zip ", "x") == "scene one.zip"
    assert checked_path("a/b/c.jpg", "x") == "a/b/c.jpg"
    for path in ("a//b", "/a", "a/../b", "a/.b"):
        with pytest.raises(UserError, match="file name"):
            checked_path(path, "x")
    assert name_in_url("https://h/a/b%20c.tif?x=1#y") == "b c.tif"
    with pytest.raises(UserError, match="file name"):
        name_in_url("https://h/a/%2e%2e%2fb")


def test_links_do_not_lead_out(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    assert place(tmp_path / "out", "a/b.tif") == tmp_path / "out" / "a" / "b.tif"
    with pytest.raises(UserError, match="link that leads out"):
        place(tmp_path / "out", "link/b.tif")


def test_what_is_shown_of_a_url():
    assert shown("https://me:word@h:81/a/b?token=s#t") == "https://h:81/a/b"
