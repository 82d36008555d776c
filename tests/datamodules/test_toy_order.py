"""What training reads of `data=toy`, and in which order: a function of seed, satellite and step."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datamodules.shards import Shard
from synthesis.toy import product
from tests.fakes.toy_data import make_toy, write_dataset
from tests.fakes.toy_scenes import SIDE


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"unpaired": True},
        {"task": "super_resolution", "degradation": {"low_resolution": {"block_px": 4}}},
    ],
)
def test_training_opens_no_file_of_another_part(
    root: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any]
) -> None:
    opened: set[str] = set()
    read = np.fromfile

    def recorded(path: Path, *arguments: Any, **keys: Any) -> np.ndarray:
        opened.add(Path(path).relative_to(root).parts[0])
        return read(path, *arguments, **keys)

    monkeypatch.setattr(product.h5py, "File", _recording(product.h5py.File, opened, root))
    monkeypatch.setattr(np, "fromfile", recorded)
    data = make_toy(root, **keys)
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


def test_unpaired_satellites_keep_to_their_own_scenes(root: Path) -> None:
    data = make_toy(root, unpaired=True, batch_size=6, num_satellites=2, data_shard="random")
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
        data = make_toy(root, batch_size=6, satellite=satellite, num_satellites=2, data_shard="place")
        assert isinstance(data.train_set, Shard)
        parts.append({scene for batch in data.train_dataloader() for scene in batch["scene"]})
    assert sorted(map(sorted, parts)) == [["1"], ["2"]]


@pytest.mark.parametrize("keys", [{}, {"sequence_length": 2}, {"unpaired": True}])
def test_workers_give_the_same_data(root: Path, keys: dict[str, Any]) -> None:
    keys = {"patch_size": 8, "augmentation": "dihedral", **keys}
    alone, workers = (make_toy(root, num_workers=n, **keys).train_dataloader() for n in (0, 2))
    for one, other in zip(alone, workers, strict=True):
        assert one["id"] == other["id"]
        for key, value in one.items():
            assert not torch.is_tensor(value) or torch.equal(value, other[key])


def test_a_resumed_stream_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: dict[str, Any] = {"patch_size": 8, "augmentation": "dihedral", "batch_size": 2}
    whole = [batch for _ in range(2) for batch in make_toy(root, **keys).train_dataloader()]
    assert len(whole) == 12
    first = list(make_toy(root, **keys).train_dataloader())
    resumed = make_toy(root, **keys)
    monkeypatch.setattr(resumed, "batches_seen", lambda: 3)
    rest = list(resumed.train_dataloader())[:3]
    for one, other in zip(first[3:], rest, strict=True):
        assert one["id"] == other["id"]
        assert torch.equal(one["source"], other["source"])


def test_data_are_a_function_of_seed_and_satellite(root: Path) -> None:
    def first(**keys: Any) -> list[str]:
        return next(iter(make_toy(root, patch_size=8, **keys).train_dataloader()))["id"]

    assert first() == first()
    assert first() != first(seed=8)
    assert first() != first(satellite=1)


def test_augmentation_turns_everything_alike(root: Path) -> None:
    plain = next(iter(make_toy(root, patch_size=8, batch_size=12).train_dataloader()))
    turned = next(
        iter(make_toy(root, patch_size=8, batch_size=12, augmentation="dihedral").train_dataloader())
    )
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


@pytest.mark.parametrize("keys", [{}, {"unpaired": True}])
def test_sets_travel_to_other_processes_and_hold_no_pixels(root: Path, keys: dict[str, Any]) -> None:
    train_set = make_toy(root, **keys).train_set
    before = [train_set[(index, index)] for index in range(len(train_set))]
    carried = pickle.dumps(train_set)
    assert len(carried) < SIDE * SIDE * 3 * 4 * 2  # two frames
    for one, other in zip(before, (pickle.loads(carried)[(i, i)] for i in range(len(before))), strict=True):
        assert one["id"] == other["id"]
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])
