"""Translated toy products: what `predict.py task=translate` runs."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from errors import UserError
from products.specification import ImageSpecification
from synthesis.toy.layout import INDEX, LAYOUTS, write_json
from synthesis.toy.product_writer import ProductWriter
from synthesis.toy.progress import progress_bar
from synthesis.toy.scene_folders import products_in, scenes_in
from synthesis.toy.tasks import Task, TaskScene, choose_task, open_scene, settled

RECORD = "translation.json"  # beside the index: which model made the product, and of what


def translate(
    network: nn.Module,
    specification: ImageSpecification,
    input: str | Path,
    output: str | Path,
    *,
    task: str,
    tasks: Mapping[str, Mapping[str, Any]],
    sources: Sequence[str] | None = None,
    target: str | None = None,
    revisit: int = 1,
    degradation: Mapping[str, Mapping[str, Any]] | None = None,
    layout: str = "published",
    batch_size: int = 8,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Translate all frames of a scene, or of each scene of a folder, into a product on disk.

    Frames that a source misses are left out (null in the index). A recurrent network sees the frames in order, each
    with its own prediction of the one before; others see `batch_size` frames at a time, and nothing else is held. A
    product appears when it is whole; a scene that this model has translated already is left alone.

    Args:
        network: a `networks.translation.Translator`, in evaluation mode.
        specification: of what it predicts.
        input: folder of a scene with the source products, or a folder of scenes.
        output: folder of the product, or of one for each scene.
        task, tasks, sources, target, revisit, degradation: what it was trained on, see `tasks.choose_task`.
        layout: of the product, `published` or `compact`.
        batch_size: frames that are translated at once.
        device: where, e.g. `cpu` or `cuda`.
        overwrite: replace products in `output` that were made in another way.
        progress: whether to show a progress bar on standard error.

    Returns:
        scenes, frames (written now), left_out (frames that a source misses), seconds.

    Raises:
        UserError: a source is missing or has other bands than the network, no frame has all of them, `output` holds
            something else, or an argument is impossible.
    """
    start = time.perf_counter()
    input, output = Path(input), Path(output)
    if layout not in LAYOUTS:
        raise UserError(f"layout={layout}: expected one of {', '.join(LAYOUTS)}")
    if batch_size < 1:
        raise UserError(f"batch_size={batch_size}: expected at least 1")
    choice = choose_task(
        task, tasks, sources=sources, target=target, revisit=revisit, degradation=degradation
    )
    scenes = _scenes(choice, input, output)
    for scene, _ in scenes:
        _check(scene, network, specification, choice)
    record = {"model": fingerprint(network), "task": task, "sources": list(choice.sources), "layout": layout}
    todo = [(scene, place, {**record, "scene": scene.name}) for scene, place in scenes]
    todo = [item for item in todo if not _is_finished(item[1], item[2], overwrite)]
    moved = _moved(network, device)
    with progress_bar(sum(len(scene.frames) for scene, _, _ in todo), progress) as advance:
        for scene, place, made_of in todo:
            _write(moved, scene, place, specification.num_bands, made_of, layout, batch_size, advance)
    return {
        "scenes": len(scenes),
        "frames": sum(len(scene.frames) for scene, _, _ in todo),
        "left_out": sum(scene.horizon - len(scene.frames) for scene, _ in scenes),
        "seconds": time.perf_counter() - start,
    }


def predictions(network: nn.Module, scene: TaskScene, batch_size: int) -> Iterator[tuple[int, np.ndarray]]:
    """Number and translated pixels (H, W, C) float32 of each frame of a scene, in order."""
    device = next((tensor.device for tensor in network.state_dict().values()), torch.device("cpu"))
    recurrent = bool(getattr(network, "recurrent", False))
    previous: torch.Tensor | None = None
    step = 1 if recurrent else batch_size
    for first in range(0, len(scene.frames), step):
        frames = scene.frames[first : first + step]
        pixels = np.stack([scene.source_pixels(frame) for frame in frames])
        pixels = np.where(np.isfinite(pixels), pixels, np.float32(0))  # as in training
        with torch.inference_mode():
            predicted = network(torch.from_numpy(pixels).to(device), previous)
        previous = predicted if recurrent else None
        images = np.ascontiguousarray(predicted.float().cpu().numpy().transpose(0, 2, 3, 1))
        yield from zip(frames, images, strict=True)


def fingerprint(network: nn.Module) -> str:
    """Hash of a network's weights."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _scenes(choice: Task, input: Path, output: Path) -> list[tuple[TaskScene, Path]]:
    """The scenes to translate, and where each goes."""
    if products_in(input):
        folders = {input: output}
    else:
        folders = {input / name: output / name for name in (scenes_in(input) if input.is_dir() else ())}
    if not folders:
        raise UserError(
            f"input={input} holds no toy products: expected a scene (a folder with {', '.join(choice.sources)}) or a "
            "folder of scenes"
        )
    tasks = {folder: settled(choice, products_in(folder)) for folder in folders}
    return [(open_scene(folder, tasks[folder], paired=False), place) for folder, place in folders.items()]


def _check(scene: TaskScene, network: nn.Module, specification: ImageSpecification, task: Task) -> None:
    found, expected = scene.num_source_bands, getattr(network, "in_channels", scene.num_source_bands)
    if found != expected:
        raise UserError(
            f"{scene.folder}: the sources {', '.join(task.sources)} have {found} bands, expected {expected} as in "
            f"training (for {specification.num_bands} bands of the target)"
        )
    if not scene.frames:
        raise UserError(
            f"{scene.folder}: found no frame that all sources have, expected some of {', '.join(task.sources)}"
        )


def _is_finished(place: Path, record: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether the product is there already.

    Raises:
        UserError: something else is there.
    """
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return False
    is_product = (place / INDEX).is_file()
    if is_product and (place / RECORD).is_file():
        try:
            found = json.loads((place / RECORD).read_text(encoding="utf-8"))
        except ValueError:
            found = None  # damaged: made by nobody we know
        if found == record:
            return True
    if overwrite and is_product:
        return False
    hint = ", or give overwrite=true to replace it" if is_product else ""
    raise UserError(f"output={place} holds something else already: choose another folder{hint}")


def _moved(network: nn.Module, device: str) -> nn.Module:
    try:
        return network.to(device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"device={device}: {str(error).splitlines()[0]}, expected a device of this machine such as cpu"
        ) from error


def _write(
    network: nn.Module,
    scene: TaskScene,
    place: Path,
    num_bands: int,
    record: Mapping[str, Any],
    layout: str,
    batch_size: int,
    advance: Callable[[int], None],
) -> None:
    """Write a product beside its place and rename it."""
    temporary = place.with_name(f".{place.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        shape = (*scene.shape, num_bands)
        with ProductWriter(
            temporary, layout, shape=shape, num_cells=scene.num_cells, horizon=scene.horizon
        ) as writer:
            for frame, pixels in predictions(network, scene, batch_size):
                writer.write(frame, pixels, scene.annotation(frame))
                advance(1)
            writer.finish()
        write_json(temporary / RECORD, record)
        shutil.rmtree(place, ignore_errors=True)
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
