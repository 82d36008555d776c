"""Freed memory stays with the process."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from lightning_modules.memory import keep_freed_memory

def faults_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [torch.ones(10 << 20) for _ in range(2)]  # 40 MiB each, 10240 pages: too large for glibc to keep
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
by_default = [faults_of_a_step() for _ in range(6)][-1]
assert keep_freed_memory()
print(by_default, [faults_of_a_step() for _ in range(6)][-1])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of the GNU C library")
def test_a_second_step_finds_the_memory_of_the_first(repository) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    by_default, kept = map(int, result.stdout.split())
    assert kept < 100 < by_default
