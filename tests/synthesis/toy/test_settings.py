import json
from collections.abc import Callable
from typing import Any

import pytest

from errors import UserError
from synthesis.toy.settings import LatentSettings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", -1), ("seed", 2**32), ("seed", 1.5), ("num_frames", 0), ("width", 0), ("height", -3),
        ("num_bands", 0), ("num_cells", 0), ("num_cells", 40000), ("num_classes", 0), ("length_scale_px", 0.0),
        ("texture_amplitude", -0.1), ("border_px", -1), ("rng", "publish"), ("texture", "rough"),
        ("series_scaling", "none"), ("num_cells", True), ("num_bands", 13),
        ("num_classes", 9),
    ],
)  # fmt: skip
def test_a_bad_value_is_named(settings: Callable[..., LatentSettings], key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"^generator\.{key} is .*: expected"):
        settings(**{key: value})


def test_published_cells_need_three_points(settings: Callable[..., LatentSettings]) -> None:
    with pytest.raises(UserError, match=r"generator\.num_cells is 2: expected at least 3"):
        settings(rng="published", num_cells=2)
    assert settings(rng="published", num_cells=3).num_cells == 3


def test_some_series_are_needed(settings: Callable[..., LatentSettings]) -> None:
    with pytest.raises(UserError, match=r"generator\.phenology"):
        settings(phenology={})
    assert settings(phenology={}, time_series=("a.ts",)).time_series == ("a.ts",)


def test_settings_survive_json(settings: Callable[..., LatentSettings]) -> None:
    values = settings(seed=0).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["seed"] == 0
