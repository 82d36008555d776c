"""What segmenting a whole scene costs, against the bare forward passes of the windows that it needs.

    nice python benchmarks/segment_speed.py                           # 1024 x 1024, one orientation and all eight
    nice python benchmarks/segment_speed.py --size 512 --rounds 1     # a quick look

Each measurement runs in a fresh process, in turns, and the smallest of `--rounds` counts: machines are shared. The bare
side is a U-Net of segmentation-models-pytorch that gets the same tensor again and again, in the faster of torch's two
memory layouts; ours reads thirteen bands from a GeoTIFF and two layers from others by georeference, normalises, blends,
and writes a map of classes with overviews. Where others keep the machine busy, wall seconds of two runs say little; the
last line divides the wall seconds of one run by those that its own forward passes took in it.
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
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import rasterio
import segmentation_models_pytorch as smp
import torch
from omegaconf import OmegaConf
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter

from inference.blend_grid import BlendGrid
from inference.segmentation import segment
from networks.band_normalisation import build_band_normalisation
from networks.segmenter import Segmenter
from products.scene_reader import SceneReader

CATALOGUE = Path(__file__).resolve().parents[1] / "conf"
SPECTRAL = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
LAYERS = ("altitude", "treecover")
BANDS = (*SPECTRAL, *LAYERS)
PATTERN = 1024  # pixels that a large scene repeats
STRIP = 512  # rows that are written at a time


def main() -> None:
    """Read the command line, run the parts in turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1024, help="side of the scene, pixels")
    parser.add_argument("--encoder", default="resnet18")
    parser.add_argument("--orientations", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--border", default="reflect")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=("bare", "ours"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.part:
        print(json.dumps({"bare": bare, "ours": ours}[arguments.part](arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_scene(Path(folder), arguments.size, arguments.size)
        for orientations in arguments.orientations:
            best: dict[str, dict[str, float]] = {}
            for _ in range(arguments.rounds):
                for part in ("bare", "ours"):
                    again = run_part(part, orientations, Path(folder), arguments)
                    before = best.get(part, again)
                    best[part] = {key: min(value, before[key]) for key, value in again.items()}
            report(orientations, best, arguments)


def write_scene(folder: Path, height: int, width: int) -> None:
    """`scene.tif` of thirteen bands on a grid of 10 m, and layers of 30 m that cover it."""
    generator = np.random.default_rng(0)
    ground = sum(gaussian_filter(generator.normal(size=(PATTERN, PATTERN)), scale, mode="wrap") * scale
                 for scale in (2, 8, 30))  # fmt: skip
    noise = generator.normal(0, 15, (STRIP, PATTERN))
    columns = np.arange(width) % PATTERN
    layout = {"driver": "GTiff", "crs": "EPSG:32633", "tiled": True, "blockxsize": 512, "blockysize": 512,
              "compress": "deflate", "zlevel": 1, "BIGTIFF": "IF_SAFER"}  # fmt: skip
    with rasterio.open(
        folder / "scene.tif", "w", count=len(SPECTRAL), height=height, width=width, dtype="uint16", nodata=0,
        interleave="band", predictor=2, transform=Affine(10, 0, 600_000, 0, -10, 5_000_000), **layout,
    ) as file:  # fmt: skip
        file.descriptions = SPECTRAL
        for row in range(0, height, STRIP):
            rows = np.arange(row, min(row + STRIP, height)) % PATTERN
            strip = ground[rows][:, columns]
            area = rasterio.windows.Window(0, row, width, len(rows))
            for number in range(len(SPECTRAL)):
                pixels = 1500 + 100 * number + 200 * strip + noise[: len(rows), columns]
                file.write(pixels.clip(1, 10_000).astype(np.uint16), number + 1, window=area)
    for name, top in zip(LAYERS, (3000, 100), strict=True):
        shape = height // 3 + 20, width // 3 + 20
        pixels = np.linspace(0, top, shape[0] * shape[1]).reshape(shape).astype(np.int16)
        place = Affine(30, 0, 600_000 - 300, 0, -30, 5_000_000 + 300)
        with rasterio.open(
            folder / f"{name}.tif", "w", count=1, height=shape[0], width=shape[1], dtype="int16", transform=place, **layout
        ) as file:  # fmt: skip
            file.write(pixels, 1)


def scenes_in(folder: Path) -> SceneReader:
    """What opens the scene with its layers."""
    return SceneReader(
        auxiliary={name: folder / f"{name}.tif" for name in LAYERS}, auxiliary_layers=auxiliary_layers()
    )


def auxiliary_layers() -> Any:
    """What the catalogue knows of layers."""
    return OmegaConf.to_container(OmegaConf.load(CATALOGUE / "auxiliary_layers" / "default.yaml"))


def classes() -> Any:
    """Cloud, ground, snow, water."""
    return hydra.utils.instantiate(OmegaConf.load(CATALOGUE / "classes" / "clouds.yaml"))


def segmenter_of(network: torch.nn.Module, multiple: int) -> Segmenter:
    """A network with the published linear scale."""
    normalisation = build_band_normalisation("linear", BANDS, auxiliary_layers())
    return Segmenter(
        network, bands=BANDS, classes=classes().names, normalisation=normalisation, multiple=multiple
    )


def run_part(part: str, orientations: int, folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """One measurement in a fresh process."""
    words = [sys.executable, "-W", "ignore", __file__, "--part", part, "--orientations", str(orientations)]
    words += ["--folder", str(folder)]
    for name in ("size", "encoder", "threads", "batch_size", "border", "device"):
        words += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    # Threads that wait must not count as threads that compute.
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    print(f"{orientations} {part}: {figures}", file=sys.stderr)
    return figures


def unet(arguments: argparse.Namespace) -> torch.nn.Module:
    """The network with random weights."""
    torch.manual_seed(0)
    network = smp.Unet(arguments.encoder, encoder_weights=None, in_channels=len(BANDS), classes=4)
    return network.eval().to(arguments.device)


def bare(arguments: argparse.Namespace) -> dict[str, float]:
    """The forward passes of the windows, and nothing else."""
    network = unet(arguments).to(memory_format=torch.channels_last)
    image = torch.rand(1, len(BANDS), 512, 512, device=arguments.device)
    image = image.contiguous(memory_format=torch.channels_last)
    windows = len(BlendGrid.over((arguments.size, arguments.size), 512, 0.5, arguments.border))

    def forwards() -> None:
        with torch.inference_mode():
            for _ in range(windows * arguments.orientations[0]):
                network(image)[0, 0, 0, 0].item()

    return measured(forwards)


def ours(arguments: argparse.Namespace) -> dict[str, float]:
    """From GeoTIFFs to a map of classes."""
    network, folder, seconds = unet(arguments), arguments.folder, [0.0]
    segmenter, scenes, table = segmenter_of(network, 32), scenes_in(folder), classes()
    forward = network.forward

    def counting(image: torch.Tensor) -> torch.Tensor:
        start = time.perf_counter()
        logits = forward(image)
        seconds[0] += time.perf_counter() - start
        return logits

    if arguments.device == "cpu":
        network.forward = counting

    def whole() -> None:
        segment(
            segmenter, None, folder / "scene.tif", folder / "classes.tif", scenes=scenes, classes=table,
            orientations=arguments.orientations[0], batch_size=arguments.batch_size, border=arguments.border,
            device=arguments.device, progress=False,
        )  # fmt: skip

    figures = measured(whole)
    # In one process, at one time: what others do to the machine strikes both.
    return {**figures, "over network": figures["wall"] / seconds[0] if seconds[0] else float("nan")}


def measured(action: Callable[[], None]) -> dict[str, float]:
    """Wall and CPU seconds of a call, and the peak resident memory of the process."""
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - processor,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def report(orientations: int, best: dict[str, dict[str, float]], arguments: argparse.Namespace) -> None:
    """Print what was measured."""
    windows = len(BlendGrid.over((arguments.size, arguments.size), 512, 0.5, arguments.border))
    print(
        f"{arguments.size} x {arguments.size}, {len(BANDS)} bands, U-Net {arguments.encoder}, {arguments.device}, "
        f"{windows} windows of 512 in {orientations} orientations, threads {arguments.threads}, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':16}{'wall s':>10}{'cpu s':>10}{'x wall':>10}{'x cpu':>10}{'peak GB':>10}")
    for part, name in (("bare", "bare forwards"), ("ours", "ours")):
        row, base = best[part], best["bare"]
        print(f"{name:16}{row['wall']:10.2f}{row['cpu']:10.2f}{row['wall'] / base['wall']:10.3f}"
              f"{row['cpu'] / base['cpu']:10.3f}{row['gigabytes']:10.2f}")  # fmt: skip
    print(f"ours, wall over the seconds that its own forward passes took: {best['ours']['over network']:.3f}")


if __name__ == "__main__":
    main()
