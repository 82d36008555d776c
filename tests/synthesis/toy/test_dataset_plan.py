import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from errors import UserError
from synthesis.toy.dataset_plan import DatasetPlan, make_plan

NOT_PLANNED = ("num_scenes", "num_workers", "overwrite", "progress", "split_fractions")


@pytest.fixture
def plan(dataset_keys: dict[str, Any]) -> Callable[..., DatasetPlan]:
    """Makes a plan; any key may be given."""
    kept = {key: value for key, value in dataset_keys.items() if key not in NOT_PLANNED}

    def make(**keys: Any) -> DatasetPlan:
        return make_plan(**{**kept, "fractions": [0.7, 0.15, 0.15], **keys})

    return make


def products(plan: DatasetPlan) -> dict[str, tuple[str, str | None]]:
    return {product.name: (product.latent, product.input) for product in plan.products}


def test_products_know_their_latent_and_input(plan: Callable[..., DatasetPlan]) -> None:
    assert products(plan()) == {
        "clean_optical": ("optical", None),
        "clouded_optical": ("optical", "clean_optical"),
        "sar": ("sar", None),
    }
    assert list(plan(task="segmentation").latents) == ["optical"]  # nothing else is drawn


def test_sensors_are_numbered_and_may_differ(plan: Callable[..., DatasetPlan]) -> None:
    made = plan(latents={"optical": {}, "sar": {"num_bands": 2, "texture_amplitude": 0.1}}, num_bands=4)
    assert [latent.variant for latent in made.latents.values()] == [0, 1]
    assert [latent.settings.num_bands for latent in made.latents.values()] == [4, 2]
    assert made.latents["sar"].of_scene(3).seed == made.seed + 3
    assert made.latents["sar"].settings.phenology["band_names"] == ["vv", "vh", "hh"]


def test_a_plan_can_be_sent_to_a_process(plan: Callable[..., DatasetPlan]) -> None:
    made = plan()
    assert pickle.loads(pickle.dumps(made)) == made


def test_the_record_holds_contents_of_files_and_not_their_place(
    plan: Callable[..., DatasetPlan], tmp_path: Path, ts_file: Callable[..., Path]
) -> None:
    rows = [":".join([f"{k},1,2,3"] * 3 + [name]) for k in range(4) for name in "ab"]
    records = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        ts_file(tmp_path / name / "x.ts", rows, dimensions=3)
        records.append(plan(series={"optical": str(tmp_path / name)}).record())
    assert records[0] == records[1]
    assert str(tmp_path) not in json.dumps(records)
    ts_file(tmp_path / "there" / "x.ts", rows[2:], dimensions=3)
    assert plan(series={"optical": str(tmp_path / "there"), "sar": None}).record() != records[0]


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"preset": "sar"}, r"cloud_removal\.x has the keys preset: expected preset and latent or input"),
        ({"latent": "sar", "input": "x", "preset": "sar"}, "expected preset and latent or input"),
        ({"latent": "sar", "preset": "radar"}, r"cloud_removal\.x\.preset is radar: expected one of"),
        ({"latent": "thermal", "preset": "sar"}, r"x\.latent is thermal: expected one of optical, sar"),
        ({"input": "clean", "preset": "sar"}, r"x\.input is clean: expected a product that comes before"),
    ],
)
def test_a_bad_task_is_named(plan: Callable[..., DatasetPlan], product: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(tasks={"cloud_removal": {"x": product}})


def test_bad_stages_are_found_before_anything_is_made(
    plan: Callable[..., DatasetPlan], dataset_keys: dict[str, Any]
) -> None:
    presets = {**dataset_keys["presets"], "sar": {"salt_and_pepper": {"fraction": [2, 3]}}}
    with pytest.raises(UserError, match="salt_and_pepper"):
        plan(presets=presets)
    with pytest.raises(UserError, match=r"tasks\.cloud_removal is empty"):
        plan(tasks={"cloud_removal": {"sar": None}})
