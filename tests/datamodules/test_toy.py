import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datamodules.shards import Shard
from datamodules.toy import Toy
from errors import UserError
from synthesis.toy import product
from tests.fakes.toy_scenes import NUM_FRAMES, SIDE, TASKS, annotation, pixels, write_manifest, write_scenes

SPLITS = {"1": "train", "2": "train", "3": "val", "10": "test", "11": "test"}
STEP = 1.0 / 65534  # of the compact layout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five scenes with a manifest, compact; frame 0 of scene 1 has a hole in each product."""
    folder = write_scenes(tmp_path_factory.mktemp("toy"), SPLITS, holes={0: (3, 4)})
    write_manifest(folder, SPLITS)
    return folder


def make(root: Path, **keys: Any) -> Toy:
    """A DataModule that is set up."""
    satellite = keys.pop("satellite", 0)
    data = Toy(
        **{"root": str(root), "task": "cloud_removal", "tasks": TASKS, "batch_size": 4, "seed": 7, **keys}
    )
    data.satellite = satellite
    data.setup()
    return data


def window_of(name: str) -> tuple[slice, slice]:
    row, column, height, width = map(int, name.split("#")[1].split(","))
    return slice(row, row + height), slice(column, column + width)


def expected(name: str, product_name: str) -> np.ndarray:
    """Pixels that an id names, channel first."""
    scene, frame = name.split("#", maxsplit=1)[0].split("/")
    values = pixels(scene, product_name, int(frame.removeprefix("frame_")))
    return values[window_of(name)].transpose(2, 0, 1)


def test_a_training_batch(root: Path) -> None:
    data = make(root, patch_size=8)
    batch = next(iter(data.train_dataloader()))
    assert {key: tuple(value.shape) for key, value in batch.items() if torch.is_tensor(value)} == {
        "source": (4, 6, 8, 8), "target": (4, 3, 8, 8), "valid": (4, 1, 8, 8), "mask": (4, 8, 8), "frame": (4,),
    }  # fmt: skip
    assert [batch[key].dtype for key in ("source", "target", "valid", "mask", "frame")] == [
        torch.float32, torch.float32, torch.bool, torch.int64, torch.int64,
    ]  # fmt: skip
    assert data.channels == {"in_channels": 6, "out_channels": 3}
    assert data.source_layout == {"clouded_optical": (0, 3), "sar": (3, 6)}
    assert data.target_name == "clean_optical"
    assert data.specification.value_range == (0, 1)
    assert data.split_note is None
    assert data.num_classes == 2


def test_an_id_names_the_pixels(root: Path) -> None:
    for batch in make(root, patch_size=9).train_dataloader():
        for i, name in enumerate(batch["id"]):
            assert name.startswith(f"{batch['scene'][i]}/frame_{batch['frame'][i]}#")
            valid = batch["valid"][i].numpy()
            sources = [expected(name, product) for product in ("clouded_optical", "sar")]
            for found, wanted in (
                (batch["source"][i], np.concatenate(sources)),
                (batch["target"][i], expected(name, "clean_optical")),
            ):
                np.testing.assert_allclose(found.numpy() * valid, wanted * valid, atol=STEP)
            classes = annotation()[..., 1][window_of(name)]
            np.testing.assert_array_equal(
                batch["mask"][i], np.where(classes > 0, classes.astype(int) - 1, 255)
            )


def test_pixels_without_data_are_zero_and_marked(root: Path) -> None:
    batch = next(iter(make(root, test_batch_size=3).val_dataloader()))
    assert batch["frame"].tolist() == [0, 1, 2]
    assert torch.nonzero(~batch["valid"]).tolist() == [[0, 0, 3, 4]]
    assert batch["source"][0, :, 3, 4].tolist() == [0] * 6
    assert batch["target"][0, :, 3, 4].tolist() == [0] * 3


def test_the_manifest_is_obeyed(root: Path) -> None:
    data = make(root, batch_size=1)
    loaders = {"train": data.train_dataloader(), "val": data.val_dataloader(), "test": data.test_dataloader()}
    for part, loader in loaders.items():
        scenes = {scene for batch in loader for scene in batch["scene"]}
        assert scenes == {name for name, split in SPLITS.items() if split == part}


def test_training_opens_no_file_of_another_part(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: set[str] = set()
    read = np.fromfile

    def recorded(path: Path, *arguments: Any, **keys: Any) -> np.ndarray:
        opened.add(Path(path).relative_to(root).parts[0])
        return read(path, *arguments, **keys)

    monkeypatch.setattr(product.h5py, "File", _recording(product.h5py.File, opened, root))
    monkeypatch.setattr(np, "fromfile", recorded)
    data = make(root)
    assert opened == set()  # index files are all that is read before samples are asked for
    for _ in data.train_dataloader():
        pass
    assert opened == {"1", "2"}


def _recording(kind: Any, opened: set[str], root: Path) -> Any:
    def file(path: Any, *arguments: Any, **keys: Any) -> Any:
        opened.add(Path(path).relative_to(root).parts[0])
        return kind(path, *arguments, **keys)

    file.__name__ = kind.__name__
    return file


def test_test_batches_never_cross_scenes(root: Path) -> None:
    data = make(root, test_batch_size=4, test_every=1)
    batches = [(batch["scene"], batch["frame"].tolist()) for batch in data.test_dataloader()]
    assert batches == [
        (["10"] * 4, [0, 1, 2, 3]),
        (["10"] * 2, [4, 5]),
        (["11"] * 4, [0, 1, 2, 3]),
        (["11"] * 2, [4, 5]),
    ]
    assert next(iter(data.test_dataloader()))["source"].shape == (4, 6, SIDE, SIDE)


@pytest.mark.parametrize("keys", [{"sequence_length": 3}, {"unpaired": True}])
def test_evaluation_has_the_plain_batches(root: Path, keys: dict[str, Any]) -> None:
    data = make(root, **keys)
    for loader in (data.val_dataloader(), data.test_dataloader()):
        batch = next(iter(loader))
        assert batch["source"].ndim == batch["target"].ndim == 4
        assert batch["frame"].tolist() == [0, 1, 2, 3]


def test_limits_count_scenes(root: Path) -> None:
    assert {scene for batch in make(root, test_limit=1).test_dataloader() for scene in batch["scene"]} == {
        "10"
    }
    assert len(make(root, val_limit=1).val_set.items) == NUM_FRAMES


def test_every_kth_frame(root: Path) -> None:
    data = make(root, train_every=2, val_every=3, test_every=5, frames=[1, 2, 3, 4, 5])
    assert sorted({frame for _, frame in data.test_set.items}) == [1]
    assert [frame for _, frame in data.val_set.items] == [1, 4]
    assert {int(f) for batch in data.train_dataloader() for f in batch["frame"]} <= {1, 3, 5}
    assert len(data.train_set) == 6


def test_sequences_are_consecutive_crops(root: Path) -> None:
    data = make(root, sequence_length=3, train_every=2, patch_size=8, batch_size=2)
    assert len(data.train_set) == 2  # frames 0, 2, 4 of two scenes
    longer = make(root, sequence_length=3, patch_size=8, batch_size=8)
    assert len(longer.train_set) == 2 * (NUM_FRAMES - 2)
    batch = next(iter(longer.train_dataloader()))
    assert batch["source"].shape == (8, 3, 6, 8, 8)
    assert batch["target"].shape == (8, 3, 3, 8, 8)
    assert batch["valid"].shape == (8, 3, 1, 8, 8)
    assert batch["mask"].shape == (8, 8, 8)
    assert len({int(first) for first in batch["frame"][:, 0]}) > 1
    for i, frames in enumerate(batch["frame"].tolist()):
        assert frames == list(range(frames[0], frames[0] + 3))
        for step, frame in enumerate(frames):
            rows, columns = window_of(batch["id"][i])
            wanted = pixels(batch["scene"][i], "sar", frame)[rows, columns].transpose(2, 0, 1)
            valid = batch["valid"][i, step].numpy()
            np.testing.assert_allclose(
                batch["source"][i, step, 3:].numpy() * valid, wanted * valid, atol=STEP
            )


def test_unpaired_samples_are_independent(root: Path) -> None:
    data = make(root, unpaired=True, patch_size=8, batch_size=12)
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"domain_a", "domain_b", "valid_a", "valid_b", "id"}
    assert batch["domain_a"].shape == (12, 6, 8, 8)
    assert batch["domain_b"].shape == (12, 3, 8, 8)
    assert batch["valid_a"].shape == batch["valid_b"].shape == (12, 1, 8, 8)
    names = [name.split(" + ") for name in batch["id"]]
    assert len({a.split("#")[0] for a, _ in names}) == 12  # every frame of the domain once in an epoch
    assert sum(a == b for a, b in names) <= 1
    for i, (a, b) in enumerate(names):
        for found, wanted, valid in (
            (batch["domain_a"][i, 3:], expected(a, "sar"), batch["valid_a"][i].numpy()),
            (batch["domain_b"][i], expected(b, "clean_optical"), batch["valid_b"][i].numpy()),
        ):
            np.testing.assert_allclose(found.numpy() * valid, wanted * valid, atol=STEP)


def test_unpaired_satellites_keep_to_their_own_scenes(root: Path) -> None:
    data = Toy(root=str(root), task="cloud_removal", tasks=TASKS, unpaired=True, batch_size=6, seed=1)
    data.num_satellites, data.data_shard = 2, "random"
    data.setup()
    scenes = {
        part.split("/")[0]
        for batch in data.train_dataloader()
        for name in batch["id"]
        for part in name.split(" + ")
    }
    assert len(scenes) == 1


def test_satellites_share_scenes_out(root: Path) -> None:
    parts = []
    for satellite in range(2):
        data = Toy(root=str(root), task="cloud_removal", tasks=TASKS, batch_size=6, seed=1)
        data.satellite, data.num_satellites, data.data_shard = satellite, 2, "place"
        data.setup()
        assert isinstance(data.train_set, Shard)
        parts.append({scene for batch in data.train_dataloader() for scene in batch["scene"]})
    assert sorted(map(sorted, parts)) == [["1"], ["2"]]


@pytest.mark.parametrize("keys", [{}, {"sequence_length": 2}, {"unpaired": True}])
def test_workers_give_the_same_data(root: Path, keys: dict[str, Any]) -> None:
    keys = {"patch_size": 8, "augmentation": "dihedral", **keys}
    alone, workers = (make(root, num_workers=n, **keys).train_dataloader() for n in (0, 2))
    for one, other in zip(alone, workers, strict=True):
        assert one["id"] == other["id"]
        for key, value in one.items():
            assert not torch.is_tensor(value) or torch.equal(value, other[key])


def test_a_resumed_stream_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: dict[str, Any] = {"patch_size": 8, "augmentation": "dihedral", "batch_size": 2}
    whole = [batch for _ in range(2) for batch in make(root, **keys).train_dataloader()]
    assert len(whole) == 12
    first = list(make(root, **keys).train_dataloader())
    resumed = make(root, **keys)
    monkeypatch.setattr(resumed, "batches_seen", lambda: 3)
    rest = list(resumed.train_dataloader())[:3]
    for one, other in zip(first[3:], rest, strict=True):
        assert one["id"] == other["id"]
        assert torch.equal(one["source"], other["source"])


def test_data_are_a_function_of_seed_and_satellite(root: Path) -> None:
    def first(**keys: Any) -> list[str]:
        return next(iter(make(root, patch_size=8, **keys).train_dataloader()))["id"]

    assert first() == first()
    assert first() != first(seed=8)
    assert first() != first(satellite=1)


def test_augmentation_turns_everything_alike(root: Path) -> None:
    plain = next(iter(make(root, patch_size=8, batch_size=12).train_dataloader()))
    turned = next(iter(make(root, patch_size=8, batch_size=12, augmentation="dihedral").train_dataloader()))
    assert plain["id"] == turned["id"]
    kinds = set()
    for i in range(12):
        for k, (axes, swap) in enumerate(
            [(axes, swap) for axes in ((), (-2,), (-1,), (-2, -1)) for swap in (0, 1)]
        ):

            def turn(array: torch.Tensor, axes: Any = axes, swap: int = swap) -> torch.Tensor:
                flipped = torch.flip(array, axes) if axes else array
                return flipped.transpose(-2, -1) if swap else flipped

            if torch.equal(turn(plain["source"][i]), turned["source"][i]):
                kinds.add(k)
                assert all(
                    torch.equal(turn(plain[key][i]), turned[key][i]) for key in ("target", "valid", "mask")
                )
                break
        else:
            pytest.fail("the sample is no flip or quarter turn of itself")
    assert len(kinds) > 3


def test_upper_bound_and_other_overrides(root: Path) -> None:
    data = make(root, sources=["clean_optical"])
    batch = next(iter(data.val_dataloader()))
    assert torch.equal(batch["source"], batch["target"])
    assert data.baselines == {"band_mean": {"mean": "target"}}
    assert make(root).baselines == TASKS["cloud_removal"]["baselines"]
    assert make(root, target="sar", sources=["clean_optical"]).target_name == "sar"


def test_sar_to_optical_takes_the_target_that_is_there(root: Path) -> None:
    data = make(root, task="sar_to_optical")
    assert data.target_name == "clean_optical"
    assert data.channels == {"in_channels": 3, "out_channels": 3}
    assert data.baselines == {}


@pytest.mark.parametrize("mask", ["classes", "instances"])
def test_segmentation(root: Path, mask: str) -> None:
    data = make(root, task="segmentation", mask=mask)
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"image", "mask", "valid", "id", "scene", "frame"}
    assert data.channels == {"in_channels": 3}
    assert data.specification.num_bands == 3
    wanted = annotation()[..., 0 if mask == "instances" else 1].astype(int)
    if mask == "classes":
        wanted = np.where(wanted > 0, wanted - 1, 255)
    np.testing.assert_array_equal(batch["mask"][0], wanted)


def test_clean_scenes(root: Path) -> None:
    data = make(root, test_every=2)
    found = list(data.clean_scenes("test"))
    assert [name for name, _, _ in found] == ["10", "11"]
    frames, mask = found[0][1:]
    assert (frames.shape, frames.dtype) == ((3, SIDE, SIDE, 3), np.float32)
    np.testing.assert_allclose(frames[1], pixels("10", "clean_optical", 2), atol=STEP)
    assert np.isnan(frames[0, 3, 4]).all()
    assert (mask.dtype, set(np.unique(mask))) == (np.int64, {0, 1, 255})
    assert data.example_input() == root / "10"


def test_a_folder_without_manifest_is_split_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_scenes(
        tmp_path, map(str, range(10)), ["clean_optical", "clouded_optical", "sar"], frames=[0], side=4
    )
    with caplog.at_level(logging.WARNING):
        data = make(tmp_path, val_fraction=0.15, test_fraction=0.15)
        data.setup()
    assert [len(scenes) for scenes in data.plan.parts.values()] == [7, 1, 2]
    assert len(caplog.records) == 1
    assert caplog.records[0].message == data.split_note
    assert "has no manifest.json" in data.split_note


def test_no_training_scenes(tmp_path: Path) -> None:
    write_scenes(tmp_path, ["1"], frames=[0], side=4)
    data = make(tmp_path)
    assert len(list(data.test_dataloader())) == 1
    with pytest.raises(UserError, match="no training images"):
        data.train_dataloader()


def test_no_data_and_no_generator() -> None:
    with pytest.raises(UserError, match=r"data\.root is null: expected a folder"):
        Toy(task="cloud_removal", tasks=TASKS)
