"""XML of unknown origin: no document types, so no entities, neither external nor growing."""

from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from errors import UserError


class _PlainTreeBuilder(TreeBuilder):
    # Entities can only be declared in a document type, whose beginning is reported before anything in it is.
    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ParseError(f"it declares the document type {name}")


def parse_xml(document: bytes, label: str) -> Element:
    """The root element of a document.

    Args:
        document: its bytes.
        label: how messages call it.

    Raises:
        UserError: it is no well-formed XML, or declares a document type.
    """
    parser = XMLParser(target=_PlainTreeBuilder())
    try:
        parser.feed(document)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise UserError(f"{label}: found no plain XML ({error}), expected product metadata") from error
    return root


def local_name(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def first_text(root: Element, *names: str) -> str | None:
    """Text of the first element below `root` with one of the local names, tried in order; None where there is none."""
    for name in names:
        for element in root.iter():
            if local_name(element) == name and element.text and element.text.strip():
                return element.text.strip()
    return None


def elements(root: Element, *names: str) -> list[Element]:
    """All elements below `root` with one of the local names, in the document's order."""
    return [element for element in root.iter() if local_name(element) in names]
