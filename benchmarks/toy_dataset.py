"""What a scene of the toy dataset costs: `python -m benchmarks.toy_dataset`.

The aims: a scene triple of the published size (optical latent, clean, clouded, SAR latent, SAR; 337x256, 30 frames) in at
most 0.7 CPU seconds of one process, imports excluded (the published software: 7.3); at most a quarter of its bytes in
the compact layout; throughput that scales with the cores.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synthesis.toy.dataset import generate
from synthesis.toy.processes import available_cores

CONFIGS = Path(__file__).resolve().parents[1] / "conf"


def settings(**overrides: Any) -> dict[str, Any]:
    """Keys of `generator=toy_dataset` with some of them replaced."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("generate", overrides=["generator=toy_dataset"])
    keys = OmegaConf.to_container(config.generator, resolve=True)
    assert isinstance(keys, dict)
    kept = {key: value for key, value in keys.items() if not key.startswith("_")}
    return {**kept, "progress": False, "num_workers": 1, **overrides}


def cpu_seconds(repeats: int, **overrides: Any) -> tuple[float, int]:
    """Median CPU seconds of making one scene in this process, and its bytes on disk."""
    taken, size = [], 0
    for repeat in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            keys = settings(num_scenes=1, seed=1 + repeat, **overrides)
            start = time.process_time()
            generate(folder, **keys)
            taken.append(time.process_time() - start)
            scene = Path(folder) / str(1 + repeat)
            size = sum(path.stat().st_size for path in scene.rglob("*") if path.is_file())
    return sorted(taken)[len(taken) // 2], size


def throughput(num_workers: int, num_scenes: int) -> tuple[float, float]:
    """Scenes per second by the clock, and CPU seconds per scene of all processes together.

    The start of the processes is left out, by the difference to a run with one scene for each.
    """
    clock, cpu = [], []
    for count in (num_workers, num_workers + num_scenes):
        with tempfile.TemporaryDirectory() as folder:
            keys = settings(num_scenes=count, num_workers=num_workers, layout="compact")
            start, worked = time.perf_counter(), sum(os.times()[:4])
            generate(folder, **keys)
            clock.append(time.perf_counter() - start)
            cpu.append(sum(os.times()[:4]) - worked)
    return num_scenes / (clock[1] - clock[0]), (cpu[1] - cpu[0]) / num_scenes


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="scenes of each row; the median counts")
    parser.add_argument("--scenes", type=int, default=40, help="scenes of the comparison of processes")
    parser.add_argument("--optical", default=None, help="folder of .ts files; default: the phenology model")
    parser.add_argument("--sar", default=None, help="the same for SAR")
    arguments = parser.parse_args()
    series = {"optical": arguments.optical, "sar": arguments.sar}
    cpu_seconds(1, layout="compact")  # imports and plans made on first use

    print("scene triple, 337x256, 30 frames, 3 bands, 16 cells")
    published = {"rng": "published", "texture": "legacy_interleaved"}
    for layout in ("published", "compact"):
        for name, overrides in (("", {}), (", rng=published", published)):
            seconds, size = cpu_seconds(arguments.repeats, layout=layout, series=series, **overrides)
            print(f"  {layout + name:24s} {seconds:7.3f} CPU s   {size / 1e6:7.1f} MB")

    print("compact, by the clock (meaningful on an idle machine), and CPU seconds of all processes")
    for workers in sorted({1, 2, available_cores()}):
        per_second, cpu = throughput(workers, arguments.scenes)
        print(f"  {workers:2d} processes  {per_second:6.2f} scenes/s   {cpu:.3f} CPU s per scene")


if __name__ == "__main__":
    main()
