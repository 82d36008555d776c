"""Time to read training samples of toy scenes: `python -m benchmarks.toy_loading`.

The aim: a sample of three whole frames (two sources and a target, 256x256x3, compact layout) in at most 5 ms.
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

from datamodules.base import collate_images
from datamodules.toy import Toy
from synthesis.toy.dataset import generate

BATCH = 16  # samples
CONFIGS = Path(__file__).resolve().parents[1] / "conf"


def plain(verb: str, node: str, *overrides: str) -> dict[str, Any]:
    """A node of a composed config without what only Hydra needs."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose(verb, overrides=list(overrides))
    keys = OmegaConf.to_container(config[node], resolve=True)
    assert isinstance(keys, dict)
    return {key: value for key, value in keys.items() if key != "preflight" and not key.startswith("_")}


def milliseconds(data: Toy, repeats: int) -> tuple[float, float]:
    """Median wall and CPU time of a training sample, in the shuffled order of training."""
    data.setup()
    batches = data.train_dataloader().batch_sampler
    assert batches is not None and data.train_set is not None
    items = [item for batch in batches for item in batch]
    # A batch first, as in a training: its memory is then kept for the next ones, and shared tables are made.
    collate_images([data.train_set[item] for item in items[:BATCH]])
    wall, cpu = [], []
    for item in items[BATCH : BATCH + repeats]:
        start, busy = time.perf_counter(), time.process_time()
        data.train_set[item]
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    return 1e3 * sorted(wall)[len(wall) // 2], 1e3 * sorted(cpu)[len(cpu) // 2]


def set_up_seconds(options: dict[str, Any]) -> float:
    """Time to find, check and split the scenes."""
    start = time.perf_counter()
    Toy(**options).setup()
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=10, help="scenes of the dataset")
    parser.add_argument("--repeats", type=int, default=100, help="samples of each row; the median counts")
    arguments = parser.parse_args()
    options = plain("train", "data", "data=toy", "data.root=unused")
    options = {**options, "generator": None}
    cases: dict[str, dict[str, Any]] = {
        "cloud removal": {},
        "cloud removal, crops of 128": {"patch_size": 128, "augmentation": "dihedral"},
        "cloud removal, 5 frames": {"sequence_length": 5},
        "CycleGAN, unpaired": {"task": "sar_to_optical", "unpaired": True},
        "super-resolution, made on the fly": {"task": "super_resolution"},
    }
    with tempfile.TemporaryDirectory() as folder:
        for layout in ("compact", "published"):
            root = Path(folder) / layout
            keys = plain("generate", "generator", "generator=toy_dataset")
            settings = {"num_scenes": arguments.scenes, "layout": layout, "progress": False}
            generate(root, **{**keys, **settings})
            print(
                f"{layout}, set up of {arguments.scenes} scenes: {set_up_seconds({**options, 'root': str(root)}):.3f} s"
            )
            for name, chosen in cases.items():
                data = Toy(**{**options, "root": str(root), "batch_size": 1, **chosen})
                wall, cpu = milliseconds(data, arguments.repeats)
                print(f"  {name:36s} {wall:6.2f} ms wall   {cpu:6.2f} ms CPU")


if __name__ == "__main__":
    main()
