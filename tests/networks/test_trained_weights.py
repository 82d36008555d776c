"""Weights files: ours there and back, Keras's by numbers of bands and a convention, and the wrong ones."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from errors import UserError
from networks.dsen2 import DSen2
from networks.super_resolver import SuperResolver
from networks.trained_weights import load_super_resolver, read_metadata, save_super_resolver
from tests.fakes.keras_weights import Layout, forward, random_weights, write

SENTINEL2 = {10: ["B4", "B3", "B2", "B8"], 20: ["B5", "B6", "B7", "B8A", "B11", "B12"], 60: ["B1", "B9"]}
MODIS = {250: ["a", "b"], 500: list("abcdefg"), 1000: list("abcdefghijklmnopqr")}
CONVENTIONS = {
    "dsen2": {"default": {"scale": 2000.0, "offset": 0.0}},
    "satsr": {
        "default": {"scale": 65535.0, "offset": -1.0},
        "modis": {"scale": 16100.0, "offset": 100.0},
    },
}


def resolver(target_m: int = 20, **options: Any) -> SuperResolver:
    torch.manual_seed(0)
    bands = {m: names for m, names in SENTINEL2.items() if m <= target_m}
    network = DSen2([len(names) for names in bands.values()], features=6, blocks=2, **options)
    return SuperResolver(network, sensor="sentinel2", bands=bands, scale=2000.0, offset=-7.5)


def load(path: Path, **options: Any) -> SuperResolver:
    defaults = {"sensor": "sentinel2", "bands": SENTINEL2}
    return load_super_resolver(path, **(defaults | options))


def numbers(bands: dict[int, list[str]], highest: float = 9000) -> dict[int, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {m: torch.rand(1, len(names), 14, 15, generator=generator) * highest for m, names in bands.items()}


@pytest.mark.parametrize("target_m", [20, 60])
def test_ours_there_and_back(tmp_path: Path, target_m: int) -> None:
    written = resolver(target_m, residual_scale=0.25).eval()
    path = save_super_resolver(
        tmp_path / "new" / "w.safetensors", written, {"licence": "MIT", "scores": {"rmse": 40.5}}
    )
    assert [item.name for item in path.parent.iterdir()] == ["w.safetensors"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    back = load(path, sha256=digest.upper(), target_m=target_m)
    inputs = numbers(written.bands)  # type: ignore[arg-type]
    with torch.no_grad():
        assert torch.equal(back(inputs), written(inputs))
    assert back.target_m == target_m
    assert back.description() == written.description() | {"source": "w.safetensors"}
    assert not back.training and not any(p.requires_grad for p in back.parameters())
    metadata = read_metadata(path)
    assert metadata["licence"] == "MIT" and json.loads(metadata["scores"]) == {"rmse": 40.5}


@pytest.mark.parametrize(
    ("sensor", "bands", "target_m", "convention", "scale", "offset"),
    [
        ("sentinel2", SENTINEL2, 20, "dsen2", 2000.0, 0.0),
        ("sentinel2", SENTINEL2, 60, "satsr", 65535.0, -1.0),
        ("modis", MODIS, 500, "satsr", 16100.0, 100.0),
        ("modis", MODIS, 1000, "satsr", 16100.0, 100.0),
    ],
)
def test_a_published_file_finds_its_grid_and_its_scale(
    tmp_path: Path,
    sensor: str,
    bands: dict[int, list[str]],
    target_m: int,
    convention: str,
    scale: float,
    offset: float,
) -> None:
    own = {m: names for m, names in bands.items() if m <= target_m}
    weights = random_weights(sum(map(len, own.values())), len(own[target_m]), 8, 2)
    path = write(tmp_path / "w.hdf5", weights, Layout(full=True))
    found = load(path, sensor=sensor, bands=bands, convention=convention, conventions=CONVENTIONS)
    assert found.resolutions == tuple(own)
    assert (found.scale, found.offset) == (scale, offset)
    assert found.source == f"w.hdf5, convention {convention}"
    inputs = numbers(own, scale * 1.5)
    output = found(inputs).numpy()
    normalised = [(group.numpy().astype(np.float64) + offset) / scale for group in inputs.values()]
    expected = forward(weights, normalised)
    assert np.abs((output + offset) / scale - expected).max() < 1e-4


def published(tmp_path: Path) -> Path:
    return write(tmp_path / "w.h5", random_weights(10, 6, 4, 1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"convention": None}, r"convention: found None, expected one of dsen2, satsr, because .*w\.h5"),
        ({"convention": "esa"}, "convention: found 'esa'"),
        ({"sensor": "modis", "bands": MODIS}, "from 10 bands to 6, expected one for modis: 9 to 7"),
        ({"target_m": 60}, r"from 10 bands to 6, expected one for sentinel2: 12 to 2 \(60 m\)"),
        ({"sha256": "ab" * 32}, r"found the SHA-256 .*, expected abababababab\.\.\."),
    ],
)
def test_published_files_that_do_not_fit(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load(published(tmp_path), **({"convention": "dsen2", "conventions": CONVENTIONS} | options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sensor": "landsat8"}, "found weights for sentinel2, expected landsat8"),
        ({"target_m": 60}, "found weights for the 20 m bands, expected 60 m"),
        ({"bands": {10: ["B4"], 20: ["B5"]}}, r"found weights for the bands B4 B3 .*, expected B4 \(10 m\)"),
        ({"convention": "dsen2"}, "is no Keras file and has a scale of its own"),
    ],
)
def test_files_of_ours_that_do_not_fit(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    path = save_super_resolver(tmp_path / "w.safetensors", resolver())
    with pytest.raises(UserError, match=words):
        load(path, **options)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": "other"}, "found the format 'other'"),
        ({"options": "{"}, "its metadata are damaged"),
        ({"options": '{"blocks": 99999999}'}, "too large"),
        ({"options": '{"blocks": 3, "features": 6}'}, r"blocks\.2\.first\.bias has the shape None"),
        ({"options": '{"blocks": 2, "features": 7}'}, r"has the shape \(6,\), expected \(7,\)"),
        ({"network": "unet"}, "found 'unet', expected one of dsen2"),
        ({"bands": "[]"}, "its metadata are damaged"),
        ({"scale": "-1"}, "scale: found -1"),
    ],
)
def test_altered_metadata(tmp_path: Path, header: dict[str, str], words: str) -> None:
    path = save_super_resolver(tmp_path / "w.safetensors", resolver())
    save_file(load_file(path), path, read_metadata(path) | header)
    with pytest.raises(UserError, match=words):
        load(path)


def test_files_that_are_damaged(tmp_path: Path) -> None:
    path = save_super_resolver(tmp_path / "w.safetensors", resolver())
    content = path.read_bytes()
    for kept in (0, 5, 200, len(content) - 1):
        path.write_bytes(content[:kept])
        with pytest.raises(UserError, match=r"w\.safetensors: not a readable weights file"):
            load(path)
    tensors, metadata = load_file(write_back(path, content)), read_metadata(path)
    tensors["head.bias"][0] = torch.inf
    save_file(tensors, path, metadata)
    with pytest.raises(UserError, match=r"head\.bias holds values that are no finite numbers"):
        load(path)
    with pytest.raises(UserError, match="there is no such weights file"):
        load(tmp_path / "other.safetensors")
    (tmp_path / "text.h5").write_text("not weights")
    with pytest.raises(UserError, match="not an HDF5 file"):
        load(tmp_path / "text.h5", convention="dsen2", conventions=CONVENTIONS)
    with pytest.raises(UserError, match="the metadata key 'scale' belongs to the format"):
        save_super_resolver(path, resolver(), {"scale": "1"})


def write_back(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
