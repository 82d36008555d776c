"""Several ranks of one launch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.results import read_results


@pytest.fixture
def mpiexec(repository):
    """Run Python under mpiexec: `mpiexec(ranks, *arguments)`."""
    folder = Path(sys.executable).parent

    def run(ranks: int, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(folder / "mpiexec"), "-n", str(ranks), sys.executable, "-W", "ignore", *arguments],
            cwd=repository, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    return run


def test_ranks_share_the_stamp(mpiexec):
    done = mpiexec(
        3,
        "-c",
        "from running.folders import stamp_launch; import sys; sys.stdout.write(stamp_launch() + chr(10))",
    )
    stamps = done.stdout.split()
    assert len(stamps) == 3
    assert len(set(stamps)) == 1


def test_ranks_that_would_do_the_same_are_refused(mpiexec, small_training, tmp_path):
    done = mpiexec(2, "train.py", *small_training)
    assert done.returncode != 0
    assert "2 ranks that would all train the same model" in done.stderr + done.stdout
    assert not list((tmp_path / "runs").glob("*/*/config.yaml"))


def test_data_parallel_training_leaves_one_run(mpiexec, small_training):
    done = mpiexec(2, "train.py", *small_training, "trainer=ddp", "trainer.max_steps=2", "codec=none")
    assert done.returncode == 0, done.stderr
    last = Path(done.stdout.strip().splitlines()[-1])
    assert done.stdout.count(str(last)) == 1
    assert read_results(last / "results.json")["metrics"]["psnr"] > 0
    assert (last / "checkpoints" / "last.ckpt").exists()
