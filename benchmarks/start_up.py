"""CPU seconds until the verbs answer a question.

    python benchmarks/start_up.py

Target: `train.py --help` and `train.py --cfg job` take at most 1.0 s of CPU.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from pathlib import Path

TRAIN = Path(__file__).resolve().parents[1] / "train.py"


def cpu_seconds(words: list[str]) -> float:
    """User and system CPU seconds of one call."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, str(TRAIN), *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print minimum, median and maximum of several calls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    for words in (["--help"], ["--cfg", "job"]):
        cpu_seconds(words)  # fills the byte-code and file caches
        times = [cpu_seconds(words) for _ in range(rounds)]
        print(
            f"train.py {' '.join(words):10s} CPU s: minimum {min(times):.2f}, "
            f"median {statistics.median(times):.2f}, maximum {max(times):.2f}"
        )


if __name__ == "__main__":
    main()
