"""Time to read training samples of products: `python -m benchmarks.multiresolution_loading [PRODUCT ...]`.

Without products on generated ones (`conf/data/multiresolution.yaml`). The first row of each pair is what a training sees
once the blocks it needs are decoded, the second every sample read from the files.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, open_dict

from datamodules.multiresolution import Multiresolution
from running.instantiation import instantiate

CONFIGS = Path(__file__).resolve().parents[1] / "conf"
EXPERIMENTS = ("sentinel2_20m", "sentinel2_60m", "landsat8", "viirs", "modis_500m", "modis_1000m")


def composed(experiment: str, cache: str, products: list[str], *overrides: str) -> DictConfig:
    """The data of an experiment."""
    words = [f"experiment=super_resolution_{experiment}", f"data.cache={cache}", *overrides]
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("train", overrides=words)
    with open_dict(config):
        config.data.train = products or None
        config.data.pop("preflight")
    node: DictConfig = config.data
    return node


def milliseconds(data: Multiresolution, repeats: int, warm: bool) -> tuple[float, float]:
    """Mean wall and CPU time of a training sample, in the shuffled order of training."""
    data.setup()
    assert data.train_set is not None
    batches = data.train_dataloader().batch_sampler
    assert batches is not None
    items = [item for batch in batches for item in batch]
    items = [(index, draw) for draw, (index, _) in enumerate((items * repeats)[:repeats])]
    if warm:
        for item in items:
            data.train_set[item]
    start, busy = time.perf_counter(), time.process_time()
    for item in items:
        data.train_set[item]
    wall, cpu = time.perf_counter() - start, time.process_time() - busy
    return 1e3 * wall / len(items), 1e3 * cpu / len(items)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("products", nargs="*", help="of the instrument of each experiment")
    parser.add_argument("--experiments", nargs="+", default=EXPERIMENTS, choices=EXPERIMENTS)
    parser.add_argument("--repeats", type=int, default=100, help="samples of each row")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        for experiment in arguments.experiments:
            for warm, words in ((True, ()), (False, ("data.cache_mb=0", "data.cache_block_px=64"))):
                data = instantiate(composed(experiment, cache, arguments.products, *words))
                wall, cpu = milliseconds(data, arguments.repeats, warm)
                size = data.plan.patch_size
                print(
                    f"{experiment:14s} {size:3d} px, {'decoded' if warm else 'files':8s}"
                    f" {wall:7.2f} ms wall {cpu:7.2f} ms CPU"
                )


if __name__ == "__main__":
    main()
