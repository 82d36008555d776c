"""What active learning is worth on real masks: mean IoU at 10 % of the labels against random choice, over three seeds.

    NADIR_REAL_DATA=FOLDER nice python benchmarks/active_learning.py            # two scenes of ukis-csmask, an hour
    nice python benchmarks/active_learning.py --file scene.npz --acquisitions entropy

Each scene (`img` of six bands from blue to 2.2 micrometres, reflectance from 0 to 1; `msk` of conf/classes/csmask.yaml) is
cut into blocks for training, validation and test with unread pixels between. The masks answer. All arms of a seed share
initial windows (2 %), initial weights, steps and budgets; windows are asked about twice, up to 6 and 10 %. One training
on all windows per seed says what labels can give at most. Nothing here was chosen by looking at these scores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FILES = ("landsat7.npz", "sentinel2_left_dev_converted.npz")  # below cloudmask_ukis_csmask
BANDS = "[B2,B3,B4,B8,B11,B12]"  # what the six bands see, by the names of Sentinel-2
ACQUISITIONS = ("entropy", "bald", "margin", "entropy+core_set")


def main() -> None:
    """Read the command line, run every scene, print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, nargs="+", help="scenes instead of those of NADIR_REAL_DATA")
    parser.add_argument("--acquisitions", nargs="+", default=ACQUISITIONS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--patch", type=int, default=32, help="side of a window, pixels")
    parser.add_argument("--steps", type=int, default=200, help="batches of eight windows in each training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, help="where run folders are kept; default: nowhere")
    arguments = parser.parse_args()
    files = arguments.file
    if files is None:
        if "NADIR_REAL_DATA" not in os.environ:
            parser.error("set NADIR_REAL_DATA to the folder of real imagery, or give --file")
        files = [Path(os.environ["NADIR_REAL_DATA"], "cloudmask_ukis_csmask", name) for name in FILES]
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            show(file, simulate(file, arguments, arguments.runs or Path(folder)))


def simulate(file: Path, arguments: argparse.Namespace, runs: Path) -> dict[str, Any]:
    """The `results.json` of active learning on one scene."""
    words = [
        "experiment=segmentation_active", f"experiment_name=active_{file.stem}", "classes=csmask", f"data.images='{file}'",
        f"data.scenes.band_order={BANDS}", "data.scenes.scale=10000", "data.split=blocks",
        f"data.patch_size={arguments.patch}", "data.batch_size=8",
        "model.network_options.encoder_depth=3", "model.network_options.decoder_channels=[64,32,16]",
        f"trainer.max_steps={arguments.steps}", f"trainer.val_check_interval={max(1, arguments.steps // 4)}",
        "trainer.enable_progress_bar=false", "callbacks.segmentation_scores.strips=0", "callbacks.active_learning.draws=8",
        "procedure.initial_windows=0.02", "procedure.windows_per_round=0.04", "procedure.rounds=2",
        f"procedure.acquisitions=[{','.join(arguments.acquisitions)}]",
        f"procedure.seeds={json.dumps(arguments.seeds, separators=(',', ':'))}", "procedure.all_labels=true",
        f"num_threads={arguments.threads}", f"paths.runs='{runs}'",
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
    found: dict[str, Any] = json.loads((Path(last) / "results.json").read_text())
    return found


def show(file: Path, results: dict[str, Any]) -> None:
    """Mean and standard deviation over seeds at every share, and what is gained over random, seed by seed."""
    curves = results["learning_curves"]
    print(f"\n{file.name}: mean IoU, {curves['total_windows']} windows\n")
    arms = {name: curve for name, curve in curves["arms"].items() if name != "all_labels"}
    shares = [f"{point['share']:.1%}" for point in next(iter(arms.values()))]
    print(f"| | {' | '.join(shares)} | over random at {shares[-1]}, by seed |")
    print("|---" * (len(shares) + 2) + "|")
    for name, curve in arms.items():
        cells = [words(point) for point in curve]
        over = curves["over_random"].get(name)
        by_seed = "" if over is None else ", ".join(f"{value:+.3f}" for value in over[-1]["values"].values())
        print(f"| {name} | {' | '.join(cells)} | {by_seed} |")
    print(
        f"| all labels | {' | '.join([''] * (len(shares) - 1) + [words(curves['arms']['all_labels'][-1])])} | |"
    )


def words(point: dict[str, Any]) -> str:
    """Mean, and standard deviation where there are several seeds."""
    return f"{point['mean']:.3f}" + ("" if point["spread"] is None else f" ± {point['spread']:.3f}")


if __name__ == "__main__":
    main()
