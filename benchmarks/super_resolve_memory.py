"""Peak resident memory of sharpening a full Sentinel-2 tile, and where its time goes, with a thin network.

    nice python benchmarks/super_resolve_memory.py                  # 10980 x 10980, four and six bands: a few minutes
    nice python benchmarks/super_resolve_memory.py --size 2196      # a quick look
    nice python benchmarks/super_resolve_memory.py --targets 20 60 --driver COG

The product is generated in strips and has holes; it is not read by the process that is measured before. Memory of a
network grows with its features: `--features 128` is DSen2 itself (hours of CPU for a whole tile; the peak shows after
the first tiles, so give `--rows`).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import rasterio
import torch
from omegaconf import OmegaConf
from scipy.ndimage import gaussian_filter

from inference.sinks import RasterSink
from inference.stacked_groups import StackedGroups
from inference.super_resolution import super_resolve
from networks.dsen2 import DSen2
from networks.super_resolver import SuperResolver
from products.product_card import CARD, ProductCard
from products.sensor import Sensor

CATALOGUE = Path(__file__).resolve().parents[1] / "conf" / "sensor"
PATTERN = 1024  # pixels of the finest grid that the scene repeats


def main() -> None:
    """Read the command line, generate the product, measure in a fresh process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sensor", default="sentinel2")
    parser.add_argument("--size", type=int, default=10980, help="side in pixels of the finest grid")
    parser.add_argument("--rows", type=int, help="only so many rows of them")
    parser.add_argument("--targets", type=int, nargs="+", default=[20], help="metres")
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--driver", default="GTiff")
    parser.add_argument("--tile-size", type=int, default=512)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-prefetch", action="store_true")
    parser.add_argument("--product", type=Path, help="one that is there")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.folder:
        print(json.dumps(measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.product is None:
            arguments.product = write_product(Path(folder) / "scene", arguments)
        words = [sys.executable, "-W", "ignore", __file__, *sys.argv[1:], "--folder", folder]
        words += ["--product", str(arguments.product)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "PASSIVE"}
        result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        figures = json.loads(result.stdout.splitlines()[-1])
    print(f"{figures['bands']} bands of {figures['columns']} x {figures['rows']} in tiles of {arguments.tile_size}, "
          f"{arguments.features} features, {arguments.precision}, {arguments.driver}")  # fmt: skip
    print(f"threads {arguments.threads}, load of the machine {os.getloadavg()[0]:.1f}")
    print(
        f"peak resident memory {figures['peak_gigabytes']:.2f} GB ({figures['before_gigabytes']:.2f} before)"
    )
    print(f"wall {figures['wall']:.0f} s, cpu {figures['cpu']:.0f} s; of the CPU, reading {figures['reading']:.0f} s, "
          f"network {figures['network']:.0f} s, writing {figures['writing']:.0f} s; file {figures['megabytes']:.0f} MB")  # fmt: skip


def sensor_of(arguments: argparse.Namespace) -> Sensor:
    """The sensor of the catalogue."""
    sensor: Sensor = hydra.utils.instantiate(OmegaConf.load(CATALOGUE / f"{arguments.sensor}.yaml"))
    return sensor


def write_product(folder: Path, arguments: argparse.Namespace) -> Path:
    """A folder of tiled GeoTIFFs, one for each band, written in strips; a strip of the scene has no data."""
    sensor = sensor_of(arguments)
    generator = np.random.default_rng(0)
    ground = sum(gaussian_filter(generator.normal(size=(PATTERN, PATTERN)), scale, mode="wrap") * scale
                 for scale in (2, 8, 30))  # fmt: skip
    folder.mkdir()
    places = {}
    for distance in sensor.inputs_of(max(arguments.targets)):
        side = arguments.size * sensor.ground_sample_distances_m[0] // distance
        for band in sensor.group(distance):
            places[band.name] = f"{band.name}.tif"
            profile = {"driver": "GTiff", "count": 1, "height": side, "width": side, "dtype": sensor.dtype, "tiled": True,
                       "blockxsize": 512, "blockysize": 512, "compress": "deflate", "zlevel": 1, "crs": "EPSG:32633",
                       "transform": rasterio.Affine(distance, 0, 600000, 0, -distance, 5000000)}  # fmt: skip
            noise = generator.normal(0, 15, (512, PATTERN))
            with rasterio.open(folder / places[band.name], "w", **profile) as file:
                for row in range(0, side, 512):
                    rows = (np.arange(row, min(row + 512, side)) * distance // 10) % PATTERN
                    columns = (np.arange(side) * distance // 10) % PATTERN
                    strip = 1800 + 200 * ground[rows][:, columns] + np.resize(noise, (512, side))[: len(rows)]
                    strip = np.clip(strip, 1, 10000).astype(sensor.dtype)
                    strip[:, side - side // 8 :] = sensor.nodata
                    area = rasterio.windows.Window(0, row, side, len(rows))
                    file.write(strip[None], window=area)
    card = ProductCard(sensor=sensor.name, synthetic=True, bands=places)
    (folder / CARD).write_text(card.text(), encoding="utf-8")
    return folder


def timed(owner: type, name: str, seconds: dict[str, float], key: str, clock: Callable[[], float]) -> None:
    """Let a method count its seconds."""
    method = getattr(owner, name)

    @wraps(method)
    def counting(*arguments: Any, **options: Any) -> Any:
        start = clock()
        try:
            return method(*arguments, **options)
        finally:
            seconds[key] += clock() - start

    setattr(owner, name, counting)


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Sharpen, and count seconds by thread: reading runs in a thread of its own."""
    sensor = sensor_of(arguments)
    torch.manual_seed(0)
    networks = []
    for target in arguments.targets:
        groups = sensor.inputs_of(target)
        channels = [len(names) for names in groups.values()]
        network = DSen2(channels, features=arguments.features, blocks=arguments.blocks).eval()
        networks.append(SuperResolver(network, sensor=sensor.name, bands=groups, scale=2000.0))
    seconds = dict.fromkeys(("reading", "network", "writing"), 0.0)
    timed(StackedGroups, "read", seconds, "reading", time.thread_time)
    # Torch computes in threads of its own.
    timed(
        SuperResolver,
        "forward",
        seconds,
        "network",
        time.thread_time if arguments.threads == 1 else time.perf_counter,
    )
    timed(RasterSink, "write", seconds, "writing", time.thread_time)
    timed(RasterSink, "__exit__", seconds, "writing", time.thread_time)
    rows = {"pixels": [0, 0, arguments.size - 1, arguments.rows - 1]} if arguments.rows else None
    output = arguments.folder / f"out.{'npz' if arguments.driver == 'npz' else 'tif'}"
    before, wall, processor = peak_gigabytes(), time.perf_counter(), time.process_time()
    figures = super_resolve(
        networks, None, arguments.product, output, sensor=sensor, region=rows, driver=arguments.driver,
        tile_size=arguments.tile_size, precision=arguments.precision, prefetch=not arguments.no_prefetch, progress=False,
    )  # fmt: skip
    return {
        **figures,
        **seconds,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - processor,
        "before_gigabytes": before,
        "peak_gigabytes": peak_gigabytes(),
        "megabytes": output.stat().st_size / 1e6,
    }


def peak_gigabytes() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
