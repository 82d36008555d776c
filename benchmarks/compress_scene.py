"""What a whole scene costs: peak memory, and time against the bare sum of CompressAI's `compress()` over its tiles.

    nice python benchmarks/compress_scene.py                     # 5000 x 5000, 4 bands of uint16
    nice python benchmarks/compress_scene.py --size 1000         # a quick look
    nice python benchmarks/compress_scene.py --file scene.tif    # a real raster

Each measurement runs in a fresh process. The network is trained for a moment first, since an untrained
entropy model makes streams of many times the size. Both sides do the analysis of the same windows, halo
included; ours also reads the file, codes only each tile's core, and writes checksums and the container.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from scipy.ndimage import gaussian_filter

from inference.codec import compress, decompress
from inference.sources import PaddedSource, RasterSource
from inference.windows import TileGrid
from networks.codec_stages import CodecStages
from networks.compression import build_codec, coder_state, load_coder_state
from products.specification import ImageSpecification
from products.window import Window


def main() -> None:
    """Read the command line, run the parts, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=5000, help="side of the synthetic scene in pixels")
    parser.add_argument("--file", type=Path, help="a raster to use instead")
    parser.add_argument("--network", default="bmshj2018-factorized")
    parser.add_argument("--quality", type=int, default=3)
    parser.add_argument("--tile-size", type=int, default=512, help="pixels")
    parser.add_argument("--steps", type=int, default=60, help="training steps before measuring")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--rounds", type=int, default=1, help="take turns this often, keep the fastest (loaded machines)"
    )
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.part:
        print(json.dumps(PARTS[arguments.part](arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = Path(folder)
        if arguments.file is None:
            arguments.file = write_scene(arguments.folder / "scene.tif", arguments.size)
        figures = {"train": run_part("train", arguments)}
        for part in ["compress", "tiles"] * arguments.rounds + ["decompress"]:
            again = run_part(part, arguments)
            if part not in figures or again["wall"] < figures[part]["wall"]:
                figures[part] = again
        report(arguments, figures)


def run_part(part: str, arguments: argparse.Namespace) -> dict[str, float]:
    """One measurement in a fresh process."""
    words = [sys.executable, "-W", "ignore", __file__, "--part", part]
    for name in ("file", "folder", "network", "quality", "tile_size", "steps", "threads"):
        words += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    # Other libraries' thread pools follow the same number.
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads)}
    print(f"{part} ...", file=sys.stderr)
    result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(result.stdout.splitlines()[-1])


def write_scene(path: Path, size: int) -> Path:
    """A 4-band uint16 GeoTIFF: relief of several scales, fields, sensor noise."""
    generator = np.random.default_rng(0)
    profile = {"driver": "GTiff", "count": 4, "height": size, "width": size, "dtype": "uint16", "tiled": True}
    with rasterio.open(path, "w", **profile, blockxsize=512, blockysize=512, crs="EPSG:32633") as dataset:
        for tile in TileGrid(size, size, 512):
            shape = 4, tile.height, tile.width
            common = sum(
                gaussian_filter(generator.normal(size=shape[1:]), scale, mode="wrap") * scale
                for scale in (1.5, 6, 30)
            )
            fields = (
                generator.uniform(-1, 1, (4, 8, 8)).repeat(64, 1).repeat(64, 2)[:, : shape[1], : shape[2]]
            )
            pixels = 1800 + 250 * common + 300 * fields + generator.normal(0, 20, shape)
            area = rasterio.windows.Window(tile.column, tile.row, tile.width, tile.height)
            dataset.write(np.clip(pixels, 1, 10000).astype(np.uint16), window=area)
    return path


def specification_of(path: Path) -> ImageSpecification:
    """Bands and type of the file; the range is that of reflectance x 10000 for 16 bits."""
    with rasterio.open(path) as dataset:
        dtype = dataset.dtypes[0]
        high = {"uint8": 255.0, "uint16": 10000.0}.get(dtype, 1.0)
        return ImageSpecification(tuple(f"band_{i}" for i in dataset.indexes), dtype, (0.0, high))


def train(arguments: argparse.Namespace) -> dict[str, float]:
    """Train for some steps on crops of the scene, and save weights and coder tables."""
    torch.manual_seed(0)
    specification = specification_of(arguments.file)
    network = build_codec(arguments.network, arguments.quality, specification.num_bands)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    generator = np.random.default_rng(0)
    bits = float("nan")
    with RasterSource(arguments.file) as source:
        _, height, width = source.shape
        for _ in range(arguments.steps):
            corners = zip(
                generator.integers(0, height - 128, 4), generator.integers(0, width - 128, 4), strict=True
            )
            crops = [source.read(Window(int(row), int(column), 128, 128)) for row, column in corners]
            image = torch.from_numpy(specification.normalise(np.stack(crops)))
            output = network(image)
            count = image.numel() / specification.num_bands
            rate = sum(-values.log2().sum() for values in output["likelihoods"].values()) / count
            loss = rate + 0.01 * 255**2 * (output["x_hat"] - image).square().mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            bits = float(rate)
    torch.save(
        {"weights": network.state_dict(), "tables": coder_state(network)}, arguments.folder / "network.pt"
    )
    return {"bits_per_pixel": bits}


def load(arguments: argparse.Namespace) -> tuple[torch.nn.Module, ImageSpecification]:
    """The trained network, and what its pixels mean."""
    specification = specification_of(arguments.file)
    network = build_codec(arguments.network, arguments.quality, specification.num_bands).eval()
    saved = torch.load(arguments.folder / "network.pt", weights_only=True)
    network.load_state_dict(saved["weights"])
    load_coder_state(network, saved["tables"])
    return network, specification


def measured(action, *arguments, **options) -> dict[str, float]:
    """Wall and CPU seconds of a call, and the peak resident memory of this process so far in megabytes."""
    wall, processor = time.perf_counter(), time.process_time()
    result = action(*arguments, **options)
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**(result or {}), **figures, "peak_megabytes": peak}


def compress_scene(arguments: argparse.Namespace) -> dict[str, float]:
    """Ours."""
    network, specification = load(arguments)
    coded = arguments.folder / "scene.nadir"
    options = {"tile_size": arguments.tile_size, "progress": False}
    return measured(compress, network, specification, arguments.file, coded, **options)


def compress_tiles(arguments: argparse.Namespace) -> dict[str, float]:
    """CompressAI's `compress()` on the same windows; reading and normalising are not counted."""
    network, specification = load(arguments)
    halo = CodecStages(network).analysis_halo
    seconds = processor = 0.0
    size = 0
    with RasterSource(arguments.file) as raster, torch.inference_mode():
        # Whole windows for CompressAI: the scene is continued to its multiple.
        source = PaddedSource(raster, int(network.downsampling_factor))
        _, height, width = source.shape
        multiple = int(network.downsampling_factor)
        for tile in TileGrid(height, width, arguments.tile_size):
            margin = -(-halo // multiple) * multiple
            window = tile.expand(margin).clip(height, width)
            image = torch.from_numpy(specification.normalise(source.read(window)))[None]
            wall, cpu = time.perf_counter(), time.process_time()
            strings = network.compress(image)["strings"]
            seconds, processor = seconds + time.perf_counter() - wall, processor + time.process_time() - cpu
            size += sum(len(string[0]) for string in strings)
    return {"wall": seconds, "cpu": processor, "bytes": size}


def decompress_scene(arguments: argparse.Namespace) -> dict[str, float]:
    """Ours, back again."""
    network, specification = load(arguments)
    coded, restored = arguments.folder / "scene.nadir", arguments.folder / "restored.tif"
    figures = measured(decompress, network, specification, coded, restored, progress=False)
    with rasterio.open(arguments.file) as before, rasterio.open(restored) as after:
        squares = count = 0.0
        for tile in TileGrid(before.height, before.width, 2048):
            area = rasterio.windows.Window(tile.column, tile.row, tile.width, tile.height)
            error = before.read(window=area).astype(np.float64) - after.read(window=area)
            squares, count = squares + float((error**2).sum()), count + error.size
    return {**figures, "rmse": (squares / count) ** 0.5}


PARTS = {
    "train": train,
    "compress": compress_scene,
    "tiles": compress_tiles,
    "decompress": decompress_scene,
}


def report(arguments: argparse.Namespace, figures: dict[str, dict[str, float]]) -> None:
    """Print what was measured."""
    ours, bare, back = figures["compress"], figures["tiles"], figures["decompress"]
    with rasterio.open(arguments.file) as dataset:
        kind = f"{dataset.count} bands of {dataset.dtypes[0]}, {dataset.width} x {dataset.height}"
    print(f"{arguments.network} quality {arguments.quality}, {kind}, tiles of {arguments.tile_size}")
    print(
        f"threads {arguments.threads}, trained {arguments.steps} steps, load of the machine {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':24}{'wall s':>10}{'cpu s':>10}{'peak MB':>10}{'bytes':>12}")
    print(
        f"{'compress (ours)':24}{ours['wall']:10.1f}{ours['cpu']:10.1f}{ours['peak_megabytes']:10.0f}{ours['bytes']:12.0f}"
    )
    print(f"{'sum of compress()':24}{bare['wall']:10.1f}{bare['cpu']:10.1f}{'':10}{bare['bytes']:12.0f}")
    print(f"{'decompress (ours)':24}{back['wall']:10.1f}{back['cpu']:10.1f}{back['peak_megabytes']:10.0f}")
    print(f"ratio wall {ours['wall'] / bare['wall']:.3f} (at most 1.2), cpu {ours['cpu'] / bare['cpu']:.3f}")
    print(
        f"bits per pixel {ours['bits_per_pixel']:.3f}, root mean square error {back['rmse']:.1f} digital numbers"
    )


if __name__ == "__main__":
    main()
