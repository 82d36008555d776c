import itertools

import numpy as np

from evaluation.core_set import choose, k_center


def test_the_farthest_comes_next():
    line = np.array([[0.0], [1.0], [4.0], [10.0], [9.0]])
    assert k_center(line, 3) == [0, 3, 2]  # 0; then 10; then 4, which is 4 away from 0 (9 is 1 away from 10)
    assert k_center(line, 2, centres=np.array([[10.0]])) == [0, 2]
    assert k_center(line, 2, first=1) == [1, 3]


def test_all_points_are_different_even_where_they_coincide():
    assert sorted(k_center(np.zeros((4, 2)), 4)) == [0, 1, 2, 3]
    assert k_center(np.zeros((2, 2)), 9) == [0, 1]
    assert k_center(np.zeros((0, 2)), 3) == []


def test_at_most_twice_the_best_radius():
    points = np.random.default_rng(5).random((14, 2))

    def radius(chosen):
        return np.linalg.norm(points[:, None] - points[list(chosen)], axis=-1).min(1).max()

    best = min(radius(each) for each in itertools.combinations(range(14), 3))
    assert radius(k_center(points, 3)) <= 2 * best


def test_highest_scores_first_and_none_never():
    assert choose([0.1, None, 0.9, 0.5, 0.9], 3) == [2, 4, 3]
    assert choose([None, 0.2], 5) == [1]
    assert choose([-1.0, -2.0], 1) == [0]


def test_candidates_are_thinned_out():
    # the two highest scores look the same; the third best is unlike them; the fourth is no candidate
    features = np.array([[0.0], [0.01], [5.0], [50.0]])
    scores = [1.0, 0.9, 0.8, 0.1]
    assert choose(scores, 2) == [0, 1]
    assert choose(scores, 2, features, candidates=1) == [0, 1]
    assert choose([*scores[:3], None], 2, features, candidates=2) == [0, 2]
    assert choose(scores, 2, features, candidates=2) == [0, 3]
    assert choose(scores, 1, features, centres=np.array([[0.0]]), candidates=3) == [2]
