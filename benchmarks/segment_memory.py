"""Peak resident memory of segmenting a full Sentinel-2 tile, and where its time goes, with a thin network.

    nice python benchmarks/segment_memory.py                                       # 10980 x 10980, fifteen bands
    nice python benchmarks/segment_memory.py --rows 1536                           # the first strips: the peak shows there
    nice python benchmarks/segment_memory.py --outputs --uncertainty test_time     # with probabilities and uncertainty
    nice python benchmarks/segment_memory.py --rows 1024 --encoder resnet18        # a real network instead of a thin one

The scene is generated in strips, thirteen bands in a GeoTIFF and two layers of 30 m in others, by a process other than
the one that is measured.
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

import segmentation_models_pytorch as smp
import torch
from segment_speed import BANDS, classes, scenes_in, segmenter_of, write_scene
from torch import nn

from inference.segmentation import SceneSource, segment
from inference.segmentation_maps import SegmentationMaps
from networks.segmenter import Segmenter


def main() -> None:
    """Read the command line, generate the scene, measure in a fresh process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", type=int, default=10980)
    parser.add_argument("--rows", type=int, default=10980)
    parser.add_argument("--encoder", help="of a U-Net instead of the thin network")
    parser.add_argument("--outputs", action="store_true", help="write probabilities too")
    parser.add_argument("--uncertainty", default="none")
    parser.add_argument("--blend", default="spline")
    parser.add_argument("--cache-megabytes", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scene", type=Path, help="folder of a scene that an earlier --keep has left")
    parser.add_argument("--keep", type=Path, help="leave the scene in this folder")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.folder:
        print(json.dumps(measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if arguments.scene is None:
            arguments.scene = arguments.keep or Path(temporary) / "scene"
            arguments.scene.mkdir()
            write_scene(arguments.scene, arguments.rows, arguments.width)
        words = [sys.executable, "-W", "ignore", __file__, *sys.argv[1:], "--folder", temporary]
        words += ["--scene", str(arguments.scene)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "PASSIVE"}
        result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        figures = json.loads(result.stdout.splitlines()[-1])
    print(f"{figures['columns']} x {figures['rows']}, {len(BANDS)} bands, {figures['windows']} windows, "
          f"{arguments.encoder or 'thin network'}, blend={arguments.blend}, uncertainty={arguments.uncertainty}, "
          f"{'with' if arguments.outputs else 'without'} probabilities")  # fmt: skip
    print(f"threads {arguments.threads}, load of the machine {os.getloadavg()[0]:.1f}")
    print(
        f"peak resident memory {figures['peak_gigabytes']:.2f} GB ({figures['before_gigabytes']:.2f} before)"
    )
    print(f"wall {figures['wall']:.0f} s, cpu {figures['cpu']:.0f} s; of the CPU, reading {figures['reading']:.0f} s, "
          f"network {figures['network']:.0f} s, writing {figures['writing']:.0f} s")  # fmt: skip


def thin() -> nn.Module:
    """Two convolutions."""
    return nn.Sequential(nn.Conv2d(len(BANDS), 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1))


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
    """Segment, and count seconds by thread: reading runs in a thread of its own."""
    torch.manual_seed(0)
    network = thin()
    if arguments.encoder:
        network = smp.Unet(arguments.encoder, encoder_weights=None, in_channels=len(BANDS), classes=4)
    segmenter = segmenter_of(network, 32 if arguments.encoder else 1)
    seconds = dict.fromkeys(("reading", "network", "writing"), 0.0)
    timed(SceneSource, "read", seconds, "reading", time.thread_time)
    # Torch computes in threads of its own.
    clock = time.thread_time if arguments.threads == 1 else time.perf_counter
    timed(Segmenter, "forward", seconds, "network", clock)
    timed(SegmentationMaps, "write", seconds, "writing", time.thread_time)
    before, wall, processor = peak_gigabytes(), time.perf_counter(), time.process_time()
    figures = segment(
        segmenter, None, arguments.scene / "scene.tif", arguments.folder / "out.tif", scenes=scenes_in(arguments.scene),
        classes=classes(), blend=arguments.blend, probabilities=arguments.outputs, uncertainty=arguments.uncertainty,
        cache_megabytes=arguments.cache_megabytes, progress=False,
    )  # fmt: skip
    return {
        **figures,
        **seconds,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - processor,
        "before_gigabytes": before,
        "peak_gigabytes": peak_gigabytes(),
    }


def peak_gigabytes() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
