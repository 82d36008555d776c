"""Trained super-resolution networks as files: ours, and published ones of Keras."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from errors import UserError
from networks.dsen2 import build_super_resolution_network
from networks.published import dsen2_from_keras
from networks.super_resolver import SuperResolver

FORMAT = "nadir-super-resolution/1"
KERAS_SUFFIXES = (".h5", ".hdf5", ".keras", ".hdf")
MOST = 4096  # of features or blocks that a file may ask for
_OWN_KEYS = ("format", "network", "options", "sensor", "bands", "scale", "offset")


def load_super_resolver(
    file: str | Path,
    *,
    sensor: str,
    bands: Mapping[int, Sequence[str]],
    target_m: int | None = None,
    convention: str | None = None,
    conventions: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
    sha256: str | None = None,
    channels_last: bool = True,
) -> SuperResolver:
    """The network in a weights file, ready to predict.

    Our own files (`save_super_resolver`) say which bands and which scale they are for. Keras's do not: there the grid that
    is sharpened is found by the numbers of bands, and `convention` names the scale.

    Args:
        file: `.safetensors` as written here, or `.h5`/`.hdf5`.
        sensor: name of the instrument.
        bands: names of its bands by ground sample distance in m, all its grids, in the order that networks take.
        target_m: the grid that is to be sharpened; None = what the file is for.
        convention: of a Keras file, one of `conventions`.
        conventions: {name: {sensor or "default": {scale, offset}}}; the network sees (digital number + offset) / scale.
        sha256: of the file, hexadecimal; None = not checked.
        channels_last: memory layout of the weights.

    Raises:
        UserError: no such file, an altered or damaged one, one of another sensor or grid, or no convention.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: there is no such weights file")
    if sha256 is not None:
        found = _sha256(path)
        if found != sha256.lower():
            raise UserError(f"{path}: found the SHA-256 {found[:12]}..., expected {sha256[:12].lower()}...")
    grids = {int(m): list(bands[m]) for m in sorted(bands, key=int)}
    if _looks_like_keras(path):
        scale, offset = _convention(path, convention, conventions, sensor)
        resolver = _from_keras(path, sensor, grids, target_m, scale, offset)
        resolver.source = f"{path.name}, convention {convention}"
    else:
        if convention is not None:
            raise UserError(f"convention={convention}: {path} is no Keras file and has a scale of its own")
        resolver = _from_own(path, sensor, grids, target_m)
        resolver.source = path.name
    if channels_last:
        resolver.to(memory_format=torch.channels_last)
    return resolver.requires_grad_(False).eval()


def save_super_resolver(
    path: str | Path, resolver: SuperResolver, metadata: Mapping[str, Any] | None = None
) -> Path:
    """Write a network with all that is needed to use it again, complete or not at all.

    Args:
        path: ends in `.safetensors`.
        resolver: its network is one of `networks.dsen2.NETWORKS`.
        metadata: more to tell, such as licence, recipe, data and scores; text, or what JSON can hold.

    Raises:
        UserError: `metadata` uses a key of the format itself.
    """
    path = Path(path)
    reserved = set(metadata or {}) & set(_OWN_KEYS)
    if reserved:
        raise UserError(f"{path}: the metadata key {min(reserved)!r} belongs to the format")
    description = resolver.description()
    options = resolver.network.options()  # type: ignore[operator]
    header = {
        "format": FORMAT,
        "network": description["network"],
        "options": json.dumps(options),
        "sensor": resolver.sensor,
        "bands": json.dumps(description["bands"]),
        "scale": repr(resolver.scale),
        "offset": repr(resolver.offset),
    }
    for key, value in (metadata or {}).items():
        header[key] = value if isinstance(value, str) else json.dumps(value)
    # A file has one layout, whatever that of the network at hand.
    tensors = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in resolver.network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        save_file(tensors, temporary, header)
        temporary.chmod(0o644)  # weights are for others too
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_metadata(path: str | Path) -> dict[str, str]:
    """What a file of ours says of itself.

    Raises:
        UserError: not such a file.
    """
    return _read(Path(path))[0]


def _from_own(path: Path, sensor: str, grids: dict[int, list[str]], target_m: int | None) -> SuperResolver:
    header, tensors = _read(path)
    try:
        options = json.loads(header["options"])
        bands = {int(m): [str(name) for name in names] for m, names in json.loads(header["bands"]).items()}
        scale, offset, network_name = float(header["scale"]), float(header["offset"]), header["network"]
        if any(isinstance(value, int) and value > MOST for value in options.values()):
            raise ValueError("the network is too large")
        own = max(bands)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: its metadata are damaged ({error}), expected {FORMAT}") from error
    if header["sensor"] != sensor:
        raise UserError(f"{path}: found weights for {header['sensor']}, expected {sensor}")
    if target_m is not None and own != target_m:
        raise UserError(f"{path}: found weights for the {own} m bands, expected {target_m} m")
    expected = {m: names for m, names in grids.items() if m <= own}
    if bands != expected:
        raise UserError(f"{path}: found weights for the bands {_show(bands)}, expected {_show(expected)}")
    with torch.device("meta"):
        network = build_super_resolution_network(
            network_name, [len(names) for names in bands.values()], options
        )
    wanted = network.state_dict()
    for name in sorted(set(wanted) | set(tensors)):
        found = tuple(tensors[name].shape) if name in tensors else None
        needed = tuple(wanted[name].shape) if name in wanted else None
        if found != needed:
            raise UserError(f"{path}: {name} has the shape {found}, expected {needed}")
        if not tensors[name].is_floating_point() or not torch.isfinite(tensors[name]).all():
            raise UserError(f"{path}: {name} holds values that are no finite numbers")
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
    return SuperResolver(network, sensor=sensor, bands=bands, scale=scale, offset=offset)


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path}: not a readable weights file ({reason}); expected .safetensors, .h5 or .hdf5"
        ) from error
    if header.get("format") != FORMAT:
        raise UserError(f"{path}: found the format {header.get('format')!r}, expected {FORMAT}")
    return header, tensors


def _from_keras(
    path: Path, sensor: str, grids: dict[int, list[str]], target_m: int | None, scale: float, offset: float
) -> SuperResolver:
    network = dsen2_from_keras(path)
    given, taken = sum(network.in_channels), network.out_channels
    possible = {}
    for m in list(grids)[1:]:
        inputs = {finer: names for finer, names in grids.items() if finer <= m}
        possible[m] = (sum(map(len, inputs.values())), len(grids[m]))
    matches = [m for m, numbers in possible.items() if numbers == (given, taken) and target_m in (None, m)]
    if len(matches) != 1:
        expected = " or ".join(
            f"{total} to {count} ({m} m)" for m, (total, count) in possible.items() if target_m in (None, m)
        )
        raise UserError(
            f"{path}: a network from {given} bands to {taken}, expected one for {sensor}: {expected or 'none'}"
        )
    bands = {m: names for m, names in grids.items() if m <= matches[0]}
    network.in_channels = tuple(len(names) for names in bands.values())
    return SuperResolver(network, sensor=sensor, bands=bands, scale=scale, offset=offset)


def _convention(
    path: Path,
    name: str | None,
    conventions: Mapping[str, Mapping[str, Mapping[str, float]]] | None,
    sensor: str,
) -> tuple[float, float]:
    known = conventions or {}
    if name not in known:
        raise UserError(
            f"convention: found {name!r}, expected one of {', '.join(known) or 'weights.conventions'}, "
            f"because {path} does not say which numbers its network takes"
        )
    by_sensor = known[str(name)]
    numbers = by_sensor.get(sensor, by_sensor.get("default"))
    if numbers is None:
        raise UserError(f"convention={name}: not known for {sensor}, expected one of {', '.join(by_sensor)}")
    return float(numbers["scale"]), float(numbers["offset"])


def _looks_like_keras(path: Path) -> bool:
    """HDF5 by content; by name where the file is neither (so that the sentence fits what was meant)."""
    with path.open("rb") as file:
        start = file.read(8)
    return start == b"\x89HDF\r\n\x1a\n" or path.suffix.lower() in KERAS_SUFFIXES


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _show(bands: Mapping[int, Sequence[str]]) -> str:
    return ", ".join(f"{' '.join(names)} ({m} m)" for m, names in bands.items())
