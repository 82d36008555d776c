import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from errors import UserError
from networks.translation import Translator
from products.specification import ImageSpecification
from synthesis.toy import translate as module
from synthesis.toy.layout import open_product
from synthesis.toy.tasks import choose_task, open_scene, settled
from synthesis.toy.translate import fingerprint, predictions, translate
from tests.fakes.toy_scenes import CLOUD_REMOVAL, SIDE, TASKS, annotation, pixels, write_product, write_scenes

STEP = 1.0 / 65534  # of the compact layout
RGB = ImageSpecification(("a", "b", "c"), "float32", (0, 1))


class Mean(nn.Module):
    """The mean of clouded optical and SAR, and half of the previous prediction on top where there is one."""

    in_channels, out_channels = 6, 3

    def __init__(self, recurrent: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.recurrent = recurrent
        self.batches: list[int] = []

    def forward(self, source: torch.Tensor, previous: torch.Tensor | None = None) -> torch.Tensor:
        self.batches.append(len(source))
        mean = self.weight * (source[:, :3] + source[:, 3:])
        return mean if previous is None else mean + self.weight * previous


def run(input: Path, output: Path, network: nn.Module | None = None, **keys: Any) -> dict[str, Any]:
    settings = {"task": "cloud_removal", "tasks": TASKS, "progress": False, **keys}
    return translate(network or Mean(), RGB, input=input, output=output, **settings)


def mean_of(scene: str, frame: int) -> np.ndarray:
    return (pixels(scene, "clouded_optical", frame) + pixels(scene, "sar", frame)) / 2


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A scene of which SAR misses frame 2, and clouded optical has a hole in frame 1; the truth is not there."""
    write_product(tmp_path / "5" / "clouded_optical", holes={1: (3, 4)})
    write_product(tmp_path / "5" / "sar", frames=[0, 1, 3, 4, 5])
    return tmp_path / "5"


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_a_translated_scene(scene: Path, tmp_path: Path, layout: str) -> None:
    network = Mean()
    figures = run(scene, tmp_path / "out", network, layout=layout, batch_size=3)
    product = open_product(tmp_path / "out")
    assert product.frame_indices == [0, 1, 3, 4, 5]
    assert (product.shape, product.features["horizon"], product.features["ndigit"]) == ((SIDE, SIDE, 3), 6, 4)
    for frame in (0, 3, 5):
        np.testing.assert_allclose(product.frame(frame), mean_of("5", frame), atol=2 * STEP)
        np.testing.assert_array_equal(product.annotation(frame), annotation())
    hole = pixels("5", "sar", 1)[3, 4] / 2
    np.testing.assert_allclose(product.frame(1)[3, 4], hole, atol=STEP)
    assert network.batches == [3, 2]
    assert {key: figures[key] for key in ("scenes", "frames", "left_out")} == {
        "scenes": 1, "frames": 5, "left_out": 1,
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["5", "out"]


def test_the_published_index_has_null_for_a_frame_left_out(scene: Path, tmp_path: Path) -> None:
    run(scene, tmp_path / "out")
    files = json.loads((tmp_path / "out" / "index.json").read_text())["files"]
    assert files["2"] is None
    assert files["3"] == {"frame": "frames/frame_3.h5", "annotation": "annotations/annotation_3.h5"}


def test_a_recurrent_network_sees_its_own_previous_frame(scene: Path, tmp_path: Path) -> None:
    network = Mean(recurrent=True)
    run(scene, tmp_path / "out", network, batch_size=3)
    assert network.batches == [1] * 5
    product = open_product(tmp_path / "out")
    expected = np.zeros((SIDE, SIDE, 3))
    for frame in (0, 1, 3, 4):
        expected = mean_of("5", frame) + expected / 2
        ground = np.ones((SIDE, SIDE, 1))
        ground[3, 4] = 0
        np.testing.assert_allclose(product.frame(frame) * ground, expected * ground, atol=1e-4)


def test_scenes_of_a_folder_begin_anew_and_are_not_made_twice(tmp_path: Path) -> None:
    root = write_scenes(tmp_path / "data", ["1", "2"], frames=[0, 1])
    network = Mean(recurrent=True)
    assert run(root, tmp_path / "out", network)["frames"] == 4
    for name in ("1", "2"):
        product = open_product(tmp_path / "out" / name)
        np.testing.assert_allclose(product.frame(0), mean_of(name, 0), atol=2 * STEP)
    before = (tmp_path / "out" / "1" / "index.json").stat().st_mtime_ns
    assert run(root, tmp_path / "out", network)["frames"] == 0
    assert (tmp_path / "out" / "1" / "index.json").stat().st_mtime_ns == before


def test_another_model_overwrites_only_when_asked(scene: Path, tmp_path: Path) -> None:
    run(scene, tmp_path / "out")
    other = Mean()
    nn.init.zeros_(other.weight)
    with pytest.raises(UserError, match=r"output=.*out holds something else already.*overwrite=true"):
        run(scene, tmp_path / "out", other)
    assert open_product(tmp_path / "out").frame(0).any()
    run(scene, tmp_path / "out", other, overwrite=True)
    assert not open_product(tmp_path / "out").frame(0).any()


def test_a_folder_that_is_no_product_is_never_replaced(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match=r"choose another folder$"):
        run(scene, tmp_path / "out", overwrite=True)
    with pytest.raises(UserError, match="holds something else"):
        run(scene, scene, overwrite=True)
    assert (tmp_path / "out" / "letter.txt").read_text() == "dear"


def test_nothing_half_written_stays(scene: Path, tmp_path: Path) -> None:
    (scene / "sar" / "frames.h5").write_bytes(b"no HDF5")
    with pytest.raises(UserError, match=r"frames\.h5"):
        run(scene, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["5"]


def test_super_resolution_of_a_scene_with_few_sharp_frames(tmp_path: Path) -> None:
    write_product(tmp_path / "7" / "high_resolution", frames=[0, 3])
    write_product(tmp_path / "7" / "low_resolution", side=SIDE // 4)
    figures = run(
        tmp_path / "7",
        tmp_path / "out",
        task="super_resolution",
        revisit=3,
        degradation={"low_resolution": {"block_px": 4}},
    )
    assert open_product(tmp_path / "out").frame_indices == [1, 2, 3, 4, 5]
    assert figures["left_out"] == 1


def test_the_upper_bound_with_the_real_translator(tmp_path: Path) -> None:
    class Grey(nn.Module):
        def forward(self, source: torch.Tensor) -> torch.Tensor:
            return source

    write_scenes(tmp_path, ["1"], frames=[0])
    network = Translator(Grey(), in_channels=3, out_channels=3)
    run(tmp_path / "1", tmp_path / "out", network, sources=["clean_optical"])
    np.testing.assert_allclose(
        open_product(tmp_path / "out").frame(0), pixels("1", "clean_optical", 0), atol=STEP
    )


def test_only_a_batch_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_scenes(tmp_path, ["1"])
    task = settled(choose_task("cloud_removal", TASKS), CLOUD_REMOVAL)
    scene = open_scene(tmp_path / "1", task)
    read = []
    source_pixels = scene.source_pixels
    monkeypatch.setattr(scene, "source_pixels", lambda frame: (read.append(frame), source_pixels(frame))[1])
    for number, _ in predictions(Mean(), scene, batch_size=2):
        assert len(read) <= number + 2
    assert read == list(range(6))


def test_a_fingerprint_follows_the_weights() -> None:
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    other.load_state_dict(one.state_dict())
    assert fingerprint(one) == fingerprint(other)
    with torch.no_grad():
        other.bias[0] += 1e-6
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"layout": "tiff"}, "layout=tiff: expected one of published, compact"),
        ({"batch_size": 0}, "batch_size=0: expected at least 1"),
        ({"task": "fusion"}, r"data\.task: found 'fusion', expected one of cloud_removal"),
        ({"sources": ["sar"]}, r"have 3 bands, expected 6 as in training"),
        (
            {"sources": ["optical", "sar"]},
            r"5 lacks the source 'optical' of task cloud_removal: .* found clouded_optical, sar",
        ),
        ({"device": "cuda:99"}, "device=cuda:99: .* expected a device of this machine"),
        ({"device": "abacus"}, "device=abacus"),
    ],
)
def test_bad_values_are_named(scene: Path, tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(scene, tmp_path / "out", **keys)
    assert not (tmp_path / "out").exists()


def test_inputs_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nowhere"):
        with pytest.raises(UserError, match=rf"input=.*{name} holds no toy products: expected a scene"):
            run(tmp_path / name, tmp_path / "out")
    write_product(tmp_path / "1" / "clouded_optical", frames=[0, 1])
    write_product(tmp_path / "1" / "sar", frames=[2])
    with pytest.raises(UserError, match="found no frame that all sources have"):
        run(tmp_path / "1", tmp_path / "out")


def test_the_config_resolves_in_a_saved_run(repository: Path) -> None:
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(repository / "conf"), version_base="1.3"):
        config = compose("train", overrides=["data=toy", "data.root=x", "+task=translate"])
    task = OmegaConf.to_container(config.task, resolve=True)
    assert isinstance(task, dict)
    assert task.pop("_target_") == f"{module.__name__}.translate"
    assert set(task["tasks"]) == {"cloud_removal", "sar_to_optical", "super_resolution", "segmentation"}
    choice = choose_task(*(task[key] for key in ("task", "tasks")), revisit=task["revisit"])
    assert choice.sources == ("clouded_optical", "sar")
