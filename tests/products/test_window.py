from fractions import Fraction

import pytest

from products.window import Window


def test_expand_and_clip() -> None:
    window = Window(10, 20, 30, 40).expand(15)
    assert window == Window(-5, 5, 60, 70)
    assert window.clip(45, 50) == Window(0, 5, 45, 45)
    assert Window(100, 0, 10, 10).clip(50, 50).height == 0


def test_scale_refuses_edges_between_cells() -> None:
    assert Window(32, 64, 16, 48).scale(Fraction(1, 16)) == Window(2, 4, 1, 3)
    assert Window(2, 4, 6, 8).scale(Fraction(3, 2)) == Window(3, 6, 9, 12)
    with pytest.raises(ValueError, match="no counterpart"):
        Window(8, 0, 16, 16).scale(Fraction(1, 16))


def test_text_and_slices() -> None:
    assert str(Window(1, 2, 3, 4)) == "1,2,3,4"
    assert Window(5, 6, 2, 3).inside(Window(4, 4, 10, 10)) == (slice(1, 3), slice(2, 5))
