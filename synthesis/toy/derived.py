"""The generator of derived products: what `generate.py generator=toy_derived` runs."""

import re
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.claim import SETTINGS_FILE, claim, plain, read_record
from synthesis.toy.derivation.option_checks import is_whole
from synthesis.toy.derivation.pipeline import derive
from synthesis.toy.derivation.stages import build_stages
from synthesis.toy.layout import INDEX, LAYOUTS, Product, open_product
from synthesis.toy.processes import do_jobs
from synthesis.toy.progress import progress_bar


@dataclass(frozen=True)
class DerivedJob:
    """One product to derive.

    Attributes:
        source, folder: of the product that is read, and of the one that is made.
        name: of the product, part of its random draws.
        stages: options by stage.
        seed, layout: see `generate`.
        frames: in the source.
    """

    source: Path
    folder: Path
    name: str
    stages: dict[str, Any]
    seed: int
    layout: str
    frames: int


def generate(
    output: str | Path,
    *,
    input: str | Path,
    preset: str,
    presets: Mapping[str, Mapping[str, Any]],
    seed: int = 1,
    layout: str = "published",
    num_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Derive a product from every product of `input`; an interrupted call goes on where it stopped, what is finished
    is left alone.

    Args:
        output: folder of the product, or with a folder of scenes as input of one sub-folder for each, of the same name.
        input: folder of a toy product in any layout, or of sub-folders with a product each.
        preset: which of `presets`.
        presets: `conf/derivation/*.yaml` by name.
        seed: of all random draws, at least 0. Draws differ by scene (the name of its sub-folder), preset, stage and
            frame.
        layout: `published` or `compact`, see `synthesis.toy.layout`.
        num_workers: processes, for several scenes; any number gives the same files.
        overwrite: replace products made with other settings instead of refusing.
        progress: show a progress bar.

    Returns:
        The output folder.

    Raises:
        UserError: impossible settings, an input that holds no complete product or cannot be read, or a folder that holds
            another product.
    """
    output, source = Path(output), Path(input)
    if layout not in LAYOUTS:
        raise UserError(f"generator.layout is {layout}: expected one of {', '.join(LAYOUTS)}")
    if preset not in presets:
        raise UserError(f"generator.preset is {preset}: expected one of {', '.join(presets)}")
    for name, value, least in (("seed", seed, 0), ("num_workers", num_workers, 1)):
        if not is_whole(value) or value < least:
            raise UserError(f"generator.{name} is {value}: expected a whole number of at least {least}")
    stages = {name: options for name, options in plain(presets[preset]).items() if options is not None}
    try:
        build_stages(stages)
    except UserError as error:
        raise UserError(f"generator.presets.{preset}.{error}") from error
    if output.resolve().is_relative_to(source.resolve()):
        raise UserError(f"output {output} lies in the input {source}: expected another folder")

    jobs: list[DerivedJob] = []
    finished: list[DerivedJob] = []
    made_now: list[Path] = []
    products = find_products(source)
    identities = {
        scene: _identity(product) for scene, product in products.items()
    }  # before anything is written
    for scene, product in products.items():
        name = f"{scene}/{preset}" if scene else preset
        job = DerivedJob(
            source=product.folder,
            folder=output / scene,
            name=name,
            stages=stages,
            seed=seed,
            layout=layout,
            frames=len(product.frame_indices),
        )
        fresh = not job.folder.exists()
        record = {"preset": preset, "name": name, "stages": stages, "seed": seed, "layout": layout}
        done = claim(job.folder, {**record, "input": identities[scene]}, overwrite)
        (finished if done else jobs).append(job)
        if fresh:
            made_now.append(job.folder)
    with progress_bar(sum(job.frames for job in (*jobs, *finished)), progress) as advance:
        advance(sum(job.frames for job in finished))
        try:
            do_jobs(make, jobs, num_workers, lambda job: advance(job.frames))
        except BaseException as error:
            _tidy(jobs, made_now if isinstance(error, UserError) else [])
            raise
    return output


def _tidy(jobs: list[DerivedJob], folders: list[Path]) -> None:
    """Remove what an ended process left half-written, and of `folders` what is unfinished: after a damaged input
    there is nothing to resume."""
    for job in jobs:
        for partial in job.folder.glob("**/.*.partial"):
            partial.unlink(missing_ok=True)
    for folder in folders:
        if not (folder / INDEX).is_file():
            shutil.rmtree(folder)


def make(job: DerivedJob) -> None:
    """Derive one product."""
    derive(
        open_product(job.source),
        job.stages,
        seed=job.seed,
        name=job.name,
        folder=job.folder,
        layout=job.layout,
    )


def find_products(folder: Path) -> dict[str, Product]:
    """The product in a folder, under the name "", or those of its sub-folders, by name in natural order.

    Raises:
        UserError: there is none, or one of them is unfinished or damaged.
    """
    if not folder.is_dir():
        raise UserError(f"generator.input {folder} does not exist: expected the folder of a toy product")
    if (folder / INDEX).is_file() or (folder / SETTINGS_FILE).is_file():
        return {"": open_product(folder)}
    scenes = [
        path
        for path in sorted(folder.iterdir(), key=lambda path: _natural(path.name))
        if (path / INDEX).is_file() or (path / SETTINGS_FILE).is_file()
    ]
    if not scenes:
        raise UserError(
            f"generator.input {folder} holds no toy product: expected {INDEX} in it or in its sub-folders"
        )
    return {scene.name: open_product(scene) for scene in scenes}


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _identity(product: Product) -> dict[str, Any]:
    """What tells a product from others wherever it lies: how it was made, and its first frame."""
    record = product.folder / SETTINGS_FILE
    settings = read_record(record) if record.is_file() else None
    if not product.frame_indices:
        raise UserError(f"{product.folder} has no frames: expected at least one")
    pixels = np.ascontiguousarray(product.frame(product.frame_indices[0]))
    return {"settings": settings, "first_frame_crc32": zlib.crc32(pixels.tobytes())}
