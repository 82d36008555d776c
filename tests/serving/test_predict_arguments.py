from dataclasses import replace

import pytest
from marshmallow import ValidationError, fields
from omegaconf import OmegaConf

from networks.trained_weights import save_super_resolver
from running.saved_config import CATALOGUE
from serving.catalogue_fields import is_closed
from serving.predict_arguments import predict_arguments
from serving.prediction import TASK, TASK_KEYS
from serving.settings import settings
from tests.fakes import sentinel2
from tests.fakes.small_resolvers import small_resolver


@pytest.fixture
def arguments(tmp_path):
    weights = save_super_resolver(tmp_path / "60.safetensors", small_resolver(sentinel2.sensor(), 60))
    return predict_arguments(
        replace(settings(), models={"sentinel2": [str(weights)]}, runs_folder=str(tmp_path))
    )


def test_choices_are_what_the_server_has(arguments):
    assert "sentinel2" in arguments["sensor"].validate.choices
    assert "sentinel2_raw" not in arguments["sensor"].validate.choices
    assert 60 in arguments["targets_m"].inner.validate.choices
    assert "sentinel2: 60" in arguments["targets_m"].metadata["description"]


def test_defaults_are_those_of_the_task(arguments):
    node = OmegaConf.load(CATALOGUE / TASK)
    exposed = [key for key in TASK_KEYS if key in arguments]
    assert {"copy_original_bands", "driver"} <= set(exposed)
    for key in exposed:
        assert arguments[key].load_default == node[key]
        assert arguments[key].metadata["description"]
    assert isinstance(arguments["copy_original_bands"], fields.Boolean)


def test_no_text_is_free(arguments):
    # It would reach the config of a prediction, whose grammar can read the environment.
    for name, field in arguments.items():
        if type(field) is fields.String:
            assert field.validate is not None, name
    assert not is_closed("float32", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [("driver", "VRT"), ("driver", "${oc.env:HOME}"), ("swath_crs", "EPSG:4326\n"), ("swath_resolution_m", "0"),
     ("region_pixels", "1,2,3,4,5"), ("copy_original_bands", "x")],
)  # fmt: skip
def test_other_values_are_refused(arguments, name, value):
    with pytest.raises(ValidationError):
        arguments[name].deserialize(value)
