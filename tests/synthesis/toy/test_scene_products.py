from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthesis.toy.dataset_plan import DatasetPlan, make_plan
from synthesis.toy.layout import open_product
from synthesis.toy.scene_products import make_scene_products

NOT_PLANNED = ("num_scenes", "num_workers", "overwrite", "progress", "split_fractions")


def plan(keys: dict[str, Any], **changes: Any) -> DatasetPlan:
    kept = {key: value for key, value in keys.items() if key not in NOT_PLANNED}
    return make_plan(**{**kept, "fractions": [0.7, 0.15, 0.15], **changes})


def test_a_product_does_not_depend_on_the_layout_of_its_input(
    tmp_path: Path, dataset_keys: dict[str, Any]
) -> None:
    for layout in ("published", "compact"):
        make_scene_products(tmp_path / layout, plan(dataset_keys, layout=layout), (0, "train"))
    for name in ("clean_optical", "clouded_optical", "sar"):
        published, compact = (
            open_product(tmp_path / layout / "1" / name) for layout in ("published", "compact")
        )
        spread = np.ptp(published.frame(2))
        difference = np.abs(published.frame(2) - compact.frame(2)).max()
        assert difference < 1.01 * spread / 2 / 65534 + 1e-6  # half a step of 16 bits, once


@pytest.mark.parametrize("lost", ["clean_optical", "clouded_optical", "sar"])
def test_a_lost_product_is_made_again_and_others_stay(
    tmp_path: Path, dataset_keys: dict[str, Any], lost: str
) -> None:
    made = plan(dataset_keys)
    make_scene_products(tmp_path, made, (2, "test"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.*")}
    (tmp_path / "3" / lost / "index.json").unlink()
    (tmp_path / "3" / lost / "frames" / "frame_1.h5").unlink()
    make_scene_products(tmp_path, made, (2, "test"))
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.*")}
    assert {path: content for path, (content, _) in after.items()} == {
        path: content for path, (content, _) in before.items()
    }
    written = {path.name for path, (_, when) in after.items() if when != before[path][1]}
    assert written == {"index.json", "frame_1.h5", "annotation_1.h5"}
