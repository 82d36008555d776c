import pytest

from evaluation.learning_curves import Trained, learning_curves
from evaluation.results import problem_of


def trained(arm, seed, round, value, windows=None):
    return Trained(
        arm,
        seed,
        round,
        5 + 5 * round if windows is None else windows,
        {"mean_iou": value, "accuracy": 2 * value},
    )


@pytest.fixture
def sections():
    runs = [
        trained("random", 1, 0, 0.30), trained("random", 1, 1, 0.40), trained("random", 1, 2, 0.50),
        trained("random", 2, 0, 0.20), trained("random", 2, 1, 0.20), trained("random", 2, 2, 0.30),
        trained("entropy", 1, 0, 0.30), trained("entropy", 1, 1, 0.50), trained("entropy", 1, 2, 0.55),
        trained("entropy", 2, 0, 0.20), trained("entropy", 2, 1, 0.30), trained("entropy", 2, 2, 0.45),
        trained("all_labels", 1, 0, 0.80, windows=100),
    ]  # fmt: skip
    return learning_curves(runs, "mean_iou", 100)


def test_means_and_spreads_over_seeds(sections):
    curve = sections["learning_curves"]["arms"]["entropy"]
    assert [point["share"] for point in curve] == [0.05, 0.10, 0.15]
    assert curve[1]["mean"] == pytest.approx(0.4)
    assert curve[1]["spread"] == pytest.approx(0.02**0.5)  # of 0.5 and 0.3
    assert curve[1]["values"] == {"1": 0.5, "2": 0.3}
    assert list(sections["learning_curves"]["arms"]) == ["entropy", "random", "all_labels"]


def test_differences_are_taken_seed_by_seed(sections):
    over = sections["learning_curves"]["over_random"]["entropy"]
    assert [point["round"] for point in over] == [1, 2]  # round 0 is shared
    assert over[0]["mean"] == pytest.approx(0.1)
    assert over[0]["spread"] == pytest.approx(0, abs=1e-12)  # both seeds gain as much
    assert over[1]["mean"] == pytest.approx(0.1)
    assert "all_labels" not in sections["learning_curves"]["over_random"]


def test_figures_of_the_last_round_and_over_rounds(sections):
    metrics = sections["metrics"]
    assert metrics["entropy/mean_iou"] == pytest.approx(0.5)
    assert metrics["entropy/mean_iou_over_rounds"] == pytest.approx(0.45)
    assert metrics["entropy/mean_iou_over_random"] == pytest.approx(0.1)
    assert metrics["all_labels/mean_iou"] == 0.8
    assert sections["scores"]["random"] == {"mean_iou": pytest.approx(0.4), "accuracy": pytest.approx(0.8)}
    assert "all_labels" not in sections["scores_spread"]


def test_sections_are_results(sections):
    assert problem_of({"schema": "nadir-results/1", "experiment": "a", "data": {}, **sections}) is None


def test_one_seed_has_no_spread():
    sections = learning_curves([trained("entropy", 1, 0, 0.3)], "mean_iou", 50)
    assert sections["learning_curves"]["arms"]["entropy"][0]["spread"] is None
    assert sections["learning_curves"]["over_random"] == {}
    assert "scores_spread" not in sections
