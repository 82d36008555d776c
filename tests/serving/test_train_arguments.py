from dataclasses import replace

import pytest
from marshmallow import ValidationError, fields

from serving.catalogue import trainings
from serving.settings import settings
from serving.train_arguments import train_arguments
from serving.training import KEYS, PRODUCTS


@pytest.fixture
def arguments(tmp_path):
    (tmp_path / "a.zip").write_text("x")
    return train_arguments(replace(settings(), data_folder=str(tmp_path), train_max_steps=100))


def test_every_experiment_can_be_chosen(arguments):
    known = trainings()
    assert set(arguments["sensor"].validate.choices) == {training.sensor for training in known}
    assert set(arguments["target_m"].validate.choices) == {training.target_m for training in known}
    assert arguments["sensor"].required


def test_what_is_left_out_is_as_the_experiment_says(arguments):
    assert set(arguments) == {"sensor", "target_m", *KEYS, *PRODUCTS}
    for name in KEYS:
        assert arguments[name].load_default is None
        assert isinstance(arguments[name], fields.Integer)
        assert arguments[name].metadata["description"]


def test_limits_of_the_server_and_of_the_config(arguments):
    assert arguments["max_steps"].deserialize("100") == 100
    for name, wrong in (("max_steps", "101"), ("max_steps", "0"), ("seed", "-1"), ("batch_size", "x")):
        with pytest.raises(ValidationError):
            arguments[name].deserialize(wrong)


def test_products_are_those_of_the_data_folder(arguments):
    assert arguments["train"].deserialize(["a.zip"]) == ["a.zip"]
    with pytest.raises(ValidationError):
        arguments["train"].deserialize(["a.zip", "../a.zip"])
