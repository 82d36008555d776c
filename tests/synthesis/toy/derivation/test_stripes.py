from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.stage import Draws
from synthesis.toy.derivation.stripes import Stripes

SHAPE = (96, 64, 3)
FRAME = np.ones(SHAPE, np.float32)
DRAWS = Draws(1, 8, "product", 40)


def missing(index: int = 0, **options: Any) -> np.ndarray:
    image = Stripes(**options).prepare(SHAPE, DRAWS).image(FRAME, index)
    gone = np.isnan(image)
    assert (gone.all(axis=-1) == gone.any(axis=-1)).all()
    assert (image[~gone] == 1).all()
    return gone[..., 0]


def test_stripes_lie_along_rows_or_columns() -> None:
    rows = missing(period_px=16, width_px=4)
    assert (rows == rows[:, :1]).all()
    assert rows.mean() == pytest.approx(4 / 16, abs=1 / 16)
    columns = missing(period_px=16, width_px=4, angle_deg=90)
    assert (columns == columns[:1]).all()
    assert missing(period_px=12, width_px=3, angle_deg=30).mean() == pytest.approx(0.25, abs=0.03)


def test_every_frame_has_them_elsewhere_or_not_at_all() -> None:
    assert not np.array_equal(missing(0), missing(1))
    np.testing.assert_array_equal(missing(1), missing(1))
    struck = np.mean([missing(index, probability=0.5).any() for index in range(40)])
    assert 0.25 < struck < 0.75
    assert not missing(probability=0).any()
    assert missing(period_px=5, width_px=5).all()


@pytest.mark.parametrize(
    "options",
    [{"probability": -1}, {"period_px": 0}, {"width_px": 33}, {"width_px": 0}, {"angle_deg": "steep"}],
)
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"stripes.{next(iter(options))} is"):
        Stripes(**options)
