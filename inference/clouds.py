"""Clouds for masks: what `predict.py task=clouds` runs."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from errors import UserError
from inference.blend import blend
from inference.cloud_images import FORMATS, ROUNDINGS, check_bands, format_of, write_clouds
from inference.sinks import ArraySink
from inference.sources import ArraySource
from networks.cloud_generator import CloudGenerator, as_cloud_generator
from products.binary_mask import MASK_SUFFIXES, BinaryMask, read_binary_mask
from products.grid import Grid
from products.raster import RasterFile
from products.window import Window

MASKS = "masks"  # where a folder of cloud tiles keeps its masks
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
_BATCH_ON_GPU = 16
_SMALLEST_WINDOW = 64  # pixels


def clouds(
    network: nn.Module,
    specification: Any,
    input: str | Path,
    output: str | Path,
    *,
    format: str | None = None,
    bands: Sequence[str] | None = None,
    rounding: str = "nearest",
    window_size: int = 512,
    overlap: float = 0.25,
    batch_size: int | None = None,
    precision: str = "float32",
    device: str = "cpu",
    progress: bool = True,
) -> dict[str, Any]:
    """Make an image of clouds for a mask, or for each mask of a folder, in one pass of the network.

    Masks are read and images written beside the network's work. Of a mask that is larger than a window, windows are
    computed one by one and averaged where they overlap.

    Args:
        network: a `CloudGenerator`, or the network of a run; it is moved to `device`.
        specification: not used; a mask needs none.
        input: a mask (PNG or GeoTIFF), a folder of masks, or one with a sub-folder `masks`.
        output: an image, or for a folder of masks a folder; images are called as their masks.
        format: `png` or `geotiff`; None: that of the output's suffix, or of each mask.
        bands: names of the bands in a GeoTIFF; None: band_1, ...
        rounding: `nearest`, or `published`: what is behind the point is cut off.
        window_size: largest side that the network sees at once, pixels.
        overlap: share of a window, on each axis, that the next one covers too.
        batch_size: masks of one size at once; None: 1 on a CPU, where more does not pay, else 16.
        precision: what the network computes in, `float32` or `bfloat16`.
        device: where it runs, e.g. `cpu` or `cuda`.
        progress: whether to show a progress bar on standard error.

    Returns:
        masks, bands, seconds.

    Raises:
        UserError: an impossible argument, a network of another kind, a mask that is not binary, a file that cannot be
            read or written.
    """
    start = time.perf_counter()
    _check(format=format, rounding=rounding, precision=precision)
    if window_size < _SMALLEST_WINDOW:
        raise UserError(f"window_size={window_size}: expected at least {_SMALLEST_WINDOW} pixels")
    if not 0 <= overlap < 1:
        raise UserError(f"overlap={overlap}: expected from 0 to below 1")
    if batch_size is not None and batch_size < 1:
        raise UserError(f"batch_size={batch_size}: expected at least 1")
    generator = _moved(as_cloud_generator(network, channels_last=torch.device(device).type != "cpu"), device)
    jobs = _jobs(Path(input), Path(output), format)
    names = {kind: check_bands(kind, bands, generator.bands) for kind in {kind for _, _, kind in jobs}}
    tags = {
        "NADIR_VERSION": version("nadir"),
        "NADIR_NETWORK": generator.source,
        "NADIR_SYNTHETIC": "1",
        "NADIR_ROUNDING": rounding,
    }
    painter = Painter(generator, window_size=window_size, overlap=overlap, precision=precision)
    size = batch_size or (1 if generator.device.type == "cpu" else _BATCH_ON_GPU)
    with ThreadPoolExecutor(1) as reading, ThreadPoolExecutor(1) as writing:
        written: list[Future[None]] = []
        for group in _shown(_batches(_read_ahead(jobs, reading, size), size), len(jobs), progress):
            images = painter([item.mask.cloud for item in group])
            for earlier in written:
                earlier.result()
            written = [
                writing.submit(
                    write_clouds, item.target, image, item.mask.known, kind=item.kind, rounding=rounding,
                    bands=names[item.kind], grid=item.grid, tags={**tags, "NADIR_MASK": item.source.name},
                )
                for item, image in zip(group, images, strict=True)
            ]  # fmt: skip
        for last in written:
            last.result()
    return {"masks": len(jobs), "bands": generator.bands, "seconds": time.perf_counter() - start}


class Painter:
    """A generator on masks in memory, of one size and any, on whatever device it is.

    Args:
        generator: the network.
        window_size, overlap, precision: see `clouds`.
    """

    def __init__(
        self,
        generator: CloudGenerator,
        *,
        window_size: int = 512,
        overlap: float = 0.25,
        precision: str = "float32",
    ) -> None:
        self.generator, self.window_size, self.overlap = generator, window_size, overlap
        self.precision = PRECISIONS[precision]

    def __call__(self, masks: Sequence[np.ndarray]) -> np.ndarray:
        """Clouds (B, C, H, W) float32 from 0 to 1 for masks (H, W) bool of one size."""
        stack = np.stack(masks)[:, None]
        if max(stack.shape[-2:]) <= self.window_size:
            return self._whole(stack, ())
        return np.stack([self._in_windows(mask) for mask in stack])

    def _whole(self, array: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
        device = self.generator.device
        context = torch.autocast(device.type, self.precision) if self.precision else nullcontext()
        with torch.inference_mode(), context:
            images = self.generator(torch.from_numpy(array).to(device))
        result: np.ndarray = images.float().cpu().numpy()
        return result

    def _in_windows(self, mask: np.ndarray) -> np.ndarray:
        sink = ArraySink((self.generator.bands, *mask.shape[1:]), "float32")
        blend(
            ArraySource(mask), self._whole, sink, window_size=self.window_size, overlap=self.overlap,
            border="inside", prefetch=False, dtype="float32",
        )  # fmt: skip
        return sink.array


@dataclass(frozen=True)
class _Job:
    """A mask that has been read, and where its clouds go."""

    source: Path
    target: Path
    kind: str
    mask: BinaryMask
    grid: Grid | None


def _check(**given: Any) -> None:
    for name, known in (
        ("format", (None, *FORMATS)),
        ("rounding", ROUNDINGS),
        ("precision", tuple(PRECISIONS)),
    ):
        if given[name] not in known:
            expected = ", ".join("null" if value is None else value for value in known)
            raise UserError(f"{name}={given[name]}: expected one of {expected}")


def _jobs(input: Path, output: Path, format: str | None) -> list[tuple[Path, Path, str]]:
    """Each mask, its image, and the format of that.

    Raises:
        UserError: no masks, an output that is the input, two masks for one image.
    """
    if input.is_dir():
        if output.is_file():
            raise UserError(f"output={output}: found a file, expected a folder for the clouds of {input}")
        masks = _masks_in(input)
        pairs = [(mask, _named(output / mask.name, format)) for mask in masks]
    elif output.is_dir():
        pairs = [(input, _named(output / input.name, format))]
    else:
        kind = format_of(output)
        if format not in (None, kind):
            raise UserError(f"output={output}: found the suffix of {kind}, expected that of format={format}")
        pairs = [(input, (output, kind))]
    counts = Counter(target for _, (target, _) in pairs)
    for mask, (target, _) in pairs:
        if counts[target] > 1:
            raise UserError(f"{input}: found two masks called {mask.stem}, expected different names")
        if mask.resolve() == target.resolve():
            raise UserError(f"input and output are the same file, {mask}; expected two")
    return [(mask, target, kind) for mask, (target, kind) in pairs]


def _masks_in(folder: Path) -> list[Path]:
    for place in (folder / MASKS, folder):
        found = sorted(
            path
            for path in (place.iterdir() if place.is_dir() else ())
            if path.suffix.lower() in MASK_SUFFIXES and path.is_file() and not path.name.startswith(".")
        )
        if found:
            return found
    raise UserError(f"input={folder}: found no masks, expected {', '.join(MASK_SUFFIXES)} files")


def _named(path: Path, format: str | None) -> tuple[Path, str]:
    kind = format or format_of(path)
    return (path if format is None else path.with_suffix(FORMATS[format])), kind


def _read(source: Path, target: Path, kind: str) -> _Job:
    mask = read_binary_mask(source)
    grid = None
    if kind == "geotiff":
        info = RasterFile(source).info
        grid = Grid(info.height, info.width, info.crs or "", info.transform)
    return _Job(source, target, kind, mask, grid)


def _read_ahead(
    jobs: Sequence[tuple[Path, Path, str]], pool: ThreadPoolExecutor, size: int
) -> Iterator[_Job]:
    """The masks in order, the next batch read while one is computed."""
    waiting: list[Future[_Job]] = []
    ahead = 2 * size
    for number in range(len(jobs) + ahead):
        if number < len(jobs):
            waiting.append(pool.submit(_read, *jobs[number]))
        if number >= ahead:
            yield waiting.pop(0).result()


def _batches(items: Iterable[_Job], size: int) -> Iterator[list[_Job]]:
    """Neighbours of one size together."""
    group: list[_Job] = []
    for item in items:
        if group and (len(group) == size or group[0].mask.cloud.shape != item.mask.cloud.shape):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _shown(groups: Iterable[list[_Job]], total: int, progress: bool) -> Iterator[list[_Job]]:
    """Go through the groups under a progress bar of masks on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not progress) as display:
        task = display.add_task("clouds", total=total)
        for group in groups:
            yield group
            display.advance(task, len(group))


def _moved(generator: CloudGenerator, device: str) -> CloudGenerator:
    try:
        return generator.to(device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"device={device}: {str(error).splitlines()[0]}, expected a device of this machine such as cpu"
        ) from error
