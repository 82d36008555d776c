"""What made pairs of clouds add to real masks: IoU of cloud on held-out real masks, over budgets and seeds.

    NADIR_REAL_DATA=FOLDER nice python benchmarks/cloud_utility.py                     # two scenes of ukis-csmask
    nice python benchmarks/cloud_utility.py --file a.npz b.npz --split blocks procedure.pairs.masks=TILES

Bands are green, red, near and shortwave infrared, for S1, S2, S3 and S5 of SLSTR. `blocks`: strips of both scenes are held
out, with unread pixels between. `scene`: one scene trains and the other tests, then the other way round; they are of two
sensors. Words at the end are given to `train.py`. Every arm has the same network, steps, batches and loss; nothing here was
chosen by looking at these scores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FILES = ("landsat7.npz", "sentinel2_left_dev_converted.npz")  # below cloudmask_ukis_csmask
BANDS = "[B2,B3,B4,B8,B11,B12]"  # what the six bands of the files see, by the names of Sentinel-2


def main() -> None:
    """Read the command line, run every split, print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, nargs="+", help="scenes instead of those of NADIR_REAL_DATA")
    parser.add_argument("--split", nargs="+", choices=("blocks", "scene"), default=("blocks", "scene"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.05, 0.1, 0.25, 1.0])
    parser.add_argument("--steps", type=int, default=200, help="batches of eight windows in each training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, help="where run folders are kept; default: nowhere")
    arguments, words = parser.parse_known_args()
    files = arguments.file
    if files is None:
        if "NADIR_REAL_DATA" not in os.environ:
            parser.error("set NADIR_REAL_DATA to the folder of real imagery, or give --file")
        files = [Path(os.environ["NADIR_REAL_DATA"], "cloudmask_ukis_csmask", name) for name in FILES]
    for split in arguments.split:
        for given in [files] if split == "blocks" else [files, files[::-1]]:
            with tempfile.TemporaryDirectory() as folder:
                began = time.monotonic()
                run = trained(given, split, arguments, arguments.runs or Path(folder), words)
                show(run, split, time.monotonic() - began)


def trained(
    files: Sequence[Path], split: str, arguments: argparse.Namespace, runs: Path, more: Sequence[str]
) -> Path:
    """The run folder of one comparison."""
    words = [
        "experiment=cloud_utility", f"data.images={json.dumps([str(file) for file in files])}",
        "classes@data.mask_classes=csmask", "data.scenes.scale=10000", f"data.scenes.band_order={BANDS}",
        f"data.split={split}", *(["data.test_fraction=0.5"] if split == "scene" else []),
        f"procedure.seeds={json.dumps(arguments.seeds)}", f"procedure.budgets={json.dumps(arguments.budgets)}",
        f"trainer.max_steps={arguments.steps}", "trainer.enable_progress_bar=false",
        f"num_threads={arguments.threads}", f"paths.runs='{runs}'", *more,
    ]  # fmt: skip
    verb = Path(__file__).resolve().parents[1] / "train.py"
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads)}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(verb), *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as job:
        assert job.stdout is not None
        last = ""
        for line in job.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            last = line.strip() or last
    if job.returncode:
        sys.exit(job.returncode)
    return Path(last)


def show(run: Path, split: str, seconds: float) -> None:
    """Mean and standard deviation over seeds at every budget, and what may be said."""
    results: dict[str, Any] = json.loads((run / "results.json").read_text())
    section = results["utility"]
    tested = json.loads(next(run.glob("seed_*/pairs/results.json")).read_text())["scenes"]
    print(
        f"\nsplit={split}, tested on {', '.join(tested)}; {results['data']['steps']} steps, {seconds / 60:.0f} minutes\n"
    )
    shares = [point["share"] for point in section["arms"]["real"]]
    print(f"| {section['metric']} | {' | '.join(f'{100 * share:g} %' for share in shares)} |")
    print("|---" * (len(shares) + 1) + "|")
    for name, curve in (*section["arms"].items(), ("gain", section["gain"])):
        cells = [words(point, "{:+.3f}" if name == "gain" else "{:.3f}") for point in curve]
        print(f"| {name} | {' | '.join(cells + [''] * (len(shares) - len(cells)))} |")
    print(f"\n{section['conclusion']}", flush=True)


def words(point: dict[str, Any], form: str) -> str:
    """Mean, standard deviation where there are several seeds, and a verdict where there is one."""
    spread = "" if point["spread"] is None else f" ± {point['spread']:.3f}"
    return form.format(point["mean"]) + spread + (f" ({point['verdict']})" if "verdict" in point else "")


if __name__ == "__main__":
    main()
