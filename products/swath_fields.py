"""A data set found by the name that a sensor's config gives it, however a collection spells it."""

import re
from collections.abc import Iterable


def spelling(name: str) -> str:
    """What of a data set's name tells it from others: the last part of its path, without case, spaces, underscores.

    Only between two digits a separator stays, so that "Band 1_1" is not "Band 11". What collections append in
    brackets ("(16-bit integer)") is dropped.
    """
    last = re.sub(r"\([^)]*\)\s*$", "", name.rsplit("/", 1)[-1]).strip().casefold()
    return re.sub(r"[\s_]+", "", re.sub(r"(?<=\d)[\s_]+(?=\d)", "-", last))


def find_field(names: Iterable[str], wanted: str) -> str | None:
    """The data set that is spelled like `wanted`, or like `wanted` with the layer "_1" appended; None without one."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(spelling(name), name)
    return spelled.get(spelling(wanted)) or spelled.get(spelling(f"{wanted}_1"))
