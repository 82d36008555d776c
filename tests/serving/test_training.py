"""Trainings as somebody asks for them, of a really started server."""

import time

import numpy as np
import psutil
import pytest
import requests

from errors import UserError
from serving.catalogue import Training
from serving.training import chosen_experiment
from tests.fakes.demonstration_mat import write_mat

WAIT_S = 240
KNOWN = [Training("a_20", "a", 20), Training("a_60", "a", 60), Training("b_30", "b", 30)]


@pytest.mark.parametrize(
    ("sensor", "target", "experiment"), [("a", 20, "a_20"), ("a", 60, "a_60"), ("b", None, "b_30")]
)
def test_the_experiment_of_a_sensor_and_a_grid(sensor, target, experiment):
    assert chosen_experiment({"sensor": sensor, "target_m": target}, KNOWN).experiment == experiment


@pytest.mark.parametrize(("sensor", "target"), [("a", None), ("a", 30), ("b", 60)])
def test_no_experiment_or_several(sensor, target):
    with pytest.raises(UserError, match=rf"target_m: found {target}, expected one of .* for {sensor}"):
        chosen_experiment({"sensor": sensor, "target_m": target}, KNOWN)


@pytest.fixture(scope="module")
def scenes(server):
    """Small products in the server's data folder."""
    generator = np.random.default_rng(3)
    for name in ("a.mat", "b.mat", "c.mat"):
        groups = {
            m: generator.integers(1, 5000, (count, 480 // m * 6, 480 // m * 6)).astype(np.float32)
            for m, count in ((10, 4), (20, 6), (60, 2))
        }
        write_mat(server.data / name, groups)


def start(server, **arguments):
    answer = server.post("train", params=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["uuid"]


def job(server, uuid):
    return requests.get(f"{server.model}/train/{uuid}", timeout=30).json()


def trainings_at_work(server):
    """Processes of train.py below the server's runs folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if any(str(server.runs) in word for word in words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def wait_until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_training_and_a_prediction_with_it(server, scenes):
    uuid = start(
        server, sensor="sentinel2", target_m=20, train="a.mat", val="b.mat", test="c.mat", max_steps=1,
        val_check_interval=1, patch_size=16, batch_size=1,
    )  # fmt: skip
    wait_until(lambda: job(server, uuid)["status"] != "running")
    told = job(server, uuid)
    assert told["status"] == "done", told
    assert told["args"]["train"] == ["a.mat"]
    assert str(server.data) not in str(told)
    output = told["result"]["output"]
    run = server.runs / output["run"]
    assert (run / "checkpoints").is_dir()
    assert list((server.runs / output["tensorboard"]).rglob("events.out.tfevents.*"))
    assert output["metrics"]["rmse"] > 0
    assert server.leftovers() == []
    assert trainings_at_work(server) == []
    with (server.data / "a.mat").open("rb") as file:
        answer = server.post(
            "predict", files={"data": file}, data={"run": output["run"], "region_pixels": "0,0,23,23"}
        )
    assert answer.status_code == 200, answer.text
    assert [band["name"] for band in answer.json()["predictions"]["bands"]][4] == "SRB5 (705 nm)"


def test_a_cancelled_training_ends_with_all_its_processes(server, scenes):
    uuid = start(server, sensor="sentinel2", target_m=20, train="a.mat", val="b.mat", max_steps=100000)
    wait_until(lambda: trainings_at_work(server))
    answer = requests.delete(f"{server.model}/train/{uuid}", timeout=60)
    assert (answer.status_code, answer.json()) == (200, {"uuid": uuid, "status": "cancelled"})
    wait_until(lambda: not trainings_at_work(server))
    # The worker was killed; another one takes its place, and sweeps away what it has left.
    answer = server.post("predict", params={"sensor": "sentinel2", "url": "http://127.0.0.2/x"})
    assert answer.status_code == 400
    assert server.leftovers() == []


def test_a_training_that_cannot_be_is_told(server, scenes):
    uuid = start(server, sensor="sentinel2")
    wait_until(lambda: job(server, uuid)["status"] != "running")
    told = job(server, uuid)
    assert (told["status"], told["message"]) == (
        "error", "target_m: found None, expected one of 20, 60 for sentinel2",
    )  # fmt: skip
    for wrong in ("../work", "/etc", "nothing.mat"):
        assert server.post("train", params={"sensor": "sentinel2", "train": wrong}).status_code == 422
