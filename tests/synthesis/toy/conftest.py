"""Settings shared by the tests of the toy generator."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synthesis.toy.settings import LatentSettings


@pytest.fixture(scope="session")
def phenology(repository: Path) -> dict[str, Any]:
    """The phenology model of the catalogue."""
    model = OmegaConf.to_container(OmegaConf.load(repository / "conf" / "phenology" / "temperate.yaml"))
    assert isinstance(model, dict)
    return model


@pytest.fixture(scope="session")
def settings(phenology: dict[str, Any]) -> Callable[..., LatentSettings]:
    """Makes settings of a small scene; any key may be given."""

    def make(**keys: Any) -> LatentSettings:
        small = {
            "seed": 1, "num_frames": 4, "width": 48, "height": 40, "num_bands": 3, "num_cells": 6,
            "num_classes": 2, "phenology": phenology,
        }  # fmt: skip
        return LatentSettings(**{**small, **keys})

    return make


@pytest.fixture(scope="session")
def published(settings: Callable[..., LatentSettings]) -> Callable[..., LatentSettings]:
    """Makes settings of the published cloud-removal imagery."""

    def make(seed: int, **keys: Any) -> LatentSettings:
        shape = {"num_frames": 30, "width": 337, "height": 256, "num_bands": 3, "num_cells": 16}
        draws = {"rng": "published", "texture": "legacy_interleaved", "series_scaling": "per_file"}
        return settings(seed=seed, **{**shape, **draws, **keys})

    return make


def write_ts(path: Path, rows: list[str], **header: Any) -> Path:
    """Write a `.ts` file; header keys replace those of 2 dimensions, 4 steps and classes a, b."""
    keys = {"timeStamps": "false", "dimensions": 2, "equalLength": "true", "seriesLength": 4}
    lines = ["# a comment", "%another", "@problemName Test"]
    lines += [f"@{key} {value}" for key, value in {**keys, "classLabel": "true a b", **header}.items()]
    path.write_text("\n".join([*lines, "@data", *rows, ""]), encoding="utf-8")
    return path


@pytest.fixture
def ts_file() -> Callable[..., Path]:
    """Writes `.ts` files."""
    return write_ts


@pytest.fixture(scope="session")
def dataset_keys(repository: Path) -> dict[str, Any]:
    """The keys of `generator=toy_dataset`, for three small scenes of four frames."""
    with initialize_config_dir(str(repository / "conf"), version_base="1.3"):
        config = compose("generate", ["generator=toy_dataset"])
    keys = OmegaConf.to_container(config.generator, resolve=True)
    assert isinstance(keys, dict)
    small = {"num_scenes": 3, "num_frames": 4, "width": 48, "height": 40, "num_cells": 6, "num_workers": 1}
    kept = {str(key): value for key, value in keys.items() if not str(key).startswith("_")}
    return {**kept, "progress": False, **small}


@pytest.fixture(scope="session")
def toy_reference(request: pytest.FixtureRequest) -> Path:
    """Folder of products that the original software wrote, frame 5 of seed 1 (`NADIR_TOY_REFERENCE`)."""
    given = os.environ.get("NADIR_TOY_REFERENCE")
    folder = (
        Path(given)
        if given
        else request.getfixturevalue("real_data").parent / "specs" / "reference" / "toy_example"
    )
    if not folder.is_dir():
        pytest.skip(f"no products of the original at {folder}: set NADIR_TOY_REFERENCE to their folder")
    return folder
