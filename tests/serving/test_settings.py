from pathlib import Path

import pytest
import yaml

from errors import UserError
from running.saved_config import CATALOGUE
from serving.settings import Settings, settings


@pytest.fixture
def fresh(monkeypatch):
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def test_defaults_are_those_of_the_catalogue(fresh):
    file = CATALOGUE / "serving" / "default.yaml"
    assert set(yaml.safe_load(file.read_text())) == set(Settings.__dataclass_fields__)
    assert settings().upload_bytes == 2 * 2**30
    assert settings().url_private_networks == []


def test_every_key_has_an_environment_variable(fresh):
    fresh.setenv("NADIR_SERVING_MAX_PIXELS", "4096")
    fresh.setenv("NADIR_SERVING_URL_PORTS", "[80, 8080]")
    fresh.setenv("NADIR_SERVING_WORK_FOLDER", "/srv/x")
    read = settings()
    assert (read.max_pixels, read.url_ports, read.work) == (4096, [80, 8080], Path("/srv/x"))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("MAX_PIXELS", "many", "could not be converted"), ("MAX_PIXEL", "1", "no such setting")],
)
def test_a_wrong_variable_is_told(fresh, name, value, sentence):
    fresh.setenv(f"NADIR_SERVING_{name}", value)
    with pytest.raises(UserError, match=f"NADIR_SERVING_{name}.*{sentence}"):
        settings()
