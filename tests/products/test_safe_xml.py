import pytest

from errors import UserError
from products.safe_xml import elements, first_text, local_name, parse_xml

DOCUMENT = b'<?xml version="1.0"?><n:a xmlns:n="u"><b>  one </b><n:c i="1">two</n:c><c/><b>three</b></n:a>'


def test_elements_go_by_their_local_names():
    root = parse_xml(DOCUMENT, "x")
    assert local_name(root) == "a"
    assert first_text(root, "b") == "one"
    assert first_text(root, "d", "c") == "two"
    assert first_text(root, "d") is None
    assert [element.get("i") for element in elements(root, "c")] == ["1", None]


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ],
)
def test_document_types_are_refused(document):
    with pytest.raises(UserError, match=r"x: found no plain XML \(it declares the document type a\)"):
        parse_xml(document, "x")


@pytest.mark.parametrize("document", [b"", b"<a", b"<a>&b;</a>", b"\x00\xff", DOCUMENT[:60], b"text"])
def test_what_is_no_xml(document):
    with pytest.raises(UserError, match="x: found no plain XML"):
        parse_xml(document, "x")
