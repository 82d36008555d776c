import pytest

from errors import UserError
from products.download.selection import Box, Selection, matching, read_selection

NOTHING = dict.fromkeys(
    ("box", "start", "end", "cloud_cover", "count", "product_type", "provider", "names", "events", "layer")
)


def read(**wishes):
    return read_selection(**(NOTHING | wishes))


def test_wishes_are_read():
    found = read(box=[7, 46, "8.5", 47], start="2024-06-01", end="2024-06-02", names="a", events=["x", 3])
    assert found.box == Box(7, 46, 8.5, 47)
    assert (found.names, found.events) == (("a",), ("x", "3"))
    assert found.moments() == ("2024-06-01", "2024-06-02T23:59:59Z")
    assert read(end="2024-06-02T10:00:00").moments() == (None, "2024-06-02T10:00:00")
    assert read(start="2024-06-01", end="2024-06-01").start == "2024-06-01"


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"box": [1, 2, 3]}, "expected .west,south,east,north."),
        ({"box": [1, 2, "x", 4]}, "expected .west,south,east,north."),
        ({"box": [1, 5, 3, 4]}, "south below north"),
        ({"box": [1, 2, 181, 4]}, "within -180 to 180"),
        ({"box": [1, 2, float("nan"), 4]}, "expected .west"),
        ({"start": "June"}, "start: found 'June', expected a day"),
        ({"start": "2024-06-02", "end": "2024-06-01"}, "not before start"),
        ({"cloud_cover": 120}, "percent from 0 to 100"),
        ({"count": 0}, "expected 1 or more"),
    ],
)
def test_wishes_that_make_no_sense(wishes, sentence):
    with pytest.raises(UserError, match=sentence):
        read(**wishes)


def test_patterns():
    assert matching(("B*", "a"), ["A", "b1", "c", "B2"], "names", "file") == ["A", "b1", "B2"]
    with pytest.raises(UserError, match=r"names: found no file 'x', expected some of 0, 1, .* \(20 in all\)"):
        matching(("x",), [str(i) for i in range(20)], "names", "file")
    with pytest.raises(UserError, match="layer: source=s knows no such wish, expected one of box"):
        Selection(layer="a").only("s", ("box",))
