import re

from annotation.page_files import PAGE, page_files

FOREIGN = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)
STANDARDS = {"http://www.w3.org"}  # names of standards, which nobody loads


def test_every_file_of_the_page_is_served():
    files = page_files()
    assert set(files) == {"", *(path.name for path in PAGE.iterdir())}
    assert files[""] == files["index.html"]
    assert files["main.js"].media_type == "text/javascript"


def test_whatever_the_page_names_is_there():
    files = page_files()
    for name, file in files.items():
        text = file.content.decode()
        named = re.findall(r"from \"\./([\w.]+)\"", text) + re.findall(r"(?:src|href)=\"([\w.]+)\"", text)
        assert set(named) <= set(files), name


def test_nothing_is_loaded_from_elsewhere():
    for name, file in page_files().items():
        assert set(FOREIGN.findall(file.content.decode())) <= STANDARDS, name
        assert b" style=" not in file.content, name  # the page forbids itself styles and scripts in its text
        assert b" onclick=" not in file.content, name
