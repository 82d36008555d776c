import pytest
from omegaconf import OmegaConf

from running.suggestions import keys, nearest, sentence

CONFIG = OmegaConf.create(
    {
        "data": {"root": "???", "patch_size": 1},
        "model": {"optimizer": {"lr": 1}},
        "seed": "${data.patch_size}",
    }
)


def test_all_keys_without_resolving():
    assert keys(CONFIG) == [
        "data",
        "data.root",
        "data.patch_size",
        "model",
        "model.optimizer",
        "model.optimizer.lr",
        "seed",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data.patch_sise", "data.patch_size"),
        ("patch_size", "data.patch_size"),
        ("model.lr", "model.optimizer.lr"),
        ("sead", "seed"),
    ],
)
def test_the_nearest_key_is_offered(name, expected):
    assert nearest(name, keys(CONFIG)) == f" (did you mean '{expected}'?)"


def test_nothing_is_offered_for_nonsense():
    assert nearest("zzzzzz", keys(CONFIG)) == ""


def test_interpolations_and_missing_values_are_named():
    config = OmegaConf.create({"a": "${b.c}", "b": {"c": "???"}, "d": "${nowhere}"})
    errors = {}
    for key in ("a", "d"):
        try:
            config[key]
        except Exception as error:
            errors[key] = sentence(error, [])
    assert errors["a"] == "b.c is required: give b.c=..."
    assert "nowhere" in errors["d"]
    assert "\n" not in errors["d"]
