import math

import numpy as np
import pytest

from errors import UserError
from evaluation.acquisition import ProbabilitySums, entropy, random_scores, window_score


def draws_of(*probabilities):
    """One pixel; a draw a row."""
    sums = ProbabilitySums()
    for row in probabilities:
        sums.add(np.array(row, np.float32)[None, :, None, None])
    return sums


def score(name, sums, mask=None):
    return float(sums.scores(name, None if mask is None else np.array([[mask]], np.uint8))[0, 0])


def test_entropy_is_zero_when_sure_and_ln_k_when_not():
    assert score("entropy", draws_of([1, 0, 0, 0])) == 0
    assert score("entropy", draws_of([0.25] * 4)) == pytest.approx(math.log(4))
    assert score("entropy", draws_of([0.5, 0.5, 0, 0])) == pytest.approx(math.log(2))
    assert score("entropy", draws_of([1, 0], [0, 1])) == pytest.approx(math.log(2))  # of the mean


def test_bald_is_what_draws_disagree_about():
    assert score("bald", draws_of([0.5, 0.5], [0.5, 0.5])) == pytest.approx(
        0, abs=1e-12
    )  # unsure, and agreed on that
    assert score("bald", draws_of([1, 0], [0, 1])) == pytest.approx(math.log(2))  # sure of different things
    # half of the draws sure, half undecided: H(3/4, 1/4) - ln 2 / 2
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) - math.log(2) / 2
    assert score("bald", draws_of([1, 0], [0.5, 0.5])) == pytest.approx(expected, rel=1e-6)


def test_margin_is_one_less_the_lead():
    assert score("margin", draws_of([1, 0, 0])) == 0
    assert score("margin", draws_of([0.5, 0.3, 0.2])) == pytest.approx(0.8)
    assert score("margin", draws_of([0.4, 0.2, 0.4])) == pytest.approx(1)


def test_weak_label_loss_is_the_cross_entropy_with_the_mask():
    sums = draws_of([0.7, 0.2, 0.1], [0.9, 0.1, 0.0])
    assert score("weak_label_loss", sums, mask=0) == pytest.approx(-math.log(0.8))
    assert score("weak_label_loss", sums, mask=1) == pytest.approx(-math.log(0.15), rel=1e-6)
    assert math.isnan(score("weak_label_loss", sums, mask=255))
    with pytest.raises(UserError, match="found no mask"):
        score("weak_label_loss", sums)


def test_published_spread_is_twice_the_mean_deviation():
    # deviations over two draws: 0.2, 0.2, 0; mean over three classes 0.4 / 3, twice that
    assert score("spread_published", draws_of([0.8, 0.0, 0.2], [0.4, 0.4, 0.2])) == pytest.approx(
        0.8 / 3, rel=1e-6
    )
    assert score("spread_published", draws_of([0.8, 0.2], [0.8, 0.2])) == pytest.approx(0, abs=1e-6)


def test_draws_may_come_one_by_one_or_together():
    rng = np.random.default_rng(0)
    draws = rng.dirichlet(np.ones(4), (6, 5, 7)).transpose(0, 3, 1, 2)
    together, single = ProbabilitySums(), ProbabilitySums()
    together.add(draws)
    for draw in draws:
        single.add(draw[None])
    for name in ("entropy", "bald", "margin", "spread_published"):
        assert np.allclose(together.scores(name), single.scores(name), atol=1e-12)
        assert together.scores(name).shape == (5, 7)
    assert np.allclose(together.mean, draws.mean(0))
    assert np.allclose(together.scores("bald"), entropy(draws.mean(0)) - entropy(draws, axis=1).mean(0))


def test_what_cannot_be_scored_is_refused():
    for name in ("bald", "spread_published"):
        with pytest.raises(
            UserError, match=f"acquisition={name} compares draws: found 1, expected at least 2"
        ):
            draws_of([0.5, 0.5]).scores(name)
    with pytest.raises(UserError, match="found 'entropie', expected one of entropy"):
        draws_of([0.5, 0.5]).scores("entropie")


def test_a_window_is_worth_the_mean_of_its_known_pixels():
    pixels = np.array([[1.0, 3.0], [np.nan, 100.0]])
    valid = np.array([[True, True], [True, False]])
    assert window_score(pixels, valid) == 2
    assert window_score(pixels, np.zeros((2, 2), bool)) is None


def test_random_scores_belong_to_the_window():
    ids = [f"A#0,{column},4,4" for column in range(200)]
    scores = random_scores(ids, seed=1, round=2)
    assert random_scores(ids[::-1], seed=1, round=2) == scores[::-1]
    assert random_scores(ids, seed=2, round=2) != scores != random_scores(ids, seed=1, round=3)
    assert min(scores) >= 0 and max(scores) < 1
    assert abs(np.mean(scores) - 0.5) < 0.1
