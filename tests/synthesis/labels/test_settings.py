"""Settings of labels."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from products.class_table import ClassTable
from products.scene_reader import SceneReader
from synthesis.labels.evidence import Indices, SceneCodes
from synthesis.labels.rules import rule_named
from synthesis.labels.settings import LabelSettings


@pytest.fixture
def facts(repository):
    return {
        "rule": rule_named("cloudless_exolabs"),
        "classes": instantiate(OmegaConf.load(repository / "conf" / "classes" / "clouds.yaml")),
        "codes": SceneCodes(nodata=0, ground=1, dark=2, cloud=3, snow=4), "snow_codes": {"absent": 1, "present": 2},
        "unclassified": "ignore", "masked": None, "water": None, "water_number": 1, "water_nodata": [255],
        "water_slack_px": 3, "cloud_threshold": 0.5, "cloudless_scale": 100, "cloudless_bands": list("abcdefghij"),
        "cloudless_resolution_m": None, "resolution_m": None, "tile_m": 109_800, "border_px": 1, "scenes": SceneReader(),
    }  # fmt: skip


def table(*names, numbers=None):
    numbers = numbers or range(len(names))
    classes = {
        name: {"values": [number], "colour": [0, 0, 0]} for name, number in zip(names, numbers, strict=True)
    }
    return ClassTable(name="mine", classes=classes)


def test_indices_are_those_of_the_table(facts):
    mine = table("water", "snow", "ground", "cloud", "shadow")
    assert LabelSettings(**{**facts, "classes": mine}).indices == Indices(
        cloud=3, ground=2, snow=1, water=0, unknown=255
    )


def test_the_record_tells_what_decides_about_pixels(facts):
    before = LabelSettings(**facts).record()
    for change in (
        {"unclassified": "published"},
        {"cloud_threshold": 0.6},
        {"resolution_m": 20},
        {"water_number": 2},
    ):
        assert LabelSettings(**{**facts, **change}).record() != before
    assert LabelSettings(**{**facts, "detector_threads": 2}).record() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"classes": table("cloud", "snow")},
            r"generator\.classes: found cloud, snow, expected ground, water among them",
        ),
        (
            {"classes": table("cloud", "ground", "snow", "water", numbers=[9, 1, 2, 3])},
            r"generator\.classes: found 9 cloud, .*expected a table in which every class has its own place",
        ),
        ({"resolution_m": 0}, r"generator\.resolution_m: found 0, expected a number above 0"),
    ],
)
def test_what_cannot_be_is_one_sentence(facts, change, words):
    with pytest.raises(UserError, match=words):
        LabelSettings(**{**facts, **change})
