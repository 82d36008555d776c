import pytest
from omegaconf import OmegaConf

from errors import UserError
from running.command_line import parse
from running.config_check import check_constraints, check_missing, check_types, run_preflights


def types(before, word):
    defaults = OmegaConf.create(before)
    config = OmegaConf.create(before)
    override = parse(word)
    OmegaConf.update(config, override.key_or_group, override.value())
    check_types(config, defaults, [override])


@pytest.mark.parametrize(
    ("before", "word"),
    [
        ({"a": 1}, "a=2"), ({"a": 1.5}, "a=2"), ({"a": 1}, "a=3.0"), ({"a": None}, "a=anything"), ({"a": True}, "a=false"),
        ({"a": {"b": 1}}, "a={b: 2}"), ({"a": [1]}, "a=[2,3]"), ({"a": "x"}, "a=null"),
    ],
)  # fmt: skip
def test_values_of_the_same_kind_pass(before, word):
    types(before, word)


@pytest.mark.parametrize(
    ("before", "word", "expected"),
    [
        ({"a": 1}, "a=two", "a: found 'two', expected a whole number such as 1"),
        ({"a": 1}, "a=1.5", "a: found 1.5, expected a whole number"),
        ({"a": True}, "a=1", "expected true or false"),
        ({"a": {"b": 1}}, "a=adam", "a: found 'adam', expected a group of keys"),
        ({"a": [1]}, "a=1", "expected a list"),
    ],
)
def test_values_of_another_kind_are_refused(before, word, expected):
    with pytest.raises(UserError) as caught:
        types(before, word)
    assert expected in str(caught.value)


def test_missing_and_out_of_range():
    with pytest.raises(UserError, match=r"^data\.root is required: give data\.root=\.\.\.$"):
        check_missing(OmegaConf.create({"data": {"root": "???"}}))
    trainer = {"trainer": {"_target_": "pytorch_lightning.Trainer", "max_steps": -5}}
    with pytest.raises(UserError, match=r"trainer\.max_steps: found -5, expected at least -1"):
        check_constraints(OmegaConf.create(trainer))
    with pytest.raises(UserError, match=r"seed: found True, expected a whole number"):
        check_constraints(OmegaConf.create({"seed": True}))
    check_constraints(OmegaConf.create({"seed": None, "num_threads": 2}))


def test_a_group_looks_at_the_outside_world(tmp_path):
    node = {"_target_": "products.image_files.preflight", "root": str(tmp_path / "nowhere"), "patch_size": 8}
    with pytest.raises(UserError, match="nowhere"):
        run_preflights(OmegaConf.create({"data": {"preflight": node}, "seed": 1}))
