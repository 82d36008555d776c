import pytest

from errors import UserError
from evaluation.joined_scores import join_scores, labels_of


def result(psnr, scenes=3, **others):
    return {
        "scores": {"model": {"psnr": psnr, **others}, "do_nothing": {"psnr": 9.0}},
        "scored": {"scenes": scenes},
    }


def test_seeds_are_averaged_and_baselines_stand_beside():
    joined = join_scores([result(20.0), result(22.0), result(25.0)], ["a", "a", "b"])
    assert joined["scores"] == {"a": {"psnr": 21.0}, "b": {"psnr": 25.0}, "do_nothing": {"psnr": 9.0}}
    assert joined["scores_spread"] == {"a": {"psnr": pytest.approx(2**0.5)}}
    assert joined["num_seeds"] == {"a": 2, "b": 1}


def test_a_score_that_one_seed_lacks_has_no_mean():
    joined = join_scores([result(20.0, jaccard=None), result(22.0, jaccard=0.5)], ["a", "a"])
    assert joined["scores"]["a"]["jaccard"] is None


def test_runs_of_other_test_sets_or_families_are_refused():
    with pytest.raises(UserError, match="b was tested on other scenes than a"):
        join_scores([result(20.0), result(22.0, scenes=4)], ["a", "b"])
    with pytest.raises(UserError, match="b has no scores"):
        join_scores([result(20.0), {"metrics": {}}], ["a", "b"])


def test_labels_name_what_differs_but_seeds():
    words = [
        ["experiment=toy", "data.root=D", "seed=1"],
        ["experiment=toy", "data.root=D", "seed=2"],
        ["experiment=toy", "data.root=D", "seed=1", "model.residual=true"],
    ]
    assert labels_of(words, ["toy"] * 3) == ["toy", "toy", "toy model.residual=true"]
    assert labels_of([["experiment=a"], ["experiment=b"]], ["a", "b"]) == ["a", "b"]


def test_scores_by_band_are_averaged_too():
    runs = [
        {**result(20.0), "bands": {"model": {"B5": {"rmse": rmse}}, "bicubic": {"B5": {"rmse": 9.0}}}}
        for rmse in (4.0, 6.0)
    ]
    joined = join_scores(runs, ["a", "a"])
    assert joined["bands"] == {"a": {"B5": {"rmse": 5.0}}, "bicubic": {"B5": {"rmse": 9.0}}}
    assert "bands" not in join_scores([result(20.0)], ["a"])
