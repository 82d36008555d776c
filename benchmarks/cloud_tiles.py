"""CPU seconds from a full-size SLSTR product to cloud tiles, and of reading tiles in training.

    nice python -m benchmarks.cloud_tiles                    # 2400 x 3000: 168 tiles, PNG and GeoTIFF

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
SAMPLES = 200


def main() -> None:
    """Read the command line, generate the product, measure in fresh processes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2400)
    parser.add_argument("--columns", type=int, default=3000)
    parser.add_argument("--product", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--format", default="png", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.product is not None:
        print(json.dumps(measured(options.product, options.format)))
        return
    with tempfile.TemporaryDirectory() as folder:
        product = slstr.write(folder, rows=options.rows, columns=options.columns, bands=BANDS, unfilled=60)
        for form in ("png", "geotiff"):
            command = [
                sys.executable,
                "-m",
                "benchmarks.cloud_tiles",
                "--product",
                str(product),
                "--format",
                form,
            ]
            print(form, subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def measured(product: Path, form: str) -> dict[str, float]:
    """Tiles of a product, CPU seconds to make them, peak memory, and milliseconds of a training sample."""
    from synthesis.clouds.tile_manifest import read_manifest
    from synthesis.clouds.tiles import generate

    reader = slstr.reader()
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        generate(folder, sensor=reader, input=product, format=form, bands=BANDS)
        making, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        tiles = read_manifest(folder)
        from datamodules.slstr_tiles import (
            SlstrTiles,
        )  # after the memory was measured: torch counts for itself

        data = SlstrTiles(root=folder, buckets=None, resize_px=286, patch_size=256, augmentation="flip")
        data.setup()
        assert data.train_set is not None
        count = len(data.train_set)  # type: ignore[arg-type]
        start = time.process_time()
        for draw in range(SAMPLES):
            data.train_set[(draw % count, draw)]
        reading = time.process_time() - start
    return {
        "tiles": len(tiles), "CPU s": round(making, 2), "peak GB": round(peak, 2),
        "ms a training sample": round(1000 * reading / SAMPLES, 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
