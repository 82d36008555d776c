from dataclasses import replace

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from running.saved_config import CATALOGUE
from serving import prediction_process
from serving.prediction_process import Order, quoted
from tests.fakes import sentinel2


@pytest.fixture
def order(tmp_path):
    (tmp_path / "unpacked").mkdir()
    return Order(
        sensor=OmegaConf.to_container(OmegaConf.load(CATALOGUE / "sensor" / "sentinel2.yaml")),
        input=str(sentinel2.safe(tmp_path)), unpacked=str(tmp_path / "unpacked"), words=["sensor=sentinel2"],
        pixels=None, lonlat=None, minimum_side_m=192, max_pixels=20_000, members=10, unpacked_bytes=10,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a b", "it's", "x=1,2", "[a]", "{a: b}", "back\\slash's", "\\'", "end\\", "null"]
)
def test_quoted_values_are_taken_as_they_stand(text):
    (parsed,) = OverridesParser.create().parse_overrides([f"input={quoted(text)}"])
    assert parsed.value() == text


def test_the_verb_gets_the_words_and_the_product(order, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(
        "running.launch.launch", lambda verb: given.append((verb, *prediction_process.sys.argv[1:]))
    )
    monkeypatch.setattr("sys.argv", [])
    order.write(tmp_path / "order.json")
    prediction_process.run(tmp_path / "order.json")
    assert given == [("predict", "sensor=sentinel2", f"input='{order.input}'")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"max_pixels": 10_367},
            "nadir: region: 96 x 108 pixels of 10 m, expected at most 10367 in one request",
        ),
        ({"pixels": [0, 0, 5, 5]}, "expected at least 192 m"),
        ({"lonlat": [1, 2, 3, 4]}, "outside of"),
    ],
)
def test_what_is_refused_before_anything_is_computed(order, tmp_path, capsys, changes, sentence):
    replace(order, **changes).write(tmp_path / "order.json")
    with pytest.raises(SystemExit) as end:
        prediction_process.run(tmp_path / "order.json")
    assert end.value.code == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert sentence in told[0]
