import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datamodules.toy_cache import cached_dataset
from errors import UserError

IGNORED = ("made", "num_workers")


def make(output: Path, *, made: list[Any], **keys: Any) -> Path:
    """Stands for the generator: writes the manifest alone."""
    made.append(keys)
    output.mkdir(parents=True)
    (output / "manifest.json").write_text(json.dumps(keys))
    return output


@pytest.fixture
def made() -> list[Any]:
    """What was asked of the generator."""
    return []


@pytest.fixture
def generator(made: list[Any]) -> Callable[..., Path]:
    return partial(make, made=made, seed=1, num_scenes=2, progress=True, num_workers=1, layout="compact")


def test_a_dataset_is_made_once(generator: Any, made: list[Any], tmp_path: Path) -> None:
    folder = cached_dataset(generator, tmp_path, "cloud_removal", ignore=IGNORED)
    assert folder.name.startswith("cloud_removal_")
    assert (made[0]["task"], made[0]["progress"]) == ("cloud_removal", False)
    assert cached_dataset(generator, tmp_path, "cloud_removal", ignore=IGNORED) == folder
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("key", ["seed", "num_scenes", "layout", "task"])
def test_other_settings_have_another_folder(generator: Any, tmp_path: Path, key: str) -> None:
    one = cached_dataset(generator, tmp_path, "cloud_removal", ignore=IGNORED)
    task = "segmentation" if key == "task" else "cloud_removal"
    keys = {} if key == "task" else {key: 9}
    assert cached_dataset(partial(generator, **keys), tmp_path, task, ignore=IGNORED) != one


def test_workers_do_not_matter(generator: Any, tmp_path: Path) -> None:
    one = cached_dataset(generator, tmp_path, "cloud_removal", ignore=IGNORED)
    assert cached_dataset(partial(generator, num_workers=7), tmp_path, "cloud_removal", ignore=IGNORED) == one


def test_a_race_that_is_lost_takes_the_winners(tmp_path: Path) -> None:
    def slow(output: Path, **keys: Any) -> Path:
        winner.append(cached_dataset(partial(make, made=[], seed=1), tmp_path, "a", ignore=IGNORED))
        return make(output, made=[], **keys)

    winner: list[Path] = []
    folder = cached_dataset(partial(slow, seed=1), tmp_path, "a")
    assert winner == [folder]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(output: Path, **_: Any) -> Path:
        output.mkdir(parents=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_dataset(partial(fail, seed=1), tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments(generator: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.generator is no partial"):
        cached_dataset(make, tmp_path, "a")
    (tmp_path / "cache").write_text("")
    with pytest.raises(UserError, match=r"data\.cache: .* cannot be written"):
        cached_dataset(generator, tmp_path / "cache", "a", ignore=IGNORED)
