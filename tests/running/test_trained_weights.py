import hashlib
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from errors import UserError
from running import command_line, trained_weights
from tests.fakes import file_server, keras_weights


def words_of(*words: str) -> list[str]:
    line = command_line.read(list(words))
    assert trained_weights.are_meant(line)
    return trained_weights.with_weights(line).overrides


def test_a_run_comes_before_weights():
    assert not trained_weights.are_meant(command_line.read(["run=x", "sensor=sentinel2"]))
    assert not trained_weights.are_meant(command_line.read(["input=x"]))


def test_a_sensor_has_weights_of_its_own():
    assert words_of("sensor=sentinel2", "input=x") == [
        "sensor=sentinel2", "input=x", "weights=sentinel2", "task=super_resolve",
    ]  # fmt: skip


def test_weights_of_the_catalogue_name_their_sensor():
    assert words_of("weights=landsat8") == ["weights=landsat8", "sensor=landsat8", "task=super_resolve"]


def test_files_and_their_convention(tmp_path: Path):
    (tmp_path / "a b.h5").touch()
    (tmp_path / "c.h5").touch()
    assert words_of(f"weights={tmp_path}/a b.h5", "convention=dsen2", "sensor=sentinel2", "task=super_resolve") == [
        "sensor=sentinel2", "task=super_resolve", "weights=file", f"weights.files=['{tmp_path}/a b.h5']",
        "weights.convention=dsen2",
    ]  # fmt: skip
    both = words_of(f"weights=[{tmp_path}/a b.h5,{tmp_path}/c.h5]", "sensor=sentinel2")
    assert f"weights.files=['{tmp_path}/a b.h5','{tmp_path}/c.h5']" in both


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sensor=sentinel"], r"found 'sentinel' \(did you mean 'sentinel2'\?\), expected one of"),
        (["sensor=modis"], "sensor=modis has no trained weights"),
        (["sensor=sentinel2", "weights=none.h5"], "weights=none.h5: there is no such file, and no weights"),
        (["weights=some.h5"], "weights=some.h5 need to know the instrument: give sensor=NAME"),
    ],
)
def test_what_does_not_fit_is_told(words: list[str], message: str):
    with pytest.raises(UserError, match=message):
        words_of(*words)


def test_weights_with_an_address_are_fetched_once_and_checked(tmp_path: Path):
    file = keras_weights.write(tmp_path / "a.h5", keras_weights.random_weights(10, 6, 4, 1))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    loader = {
        "_target_": "networks.trained_weights.load_super_resolver",
        "convention": "x",
        "conventions": {"x": {"default": {"scale": 2000, "offset": 0}}},
    }
    with file_server.serving_files() as server:
        url = server.put("/a.h5", file.read_bytes())
        config = OmegaConf.create({
            "sensor": OmegaConf.load(trained_weights.CATALOGUE / "sensor" / "sentinel2.yaml"),
            "weights": {"networks": [{**loader, "url": url, "sha256": digest}]},
            "paths": {"cache": str(tmp_path / "cache")},
        })  # fmt: skip
        for _ in range(2):
            (network,) = trained_weights.load(config)
            assert network.target_m == 20
        assert len(server.gets("/a.h5")) == 1
        config.weights.networks[0].sha256 = "0" * 64
        with pytest.raises(UserError):
            trained_weights.load(config)
        del config.weights.networks[0].sha256
        with pytest.raises(UserError, match="comes without sha256"):
            trained_weights.load(config)


@pytest.mark.parametrize("name", ["sentinel2", "landsat8"])
def test_weights_that_come_along_fit_their_sensor(name: str):
    weights = OmegaConf.load(trained_weights.CATALOGUE / "weights" / f"{name}.yaml")
    sensor = OmegaConf.load(trained_weights.CATALOGUE / "sensor" / f"{weights.sensor}.yaml")
    config = OmegaConf.create({"sensor": sensor, "weights": weights, "paths": {"cache": "nowhere"}})
    assert sensor.weights == name
    for network, entry in zip(trained_weights.load(config), weights.networks, strict=True):
        assert len(entry.sha256) == 64
        facts = {band: sensor.bands[band].ground_sample_distance_m for band in network.target_bands}
        assert set(facts.values()) == {network.target_m}
        raised = {m: torch.full((1, len(names), 40, 40), 1000.0) for m, names in network.bands.items()}
        with torch.inference_mode():
            sharp = network(raised)
        assert (
            sharp[..., 15:-15, 15:-15] - 1000
        ).abs().max() < 50  # grey stays grey, away from padded borders


def test_a_task_may_read_weights_itself(tmp_path: Path):
    (tmp_path / "fpn.ckpt").touch()
    assert words_of(f"weights={tmp_path}/fpn.ckpt", "task=segment", "convention=log", "classes=csmask") == [
        "task=segment", "classes=csmask", "weights=file", f"weights.files=['{tmp_path}/fpn.ckpt']",
        "weights.convention=log", "sensor=sentinel2_l1c", "auxiliary_layers=default",
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"weights=none.ckpt: there is no such file"):
        words_of("weights=none.ckpt", "task=segment")
