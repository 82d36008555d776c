"""The model as `deepaas-run` serves it."""

import importlib.metadata
import io

import requests

from serving.deepaas_model import get_metadata, get_predict_args, get_train_args


def test_deepaas_finds_us_by_the_entry_point():
    (found,) = importlib.metadata.entry_points(group="deepaas.v2.model", name="nadir")
    assert found.value == "serving.deepaas_model"
    model = found.load()
    for name in ("get_metadata", "warm", "get_train_args", "get_predict_args", "train", "predict"):
        assert callable(getattr(model, name))


def test_metadata_are_those_of_the_package(server):
    told = requests.get(f"{server.model}/", timeout=30).json()
    assert told["version"] == importlib.metadata.version("nadir") == get_metadata()["version"]
    assert told["license"].startswith("GPL-3.0")
    assert "super-resolution" in told["description"].lower()


def test_arguments_are_typed_and_new_at_each_call():
    first, second = get_predict_args(), get_predict_args()
    assert first.keys() == second.keys()
    assert all(first[name] is not second[name] for name in first)
    assert get_train_args()["sensor"].required


def test_the_interface_is_described(server):
    told = requests.get(server.model.replace("/v2/models/nadir", "/swagger.json"), timeout=30).json()
    predict = {
        item["name"]: item for item in told["paths"]["/v2/models/nadir/predict/"]["post"]["parameters"]
    }
    assert (predict["data"]["in"], predict["data"]["type"]) == ("formData", "file")
    assert predict["accept"]["in"] == "header"
    assert "image/tiff" in predict["accept"]["enum"]
    assert (predict["region_pixels"]["type"], predict["region_pixels"]["items"]["type"]) == (
        "array",
        "integer",
    )
    assert predict["copy_original_bands"]["type"] == "boolean"
    assert predict["copy_original_bands"]["default"] is True
    train = {item["name"]: item for item in told["paths"]["/v2/models/nadir/train/"]["post"]["parameters"]}
    assert {"sentinel2", "landsat8"} <= set(train["sensor"]["enum"])
    assert train["max_steps"]["type"] == "integer"
    # No argument is JSON or HTML in a string.
    assert not any("<" in str(item.get("description")) for item in (predict | train).values())


def test_the_application_is_ours_and_limited(server):
    answer = server.post("predict", files={"data": io.BytesIO(b"x" * 4_000_000)})
    assert answer.status_code == 413
