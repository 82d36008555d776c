"""What sharpening a scene costs, against the bare forward pass of torch in the same precision.

    nice python benchmarks/super_resolve_speed.py                            # 996 x 996, 20 m bands of Sentinel-2
    nice python benchmarks/super_resolve_speed.py --size 480 --rounds 1      # a quick look
    nice python benchmarks/super_resolve_speed.py --weights FILE.safetensors # bfloat16's error with trained weights

Each measurement runs in a fresh process, in turns, and the smallest of `--rounds` counts: machines are shared. The
bare side is given its input as tensors; ours reads the product, fills, interpolates, rounds, compresses and writes. A
product of `--size` is read whole; `--around` puts it into a larger one, whose pixels the networks then see as context.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import hydra
import numpy as np
import rasterio
import torch
from omegaconf import OmegaConf
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter

from inference.super_resolution import super_resolve
from networks.dsen2 import build_super_resolution_network
from networks.super_resolver import SuperResolver
from networks.trained_weights import load_super_resolver
from products.grid import Grid
from products.raster_folder_writing import write_raster_folder
from products.sensor import Sensor

CATALOGUE = Path(__file__).resolve().parents[1] / "conf" / "sensor"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    """Read the command line, run the parts in turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sensor", default="sentinel2")
    parser.add_argument("--target", type=int, default=20, help="metres")
    parser.add_argument(
        "--size", type=int, default=996, help="side of the scene in pixels of the finest grid"
    )
    parser.add_argument("--around", type=int, default=0, help="pixels of the product around the scene")
    parser.add_argument("--network", default="dsen2")
    parser.add_argument("--weights", type=Path, help="trained ones, for the difference of bfloat16")
    parser.add_argument("--product", type=Path, help="a real one instead of the generated one")
    parser.add_argument("--tile-sizes", type=int, nargs="+", default=[1024, 512, 256])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-prefetch", action="store_true")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="float32", choices=PRECISIONS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.part:
        action = bare if arguments.part == "bare" else ours
        print(json.dumps(action(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = Path(folder)
        if arguments.product is None:
            arguments.product = write_product(arguments)
        parts = ["bare", *map(str, arguments.tile_sizes)]
        figures: dict[tuple[str, str], dict[str, float]] = {}
        for _ in range(arguments.rounds):
            for precision in PRECISIONS:
                for part in parts:
                    again = run_part(part, precision, arguments)
                    best = figures.get((precision, part), again)
                    figures[precision, part] = {key: min(value, best[key]) for key, value in again.items()}
        report(arguments, parts, figures)


def run_part(part: str, precision: str, arguments: argparse.Namespace) -> dict[str, float]:
    """One measurement in a fresh process."""
    words = [sys.executable, "-W", "ignore", __file__, "--part", part, "--precision", precision]
    for name in (
        "sensor",
        "target",
        "size",
        "around",
        "network",
        "weights",
        "product",
        "threads",
        "device",
        "folder",
    ):
        value = getattr(arguments, name)
        words += [f"--{name}", str(value)] if value is not None else []
    words += ["--no-prefetch"] if arguments.no_prefetch else []
    # Threads that wait must not count as threads that compute.
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    print(f"{precision} {part}: {figures}", file=sys.stderr)
    return figures


def sensor_of(arguments: argparse.Namespace) -> Sensor:
    """The sensor of the catalogue."""
    sensor: Sensor = hydra.utils.instantiate(OmegaConf.load(CATALOGUE / f"{arguments.sensor}.yaml"))
    return sensor


def write_product(arguments: argparse.Namespace) -> Path:
    """A generated product: relief of several scales, fields, sensor noise; the same ground in all bands."""
    sensor = sensor_of(arguments)
    side = arguments.size + 2 * arguments.around
    generator = np.random.default_rng(0)
    ground = sum(
        gaussian_filter(generator.normal(size=(side, side)), scale, mode="wrap") * scale
        for scale in (2, 8, 30)
    )
    pixels, grids = {}, {}
    for distance in sensor.inputs_of(arguments.target):
        factor = sensor.factor(distance)
        sides = side // factor
        coarse = ground[: sides * factor, : sides * factor].reshape(sides, factor, sides, factor).mean((1, 3))
        gains = generator.uniform(100, 500, len(sensor.group(distance)))[:, None, None]
        noise = generator.normal(0, 15, (len(gains), sides, sides))
        pixels[distance] = np.clip(1800 + gains * coarse + noise, 1, 10000).astype(sensor.dtype)
        place = tuple(Affine(distance, 0, 600000, 0, -distance, 5000000))[:6]
        grids[distance] = Grid(sides, sides, rasterio.crs.CRS.from_epsg(32633).to_wkt(), place)
    return write_raster_folder(arguments.folder / "scene", sensor, pixels, grids, synthetic=True)


def resolver_of(arguments: argparse.Namespace) -> SuperResolver:
    """The trained network, or one with random weights: it takes as long."""
    sensor = sensor_of(arguments)
    bands = {m: [band.name for band in sensor.group(m)] for m in sensor.ground_sample_distances_m}
    if arguments.weights is not None:
        return load_super_resolver(
            arguments.weights, sensor=sensor.name, bands=bands, target_m=arguments.target
        )
    torch.manual_seed(0)
    groups = sensor.inputs_of(arguments.target)
    network = build_super_resolution_network(arguments.network, [len(names) for names in groups.values()])
    return SuperResolver(network.eval(), sensor=sensor.name, bands=groups, scale=2000.0)


def bare(arguments: argparse.Namespace) -> dict[str, float]:
    """The network on tensors of the size of the scene, and nothing else."""
    network = resolver_of(arguments).network.to(arguments.device)
    sensor, size = sensor_of(arguments), arguments.size
    groups = [
        torch.rand(1, len(names), size, size, device=arguments.device).contiguous(
            memory_format=torch.channels_last
        )
        for names in sensor.inputs_of(arguments.target).values()
    ]
    dtype = PRECISIONS[arguments.precision]

    def forward() -> None:
        with (
            torch.inference_mode(),
            torch.autocast(arguments.device, dtype, enabled=dtype is not torch.float32),
        ):
            network(groups).sum().item()

    return measured(forward)


def ours(arguments: argparse.Namespace) -> dict[str, float]:
    """From product to GeoTIFF."""
    resolver, sensor = resolver_of(arguments), sensor_of(arguments)
    first, last = arguments.around, arguments.around + arguments.size - 1
    output = arguments.folder / f"{arguments.precision}_{arguments.part}.tif"
    options = {"tile_size": int(arguments.part), "precision": arguments.precision, "progress": False}

    def whole() -> None:
        super_resolve(
            resolver, None, arguments.product, output, sensor=sensor, region={"pixels": [first, first, last, last]},
            device=arguments.device, prefetch=not arguments.no_prefetch, **options,
        )  # fmt: skip

    return measured(whole)


def measured(action: Callable[[], None]) -> dict[str, float]:
    """Wall and CPU seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}


def report(
    arguments: argparse.Namespace, parts: list[str], figures: dict[tuple[str, str], dict[str, float]]
) -> None:
    """Print what was measured."""
    print(
        f"{arguments.size} x {arguments.size}, {arguments.around} pixels around, {arguments.target} m of {arguments.sensor}, "
        f"{arguments.network}, {arguments.device}, threads {arguments.threads}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':28}{'wall s':>10}{'cpu s':>10}{'x bare':>10}")
    for precision in PRECISIONS:
        for part in parts:
            row, base = figures[precision, part], figures[precision, "bare"]
            name = "bare forward" if part == "bare" else f"ours, tiles of {part}"
            ratio = row["cpu"] / base["cpu"]
            print(f"{precision + ' ' + name:28}{row['wall']:10.2f}{row['cpu']:10.2f}{ratio:10.3f}")
    last = parts[-1]
    exact, rough = (read(arguments.folder / f"{precision}_{last}.tif") for precision in PRECISIONS)
    again = read(arguments.folder / f"float32_{parts[1]}.tif")
    print(
        f"float32, tiles of {last} against {parts[1]}: at most {np.abs(exact - again).max():.0f} digital numbers apart"
    )
    difference = (rough - exact)[sharpened(arguments)]
    print(
        f"bfloat16 against float32, {'trained' if arguments.weights else 'random'} weights: root mean square "
        f"{np.sqrt((difference**2).mean()):.2f}, mean {difference.mean():+.2f}, at most {np.abs(difference).max():.0f} "
        f"digital numbers; the bands' own spread is {exact[sharpened(arguments)].std():.0f}"
    )


def sharpened(arguments: argparse.Namespace) -> slice:
    """The sharpened bands of the output."""
    return slice(-len(sensor_of(arguments).group(arguments.target)), None)


def read(path: Path) -> np.ndarray:
    """All pixels of a raster, float64."""
    with rasterio.open(path) as file:
        pixels: np.ndarray = file.read().astype(np.float64)
        return pixels


if __name__ == "__main__":
    main()
