"""Where a result comes from: code revision, package versions, hardware, seed, command."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = (
    "nadir", "torch", "torchvision", "pytorch-lightning", "hydra-core", "omegaconf", "compressai", "imagecodecs",
    "bjontegaard", "numpy", "rasterio", "paseos", "pykep", "mpi4py", "torchmetrics", "wandb",
)  # fmt: skip


def provenance(seed: int | None) -> dict[str, Any]:
    """A record in plain types (JSON): `revision`, `versions`, `hardware`, `seed`, `command`, `time_utc`."""
    return {
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "revision": git_revision(),
        "versions": {"python": platform.python_version(), **_versions()},
        "pykep_is_stand_in": _pykep_is_stand_in(),
        "hardware": _hardware(),
        "seed": seed,
    }


def git_revision() -> str | None:
    """`git describe` of the code, with `-dirty` where it was changed; null outside of a repository."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).resolve().parents[1],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _pykep_is_stand_in() -> bool | None:
    try:
        import pykep
    except ImportError:
        return None
    return bool(getattr(pykep, "__standin__", False))


def _hardware() -> dict[str, Any]:
    record: dict[str, Any] = {
        "platform": platform.platform(),
        "processor": _processor_name(),
        "processors_usable": len(os.sched_getaffinity(0)),
    }
    if "torch" in sys.modules:
        import torch

        record["torch_threads"] = torch.get_num_threads()
        record["gpus"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return record


def _processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
