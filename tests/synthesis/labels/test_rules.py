"""What the rules make of each combination of evidence."""

import itertools

import numpy as np
import pytest

from errors import UserError
from synthesis.labels.evidence import Evidence, Indices, SceneCodes
from synthesis.labels.rules import RULES, rule_named

CLOUD, GROUND, SNOW, WATER, UNKNOWN = 0, 1, 2, 3, 255
CODES = SceneCodes(nodata=0, ground=1, dark=2, cloud=3, snow=4)
INDICES = Indices(cloud=CLOUD, ground=GROUND, snow=SNOW, water=WATER, unknown=UNKNOWN)
COMBINATIONS = np.array(list(itertools.product(range(5), range(3), (0, 1), (0, 1)))).T


def evidence(**changes):
    """All combinations of scene class, snow code, water and cloud, in one row."""
    scene, snow, water, cloud = (row[None] for row in COMBINATIONS)
    known = np.ones(scene.shape, bool)
    facts = {
        "scene_class": scene, "snow": snow == 2, "bare": snow == 1, "water": water == 1, "water_known": known,
        "cloud": cloud == 1, "cloud_known": known,
    }  # fmt: skip
    return Evidence(**{**facts, **changes})


def label(rule, unclassified="ignore", masked=None, **changes):
    return RULES[rule].label(evidence(**changes), CODES, INDICES, unclassified, masked)[0]


def published(rule, masked=False):
    """The published rules, class by class in the order in which they paint."""
    scene, snow, water, cloud = COMBINATIONS
    if rule == "exolabs":
        layers = [(scene >= 0, GROUND), (water == 1, WATER), (scene == 4, SNOW), (scene == 3, CLOUD)]
    else:
        bare = (snow == 1) | (scene == 2)
        layers = [
            (scene >= 0, CLOUD),
            (bare, GROUND),
            (water == 1, WATER),
            (snow == 2, SNOW),
            (cloud == 1, CLOUD),
        ]
    mask = np.full(scene.shape, UNKNOWN)
    for where, index in [*layers, *([(scene == 0, UNKNOWN)] if masked else [])]:
        mask[where] = index
    return mask


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("masked", [False, True])
def test_published_rules_are_reproduced(rule, masked):
    np.testing.assert_array_equal(label(rule, "published", masked), published(rule, masked))
    if not masked:
        np.testing.assert_array_equal(label(rule, "published"), published(rule))


def test_clouds_come_before_snow_before_water_before_ground():
    scene, snow, water, cloud = COMBINATIONS
    mask = label("cloudless_exolabs")
    assert (mask[cloud == 1] == CLOUD).all()
    assert (mask[(cloud == 0) & (snow == 2)] == SNOW).all()
    assert (mask[(cloud == 0) & (snow != 2) & (water == 1)] == WATER).all()
    ground = (cloud == 0) & (water == 0) & (snow != 2) & ((snow == 1) | (scene == 2))
    assert (mask[ground] == GROUND).all()


def test_what_no_rule_classifies_is_unknown():
    scene, snow, water, cloud = COMBINATIONS
    mask = label("cloudless_exolabs")
    nothing = (cloud == 0) & (water == 0) & (snow == 0) & (scene != 2)
    assert (mask[nothing] == UNKNOWN).all() and (mask[~nothing] != UNKNOWN).all()


def test_without_classification_the_rule_exolabs_knows_nothing_of_clouds():
    scene = COMBINATIONS[0]
    mask = label("exolabs")
    assert (mask[scene == 0] == UNKNOWN).all() and (mask[scene != 0] != UNKNOWN).all()
    assert (label("exolabs", masked=False)[(scene == 0) & (COMBINATIONS[2] == 1)] == WATER).all()


def test_where_the_water_map_says_nothing_there_is_no_ground():
    nothing = np.zeros((1, COMBINATIONS.shape[1]), bool)
    for rule in RULES:
        mask = label(rule, water=nothing, water_known=nothing)
        assert set(mask) == {CLOUD, SNOW, UNKNOWN}
        assert GROUND in label(rule, "published", water=nothing, water_known=nothing)


def test_where_clouds_are_not_known_nothing_is_unless_as_published():
    nothing = np.zeros((1, COMBINATIONS.shape[1]), bool)
    assert set(label("cloudless_exolabs", cloud=nothing, cloud_known=nothing)) == {UNKNOWN}
    mask = label("cloudless_exolabs", "published", cloud=nothing, cloud_known=nothing)
    assert set(mask) == {CLOUD, GROUND, SNOW, WATER}


def test_an_unknown_rule_is_one_sentence():
    with pytest.raises(
        UserError, match=r"generator\.rule: found 'nimbus', expected one of exolabs, cloudless_exolabs"
    ):
        rule_named("nimbus")
