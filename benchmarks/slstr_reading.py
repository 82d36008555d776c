"""CPU seconds of reading what tiles are made of from a full-size SLSTR product: reflectance, masks, day, validity.

    nice python -m benchmarks.slstr_reading                  # 2400 x 3000, S1, S3 and S5, folder and zip

The product is generated, in the real format and compressed (tests/fakes/slstr.py), by a process other than the one
that is measured. Imports are not counted.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fakes import slstr

BANDS = ("S1", "S3", "S5")


def main() -> None:
    """Read the command line, generate the product, measure in fresh processes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2400)
    parser.add_argument("--columns", type=int, default=3000)
    parser.add_argument("--product", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.product is not None:
        print(json.dumps(measured(options.product)))
        return
    with tempfile.TemporaryDirectory() as folder:
        product = slstr.write(
            folder, rows=options.rows, columns=options.columns, bands=BANDS, zenith=(30, 89)
        )
        for path in (product, slstr.zipped(product)):
            command = [sys.executable, "-m", "benchmarks.slstr_reading", "--product", str(path)]
            print(
                path.suffix,
                subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(),
            )


def measured(path: Path) -> dict[str, float]:
    """CPU seconds of each step and the process's peak memory."""
    reader = slstr.reader()
    steps: dict[str, float] = {}
    with reader.open(path) as product:
        for name, step in {
            "reflectance": lambda: [product.reflectance(band) for band in BANDS],
            "summary mask": product.cloud_mask,
            "bayes mask from 1 km": lambda: product.cloud_mask("bayes"),
            "validity and day": lambda: (product.valid(), product.day()),
        }.items():
            start = time.process_time()
            step()
            steps[name] = round(time.process_time() - start, 2)
    steps["total"] = round(sum(steps.values()), 2)
    steps["peak GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    return steps


if __name__ == "__main__":
    main()
