import pytest

from errors import UserError
from products.band_names import canonical, names_by_position, positions
from tests.fakes.array_product import sensor

LIKE = sensor({"B2": 10, "B8A": 20})
LIKE.bands["B2"] = LIKE.bands["B2"].__class__("B2", 10, description="B2 (490 nm)", source="blue")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("B02", "B2"),
        ("b8a", "B8A"),
        ("B2 (490 nm)", "B2"),
        ("blue", "B2"),
        ("B11", "B11"),
        ("altitude", "altitude"),
    ],
)
def test_what_files_call_a_band(name, expected):
    assert canonical(name, LIKE) == expected


def test_names_come_from_the_file_then_the_order_then_numbers():
    assert names_by_position(["B02", "x"], LIKE, None, "f") == ("B2", "x")
    assert names_by_position(["B02", "x"], LIKE, ("a", "b"), "f") == ("B2", "x")
    assert names_by_position(["Layer 1", "Layer 2"], LIKE, ("a", "b"), "f") == ("a", "b")
    assert names_by_position(["Layer 1", "Layer 2"], LIKE, None, "f") == ("Layer 1", "Layer 2")
    assert names_by_position(["B2", None], LIKE, None, "f") == ("band_1", "band_2")
    assert names_by_position(["B2", "B02"], LIKE, ("a", "b"), "f") == ("a", "b")


def test_an_order_of_another_length_is_refused():
    with pytest.raises(UserError, match=r"f: found 3 bands without names, expected 2 as scenes\.band_order"):
        names_by_position([None] * 3, LIKE, ("a", "b"), "f")


def test_bands_are_found_in_the_order_asked_for():
    assert positions(["c", "a"], ["a", "b", "c"], "f") == [2, 0]
    with pytest.raises(UserError, match="f: found the bands a, b, expected d, e among them"):
        positions(["a", "d", "e"], ["a", "b"], "f")
    with pytest.raises(UserError, match="each band once"):
        positions(["a", "a"], ["a", "b"], "f")
    with pytest.raises(UserError, match="at least one"):
        positions([], ["a", "b"], "f")
