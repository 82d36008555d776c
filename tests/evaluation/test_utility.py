import pytest

from evaluation.results import problem_of
from evaluation.utility import Scored, conclusion, fit_name, utility


def scored_by(real: dict, both: dict, pairs: list | None = None) -> list[Scored]:
    """Trainings by share: values of seeds 0, 1, ..."""
    found = [
        Scored(arm, seed, share, round(100 * share), {"iou_cloud": value, "accuracy": 0.9})
        for arm, own in (("real", real), ("both", both))
        for share, values in own.items()
        for seed, value in enumerate(values)
    ]
    return found + [
        Scored("pairs", seed, 0.0, 0, {"iou_cloud": value}) for seed, value in enumerate(pairs or [])
    ]


CLEAR_GAIN = scored_by(
    {0.05: [0.40, 0.50, 0.60], 1.0: [0.80, 0.82, 0.81]},
    {0.05: [0.50, 0.61, 0.70], 1.0: [0.79, 0.84, 0.80]},
    [0.55, 0.57, 0.56],
)


def test_gains_are_differences_of_seeds():
    sections = utility(CLEAR_GAIN, "iou_cloud")
    few, all_ground = sections["utility"]["gain"]
    assert few["values"] == pytest.approx({"0": 0.1, "1": 0.11, "2": 0.1})
    assert few["mean"] == pytest.approx(0.31 / 3)
    # Student's t for two degrees of freedom is 4.3027, the deviation of these three 0.0057735.
    half = 4.30265 * 0.0057735 / 3**0.5
    assert few["interval"] == pytest.approx([0.31 / 3 - half, 0.31 / 3 + half], abs=1e-6)
    assert few["verdict"] == "better"  # although the seeds themselves spread more than that
    assert all_ground["verdict"] == "no difference shown"
    assert [point["share"] for point in sections["utility"]["arms"]["real"]] == [0.05, 1.0]
    assert sections["metrics"]["real_5/iou_cloud"] == pytest.approx(0.5)
    assert sections["metrics"]["gain_5/iou_cloud"] == pytest.approx(0.31 / 3)
    assert sections["scores"]["both_100"] == pytest.approx({"iou_cloud": 0.81, "accuracy": 0.9})
    assert sections["scores_spread"]["pairs"]["iou_cloud"] == pytest.approx(0.01)
    assert problem_of({"schema": "nadir-results/1", "experiment": "a", "data": {}, **sections}) is None


def test_harm_is_said_too():
    tested = scored_by({0.1: [0.6, 0.6, 0.6]}, {0.1: [0.5, 0.51, 0.5]})
    assert utility(tested, "iou_cloud")["utility"]["gain"][0]["verdict"] == "worse"


def test_the_conclusion_is_honest_about_seeds_and_scenes():
    section = utility(CLEAR_GAIN, "iou_cloud")["utility"]
    text = conclusion(section, scenes=2, split="by blocks")
    assert "5 % +0.103 ± 0.006 (better), 100 % +0.000 ± 0.017 (no difference shown)" in text
    assert "Pairs alone reach 0.560 ± 0.010, as much as 5 % to 100 % of the real labels alone" in text
    assert "Indicative only: seeds are not scenes, and the test shows 2 scenes." in text
    assert text.endswith("Split by blocks.")
    assert "It holds for the 7 scenes" in conclusion(section, scenes=7)
    generated = conclusion(section, scenes=7, generated=True)
    assert "says nothing about clouds" in generated
    assert "holds" not in generated


def test_one_seed_shows_no_difference():
    section = utility(scored_by({1.0: [0.2]}, {1.0: [0.9]}), "iou_cloud")["utility"]
    point = section["gain"][0]
    assert (point["spread"], point["interval"], point["verdict"]) == (None, None, "no difference shown")
    assert "1 seed does not tell chance from gain" in conclusion(section, scenes=1)
    two = utility(scored_by({1.0: [0.2, 0.3]}, {1.0: [0.9, 1.0]}), "iou_cloud")["utility"]
    assert "2 seeds do not tell" in conclusion(two, scenes=1)


@pytest.mark.parametrize(
    ("alone", "expected"),
    [
        (0.1, "less than 5 % of"),
        (0.9, "at least as much as 100 % of"),
        (0.55, "as much as 10 % to 100 % of"),
    ],
)
def test_pairs_alone_are_ranked_among_real_labels(alone, expected):
    section = utility(scored_by({0.05: [0.4], 0.1: [0.5], 1.0: [0.7]}, {}, [alone]), "iou_cloud")["utility"]
    assert expected in conclusion(section, scenes=1)


def test_curves_that_fall_are_ranked_too():
    section = utility(scored_by({0.05: [0.6], 0.1: [0.4]}, {}, [0.5]), "iou_cloud")["utility"]
    assert "more than 10 % of the real labels alone and less than 5 %" in conclusion(section, scenes=1)


def test_an_undefined_score_is_left_out():
    tested = [Scored("real", 0, 1.0, 9, {}), Scored("both", 0, 1.0, 9, {})]
    sections = utility(tested, "iou_cloud")
    assert sections["metrics"] == sections["scores"] == {}
    assert "undefined in every test" in conclusion(sections["utility"], scenes=1)


def test_names_of_trainings_are_names_of_folders():
    assert [fit_name("real", 0.05), fit_name("both", 1.0), fit_name("real", 0.125), fit_name("pairs", 0.0)] == [
        "real_5", "both_100", "real_12.5", "pairs",
    ]  # fmt: skip
