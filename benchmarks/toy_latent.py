"""CPU seconds of the latent toy generator, imports excluded: `python -m benchmarks.toy_latent`.

The aim: 337x256, 30 frames, 3 bands, 16 cells in at most 0.15 s in the compact layout, and a cost that is
linear in pixels up to 2048x2048.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synthesis.toy.latent import generate
from synthesis.toy.layout import open_product

CONFIGS = Path(__file__).resolve().parents[1] / "conf"


def settings(**overrides: Any) -> dict[str, Any]:
    """Keys of `generator=toy_latent` with some of them replaced."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("generate", overrides=["generator=toy_latent"])
    keys = OmegaConf.to_container(config.generator, resolve=True)
    assert isinstance(keys, dict)
    return {
        **{key: value for key, value in keys.items() if key != "_target_"},
        "progress": False,
        **overrides,
    }


def cpu_seconds(repeats: int, **overrides: Any) -> tuple[float, int]:
    """Median CPU seconds of making one product, and its bytes on disk."""
    keys = settings(**overrides)
    taken = []
    for repeat in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            generate(folder, **{**keys, "seed": repeat})
            taken.append(time.process_time() - start)
            size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return sorted(taken)[len(taken) // 2], size


def read_seconds(**overrides: Any) -> float:
    """CPU seconds to read one whole frame of the compact layout."""
    with tempfile.TemporaryDirectory() as folder:
        product = open_product(generate(folder, **settings(layout="compact", **overrides)))
        start = time.process_time()
        for index in product.frame_indices:
            product.frame(index)
        return (time.process_time() - start) / len(product.frame_indices)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="products of each row; the median counts")
    parser.add_argument("--largest", type=int, default=2048, help="side of the largest square scene, pixels")
    arguments = parser.parse_args()
    cpu_seconds(1, layout="compact")  # imports and plans made on first use

    print("337x256, 30 frames, 3 bands, 16 cells")
    cases: dict[str, dict[str, Any]] = {
        "compact": {"layout": "compact"},
        "compact, rng=published": {"layout": "compact", "rng": "published"},
        "published layout": {"layout": "published"},
    }
    for name, overrides in cases.items():
        seconds, size = cpu_seconds(arguments.repeats, **overrides)
        print(f"  {name:24s} {seconds:7.3f} CPU s   {size / 1e6:7.2f} MB")
    print(f"  {'reading a compact frame':24s} {read_seconds():7.4f} CPU s")

    print("square scenes, compact, 30 frames, 3 bands, 16 cells")
    side = 256
    while side <= arguments.largest:
        seconds, _ = cpu_seconds(arguments.repeats, layout="compact", width=side, height=side)
        print(
            f"  {side:4d} x {side:4d}   {seconds:7.3f} CPU s   {1e6 * seconds / side**2:6.3f} s per megapixel"
        )
        side *= 2


if __name__ == "__main__":
    main()
