"""Training windows per second from GeoTIFFs, beside TorchGeo's sampler on the same files, and the memory of a worker.

    nice python benchmarks/segmentation_loading.py                            # 13 bands, 4 scenes of 2048 x 2048
    nice uv run --with torchgeo==0.8.1 python benchmarks/segmentation_loading.py       # with TorchGeo
    nice python benchmarks/segmentation_loading.py --scenes 500 --windows 400          # the memory of many scenes

Each reader runs in a process of its own on files that are in the page cache; windows come at random places with random
scenes, masks with them, as float32 arrays. One process reads, so windows are those of one core. TorchGeo is given no
augmentation and no validity, ours makes both. Many scenes are many names of four files.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: windows of one core

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
DISTINCT = 4  # files; further scenes are links to them
WARM = 20  # windows that are not counted


def main() -> None:
    """Read the command line, write the scenes, measure each reader in a fresh process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--side", type=int, default=2048, help="of a scene, pixels")
    parser.add_argument("--size", type=int, default=256, help="of a window, pixels")
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="readers take turns")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        print(json.dumps(measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        write_scenes(Path(temporary), arguments.scenes, arguments.side)
        print(
            f"{arguments.scenes} scenes of {arguments.side} x {arguments.side}, {len(BANDS)} bands, windows of {arguments.size}"
        )
        words = [sys.executable, "-W", "ignore", __file__, *sys.argv[1:], "--folder", temporary]
        for _ in range(arguments.rounds):
            for reader in READERS:
                done = subprocess.run(
                    [*words, "--reader", reader], stdout=subprocess.PIPE, text=True, check=False
                )
                if done.returncode:
                    print(f"{reader:22s} not measured (exit {done.returncode})")
                    continue
                found = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{reader:22s} {found['per_second']:6.1f} windows/s, {1e3 * found['cpu']:5.1f} CPU ms each; resident at most "
                    f"{found['peak_mb']:5.0f} MB, {found['own_mb']:5.0f} MB its own; load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )


def write_scenes(folder: Path, count: int, side: int) -> None:
    """Scenes side by side with masks, tiled and compressed as caches of scenes are; each place at another time."""
    generator = np.random.default_rng(0)
    profile = {
        "driver": "GTiff", "height": side, "width": side, "crs": CRS.from_epsg(32633), "tiled": True, "blockxsize": 256,
        "blockysize": 256, "compress": "deflate", "predictor": 2,
    }  # fmt: skip
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(count):
        stem = f"scene_{number:04d}_{20180101 + number % 28}"
        for name, bands, dtype in (("images", len(BANDS), "uint16"), ("masks", 1, "uint8")):
            path = folder / name / f"{stem}.tif"
            if number >= DISTINCT:
                os.link(sorted((folder / name).iterdir())[number % DISTINCT], path)
                continue
            place = Affine(10, 0, 300_000 + 10 * side * number, 0, -10, 5_000_000)
            with rasterio.open(path, "w", count=bands, dtype=dtype, transform=place, **profile) as file:
                for band in range(1, bands + 1):
                    if name == "masks":
                        file.write(generator.integers(0, 4, (side, side), np.uint8), band)
                        continue
                    smooth = np.cumsum(generator.integers(-20, 21, (side, side)), 1) + 3000
                    file.write(np.clip(smooth, 1, 20_000).astype(np.uint16), band)
                if name == "images":
                    file.descriptions = BANDS


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Windows per second of one reader in this process, and its memory."""
    windows = READERS[arguments.reader](arguments)
    for _ in range(WARM):
        found = next(windows)
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(arguments.windows):
        found = next(windows)
    wall, cpu = time.perf_counter() - start, time.process_time() - busy
    own = found.get("memory") if isinstance(found, dict) else None
    return {"per_second": arguments.windows / wall, "cpu": cpu / arguments.windows, **(own or memory())}


def memory() -> dict[str, float]:
    """Peak resident memory of this process, and what of its memory is now its own, MB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    private = sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    return {"peak_mb": int(status["VmHWM"].split()[0]) / 1024, "own_mb": private / 1024}


def training_set(arguments: argparse.Namespace, **options: Any) -> Any:
    """The training windows of `data=sentinel2_segmentation`."""
    from datamodules.segmentation import Segmentation
    from products.class_table import ClassTable
    from products.scene_reader import SceneReader

    classes = {name: {"values": [value], "colour": [0, 0, value]} for value, name in enumerate("abcd")}
    data = Segmentation(
        scenes=SceneReader(),
        classes=ClassTable(name="four", classes=classes),
        images=str(arguments.folder / "images"),
        masks=str(arguments.folder / "masks"),
        patch_size=arguments.size,
        val_fraction=0,
        test_fraction=0,
        **options,
    )
    data.setup()
    return data.train_set


def items(size: int) -> Iterator[tuple[int, int]]:
    """Windows in a random order, without end."""
    order = np.random.default_rng(0)
    return ((int(order.integers(size)), draw) for draw in range(10**9))


def ours(arguments: argparse.Namespace, **options: Any) -> Iterator[Any]:
    """Our windows, in this process."""
    windows = training_set(arguments, **options)
    return (windows[item] for item in items(len(windows)))


def worker(arguments: argparse.Namespace) -> Iterator[Any]:
    """Our windows, read by one loader process; its memory comes along."""
    from torch.utils.data import DataLoader, Dataset

    windows = training_set(arguments)

    class Watched(Dataset):
        """A window, and the memory of who has read it."""

        def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
            return {**windows[item], "memory": memory()}

    count = arguments.windows + WARM
    first = [item for item, _ in zip(items(len(windows)), range(count), strict=False)]
    return iter(DataLoader(Watched(), batch_size=None, sampler=first, num_workers=1))


def rare(arguments: argparse.Namespace) -> Iterator[Any]:
    """The same, every class as often."""
    return ours(arguments, sampling="rare_classes", cache=str(arguments.folder / "cache"))


def torchgeo(arguments: argparse.Namespace) -> Iterator[Any]:
    """TorchGeo: two raster datasets and their intersection, sampled at random."""
    import torch
    from torchgeo.datasets import RasterDataset
    from torchgeo.samplers import RandomGeoSampler, Units

    class Images(RasterDataset):
        """All bands."""

        filename_glob = "*.tif"

    class Masks(RasterDataset):
        """Class numbers."""

        filename_glob = "*.tif"
        is_image = False

    torch.manual_seed(0)
    both = Images(str(arguments.folder / "images")) & Masks(str(arguments.folder / "masks"))
    sampler = RandomGeoSampler(both, size=arguments.size, length=10**6, units=Units.PIXELS)
    return (both[query] for query in sampler)


READERS = {"ours": ours, "ours, rare classes": rare, "ours, in a worker": worker, "torchgeo": torchgeo}

if __name__ == "__main__":
    main()
