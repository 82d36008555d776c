"""What `predict.py task=clouds` costs for a tile, against the bare forward pass of the same network.

    nice python -m benchmarks.cloud_generator                          # nine blocks, 200 x 200, 12 tiles
    nice python -m benchmarks.cloud_generator --tiles 4 --rounds 1     # a quick look

Both sides run in turns in one process, a few tiles at a time, and the smallest of `--rounds` counts: machines are shared.
The bare side calls the published network on a tensor; ours reads masks from PNG files, calls the network once for each,
rounds and writes PNG files. Weights are random, in the published layout. Loading is told apart: it happens once.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from inference.clouds import clouds
from networks.cloud_generator import load_cloud_generator
from networks.cyclegan_checkpoint import export_pth
from networks.published import cyclegan_generator_from_pth
from networks.resnet_generator import ResnetGenerator

Cost = tuple[float, float]  # seconds of the clock, of the CPU


def main() -> None:
    """Read the command line, measure in turns, print a line for each side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=12)
    parser.add_argument("--size", type=int, default=200, help="side of a tile, pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        weights = export_pth(ResnetGenerator(3, 3), Path(folder) / "latest_net_G_B.pth")
        masks = write_masks(Path(folder) / "masks", arguments.tiles, arguments.size)
        start = time.perf_counter()
        ours = load_cloud_generator(weights).to(arguments.device)
        loading = time.perf_counter() - start
        bare = cyclegan_generator_from_pth(weights).to(arguments.device)
        tile = 2 * torch.rand(1, 3, arguments.size, arguments.size, device=arguments.device) - 1
        costs: dict[str, list[Cost]] = {"bare forward": [], "task=clouds": []}
        for _ in range(arguments.rounds + 1):
            costs["bare forward"].append(cost_of(lambda: forward(bare, tile, arguments.tiles)))
            costs["task=clouds"].append(
                cost_of(
                    lambda: clouds(
                        ours, None, masks, Path(folder) / "clouds", batch_size=1, device=arguments.device, progress=False
                    )
                )
            )  # fmt: skip
    print(f"{arguments.tiles} tiles of {arguments.size} x {arguments.size}, {arguments.threads} threads; "
          f"loading {loading:.2f} s, once")  # fmt: skip
    best = {
        side: [min(cost[kind] for cost in rounds[1:]) for kind in (0, 1)] for side, rounds in costs.items()
    }
    for side, (wall, cpu) in best.items():
        print(
            f"{side:14} {wall / arguments.tiles:.4f} s, {cpu / arguments.tiles:.4f} CPU s for a tile"
            f" ({wall / best['bare forward'][0]:.3f}x, CPU {cpu / best['bare forward'][1]:.3f}x)"
        )


def write_masks(folder: Path, count: int, size: int) -> Path:
    """Random masks of blocks, as PNG files."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(count):
        coarse = draw.random((-(-size // 20), -(-size // 20))) > 0.5
        mask = np.kron(coarse, np.ones((20, 20), bool))[:size, :size]
        Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(folder / f"{number:05}.png")
    return folder


def forward(network: torch.nn.Module, tile: torch.Tensor, times: int) -> None:
    """The network alone."""
    with torch.inference_mode():
        for _ in range(times):
            network(tile).cpu()


def cost_of(work: object) -> Cost:
    """Seconds of the clock and of this process's CPU that a call takes."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()  # type: ignore[operator]
    return time.perf_counter() - clock, time.process_time() - cpu


if __name__ == "__main__":
    main()
