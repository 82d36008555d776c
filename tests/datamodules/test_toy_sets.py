from pathlib import Path

import numpy as np
import pytest

from datamodules.toy_sets import (
    SceneBatches,
    TrainingCrops,
    Turn,
    UnpairedCrops,
    WholeFrames,
    read_sample,
    read_sequence,
    without_gaps,
)
from synthesis.toy.tasks import TaskScene, choose_task, open_scene, settled
from tests.fakes.toy_scenes import CLOUD_REMOVAL, SIDE, TASKS, write_scenes


@pytest.fixture
def scenes(tmp_path: Path) -> list[TaskScene]:
    """Two scenes of frames 0 and 2."""
    write_scenes(tmp_path, ["1", "2"], frames=[0, 2], holes={2: (3, 4)})
    task = settled(choose_task("cloud_removal", TASKS), CLOUD_REMOVAL)
    return [open_scene(tmp_path / name, task) for name in ("1", "2")]


def crops(scenes: list[TaskScene], **keys: object) -> TrainingCrops:
    settings = {
        "patch_size": None, "sequence_length": 1, "augmentation": "none", "mask": "classes", "segmentation": False,
        "seed": 3, "satellite": 0,
    }  # fmt: skip
    return TrainingCrops([(scene, scene.paired) for scene in scenes], **{**settings, **keys})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lengths", "size", "batches"),
    [
        ([3, 2], 2, [[0, 1], [2], [3, 4]]),
        ([2, 2], 9, [[0, 1], [2, 3]]),
        ([0, 1], 1, [[0]]),
    ],
)
def test_batches_end_with_their_scene(lengths: list[int], size: int, batches: list[list[int]]) -> None:
    sampler = SceneBatches(lengths, size)
    assert list(sampler) == batches
    assert len(sampler) == len(batches)


def test_the_eight_turns_are_equally_likely() -> None:
    square = np.arange(4).reshape(2, 2)
    rng = np.random.default_rng(0)
    found = [Turn.drawn(rng, square=True)(square).tobytes() for _ in range(800)]
    counts = [found.count(kind) for kind in set(found)]
    assert len(counts) == 8
    assert min(counts) > 70
    wide = np.arange(6).reshape(2, 3)
    assert {Turn.drawn(rng, square=False)(wide).shape for _ in range(50)} == {(2, 3)}
    assert Turn((-1,), swapped=True)(square).tolist() == [[1, 3], [0, 2]]


def test_a_sequence_is_its_samples_one_after_the_other(scenes: list[TaskScene]) -> None:
    window = (2, 3, 5, 6)
    sequence = read_sequence(scenes[0], [0, 2], window, "classes")
    for step, frame in enumerate((0, 2)):
        sample = read_sample(scenes[0], frame, window, "classes", False)
        for key in ("source", "target", "valid"):
            np.testing.assert_array_equal(sequence[key][step], sample[key])
        np.testing.assert_array_equal(sequence["mask"], sample["mask"])
    assert sequence["id"] == "1/frame_0-2#2,3,5,6"
    assert sequence["frame"].tolist() == [0, 2]
    assert sequence["valid"].shape == (2, 1, 5, 6)
    assert (~sequence["valid"]).sum() == 1


def test_gaps() -> None:
    pixels = np.ones((2, 3, 2, 2), np.float32)
    pixels[1, 2, 0, 1] = np.nan
    pixels[0, 0, 1, 1] = np.inf
    filled, valid = without_gaps(pixels)
    assert filled.sum() == pixels.size - 2
    assert valid.shape == (2, 1, 2, 2)
    assert np.argwhere(~valid).tolist() == [[0, 0, 1, 1], [1, 0, 0, 1]]
    whole = np.ones((3, 2, 2), np.float32)
    assert without_gaps(whole)[0] is whole


def test_windows_cover_the_frame_to_its_edges(scenes: list[TaskScene]) -> None:
    drawn = [crops(scenes, patch_size=SIDE - 1)[(0, draw)]["id"].split("#")[1] for draw in range(60)]
    assert set(drawn) == {f"{row},{column},{SIDE - 1},{SIDE - 1}" for row in (0, 1) for column in (0, 1)}
    assert crops(scenes)[(0, 5)]["id"].endswith(f"#0,0,{SIDE},{SIDE}")


def test_labels_are_scenes(scenes: list[TaskScene]) -> None:
    for kind in ("class", "place", "unit"):
        assert crops(scenes).labels(kind) == ["1", "1", "2", "2"]
    assert crops(scenes, sequence_length=2).labels("unit") == ["1", "2"]


def test_unpaired_draws_stay_among_the_given_samples(scenes: list[TaskScene]) -> None:
    unpaired = UnpairedCrops(crops(scenes), [2, 3])
    assert len(unpaired) == 2
    samples = [unpaired[(index, draw)] for draw in range(10) for index in range(2)]
    assert {part.split("/")[0] for sample in samples for part in sample["id"].split(" + ")} == {"2"}
    assert {tuple(part.split("#")[0] for part in s["id"].split(" + ")) for s in samples} == {
        (f"2/frame_{a}", f"2/frame_{b}") for a in (0, 2) for b in (0, 2)
    }
    holed = next(s for s in samples if s["id"].startswith("2/frame_2"))
    assert not holed["valid_a"][0, 3, 4]
    assert (holed["domain_a"][:, 3, 4] == 0).all()


def test_whole_frames_in_order(scenes: list[TaskScene]) -> None:
    frames = WholeFrames([(scene, scene.paired) for scene in scenes], mask="instances", segmentation=True)
    assert frames.lengths == [2, 2]
    assert [frames[i]["id"].split("#")[0] for i in range(4)] == [
        "1/frame_0",
        "1/frame_2",
        "2/frame_0",
        "2/frame_2",
    ]
    assert set(frames[1]) == {"image", "mask", "valid", "id", "scene", "frame"}
    assert frames[1]["mask"].max() == 4
    assert not frames[1]["valid"][0, 3, 4]
