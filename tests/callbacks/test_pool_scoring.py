from contextlib import nullcontext

import numpy as np
import pytest
import torch

from callbacks.pool_scoring import PoolScoring, has_dropout, window_of
from evaluation.acquisition import entropy
from products.window import Window
from tests.fakes.small_pool import SIDE, SmallModule, scenes, windows


def scoring(network, **options):
    return PoolScoring(network, device=torch.device("cpu"), precision=nullcontext, **options)


def test_scores_are_those_of_the_network():
    pool = windows(scenes())
    found = scoring(SmallModule().network, draws=0).score(pool, ["entropy", "weak_label_loss"], range(6))
    assert found.places == [0, 1, 2, 3, 4]  # the last has no data
    assert found.ids == [pool.id(place) for place in range(5)]
    logits = np.array([0.1, 0, 0, 0])
    sure = np.exp(logits) / np.exp(logits).sum()
    assert found.scores["entropy"][0] == pytest.approx(entropy(sure), rel=1e-5)
    assert found.scores["weak_label_loss"][0] == pytest.approx(-np.log(sure[0]), rel=1e-5)
    assert found.scores["entropy"][0] > found.scores["entropy"][1] > found.scores["entropy"][2]
    assert found.features is None


def test_draws_belong_to_the_window_alone():
    network, pool = SmallModule(dropout=0.5).network, windows(scenes())
    some = scoring(network, draws=6, seed=1).score(pool, ["bald"], [3, 1])
    every = scoring(network, draws=6, seed=1).score(pool, ["bald"], range(6))
    assert some.scores["bald"] == [every.scores["bald"][3], every.scores["bald"][1]]
    assert (
        scoring(network, draws=6, seed=2).score(pool, ["bald"], [3]).scores["bald"] != some.scores["bald"][:1]
    )
    assert every.scores["bald"][2] > 0  # sure of the first class where the pixel was not dropped


def test_asking_leaves_everything_as_it_was():
    network = SmallModule(dropout=0.5).network.train()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    scoring(network, draws=2).score(windows(scenes()), ["bald"], [0])
    assert torch.rand(1) == expected
    assert network.training


def test_windows_smaller_than_the_sample_are_cut():
    pool = windows(scenes(), [1])
    sample = dict(pool[0], id="A#0,16,5,7")
    own = scoring(SmallModule().network, draws=0, features="probabilities")
    with own.evaluating():
        asked = own.ask(sample)
    assert asked.window == Window(0, SIDE, 5, 7)
    assert asked.image.shape == (2, 5, 7)
    assert asked.prediction().shape == asked.mask.shape == asked.sums.scores("entropy").shape == (5, 7)
    assert asked.features.shape == (64,)


def test_features_come_from_the_network_or_from_what_it_says():
    network, pool = SmallModule().network, windows(scenes())
    deep = scoring(network, draws=0, features="network")
    found = deep.score(pool, ["entropy"], range(3))
    assert found.features.shape == (3, 4)  # the widest layer: the last one
    assert np.allclose(found.features[:, 0], [0.1, 5, 10])
    assert np.allclose(deep.describe(windows(scenes(), [2])), found.features[2:])
    assert deep.describe(None) is None
    assert scoring(network, draws=0).describe(pool) is None


def test_dropout_is_found():
    assert has_dropout(SmallModule(dropout=0.1).network)
    assert not has_dropout(SmallModule(dropout=0.0).network)
    assert window_of("a#b#1,2,3,4") == Window(1, 2, 3, 4)
