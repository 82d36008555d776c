"""What scoring super-resolved bands costs: `python -m benchmarks.super_resolution_scores`.

CPU seconds and memory for each megapixel of the target, for the model and its two baselines together, of one thread.
"""

import argparse
import os
import resource
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

import numpy as np

from evaluation.super_resolution_consistency import ConsistencySums
from evaluation.super_resolution_scores import SuperResolutionScoreBoard
from products.degradation import degrade
from products.grid import GridRelation

METHODS = ("model", "bicubic", "bilinear")


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bands", type=int, default=6, help="bands of the target")
    parser.add_argument("--side", type=int, default=512, help="pixels of a window and side")
    parser.add_argument("--windows", type=int, default=8, help="windows that are scored")
    parser.add_argument("--holes", action="store_true", help="with pixels without data")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (arguments.bands, arguments.side, arguments.side)
    target = rng.normal(2000, 300, shape).astype(np.float32)
    predictions = {name: target + rng.normal(0, 50, shape).astype(np.float32) for name in METHODS}
    valid = rng.random(shape) > 0.01 if arguments.holes else np.ones(shape, bool)
    board = SuperResolutionScoreBoard([str(band) for band in range(arguments.bands)], 20, 2)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for _ in range(arguments.windows):
        board.add("scene", predictions, target, valid)
    board.sections()
    seconds = time.process_time() - start
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    megapixels = arguments.windows * arguments.side**2 / 1e6
    print(
        f"{arguments.bands} bands, {arguments.windows} windows of {arguments.side} px, {len(METHODS)} methods: "
        f"{seconds / megapixels:.2f} CPU seconds per megapixel, {extra:.0f} MB beside the windows"
    )
    coarse, start = degrade(target, 2), time.process_time()
    cells = np.ones(coarse.shape, bool)
    for image in predictions.values():
        ConsistencySums.of(image, coarse, cells, GridRelation(2))
    seconds = time.process_time() - start
    print(
        f"consistency: {seconds / (arguments.side**2 / 1e6):.2f} CPU seconds per megapixel of the fine grid"
    )


if __name__ == "__main__":
    main()
