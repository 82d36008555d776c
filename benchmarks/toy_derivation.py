"""CPU seconds of deriving toy products, imports excluded: `python -m benchmarks.toy_derivation`.

The aims: a scene's three products (two latents, then clean, clouded and SAR; 337x256, 30 frames) in at most 0.7 s in one
process and a quarter of the original's 165 MB in the compact layout; distortion of 2689x2048 with a 20x20 mesh and
aggregation in at most 1 s a frame; reading a frame in well under 1 ms.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: CPU seconds of one thread

from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from synthesis.toy.derivation.pipeline import DerivedFrames, SceneFrames, derive
from synthesis.toy.layout import open_product
from synthesis.toy.scene import Scene, make_scene
from synthesis.toy.settings import LatentSettings

ORIGINAL_MB = 165


@cache
def config(name: str, *words: str) -> dict[str, Any]:
    """Keys of a generator."""
    with initialize_config_module("conf", version_base="1.3"):
        node = compose("generate", [f"generator={name}", *words]).generator
    keys = OmegaConf.to_container(node, resolve=True)
    assert isinstance(keys, dict)
    return keys


def scene(**keys: Any) -> Scene:
    """A latent scene of the default generator."""
    known = LatentSettings.__dataclass_fields__
    settings = {key: value for key, value in config("toy_latent").items() if key in known}
    return make_scene(LatentSettings(**{**settings, "time_series": (), **keys}), None)


def cpu_seconds(repeats: int, work: Callable[[], Any]) -> float:
    """The median of some calls."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return sorted(taken)[len(taken) // 2]


def make_triple(folder: Path, presets: dict[str, Any], layout: str, seed: int) -> None:
    """Latents in memory, and the three products of cloud removal on disk."""
    where: dict[str, Any] = {"seed": seed, "layout": layout}
    optical, radar = SceneFrames(scene(seed=seed)), SceneFrames(scene(seed=seed))
    name = "clean_optical"
    clean = derive(optical, presets[name], name=name, folder=folder / name, keep=True, **where)
    name = "clouded_optical"
    derive(clean, presets[name], name=name, folder=folder / name, **where)
    derive(radar, presets["sar"], name="sar", folder=folder / "sar", **where)


def megabytes(folder: Path) -> float:
    """Size of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of each row; the median counts")
    parser.add_argument("--small", action="store_true", help="leave out the 2689x2048 scene")
    arguments = parser.parse_args()
    presets = config("toy_derived", "generator.input=none")["presets"]

    print("a scene of cloud removal: two latents and three products, 337x256, 30 frames, 3 bands")
    for layout in ("compact", "published"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_triple(folder / "warm", presets, layout, 0)
            seeds = iter(range(1, 1 + arguments.repeats))

            def triple(folder: Path = folder, layout: str = layout, seeds: Any = seeds) -> None:
                seed = next(seeds)
                make_triple(folder / str(seed), presets, layout, seed)

            seconds = cpu_seconds(arguments.repeats, triple)
            size = megabytes(folder / "1")
            product = open_product(folder / "1" / "clouded_optical")
            product.frame(0)
            frame = cpu_seconds(101, lambda product=product: product.frame(7))
            crop = cpu_seconds(101, lambda product=product: product.frame(7, (50, 60, 64, 64)))
        print(
            f"  {layout:10s} {seconds:6.3f} CPU s   {size:6.1f} MB ({100 * size / ORIGINAL_MB:.0f} % of the original)   "
            f"reading a frame {1e3 * frame:.2f} ms, a 64x64 crop {1e3 * crop:.2f} ms"
        )

    print("a frame of each stage, 256x256, 3 bands")
    source = SceneFrames(scene(seed=1, width=256, num_frames=1))
    stages: dict[str, dict[str, Any]] = {
        "clouds": presets["clouded_optical"]["clouds"],
        "brightness": presets["clouded_optical"]["brightness"],
        "distortion": presets["clean_optical"]["distortion"],
        "aggregation": presets["low_resolution"]["aggregation"],
        "blur": {"sigma_px": 1.5},
        "salt_and_pepper": presets["sar"]["salt_and_pepper"],
        "speckle": {"looks": 4},
        "stripes": {},
    }
    nothing = DerivedFrames(source, {}, seed=1, name="none")
    for name, options in stages.items():
        derived = DerivedFrames(source, {name: options}, seed=1, name=name)
        seconds = cpu_seconds(51, lambda derived=derived: derived.frame(0))
        seconds -= cpu_seconds(51, lambda: nothing.frame(0))
        print(f"  {name:16s} {1e3 * seconds:7.2f} ms")

    if not arguments.small:
        print("2689x2048, 128 cells, 3 bands: distortion with a 20x20 mesh, then 256x256 pixels")
        large = SceneFrames(scene(seed=1, width=2689, height=2048, num_cells=128, num_frames=1))
        medium = presets["published_medium"]
        chosen = {name: medium[name] for name in ("distortion", "aggregation")}
        latent = large.frame(0)
        derived = DerivedFrames(large, chosen, seed=1, name="medium")

        def image() -> None:
            frame = latent
            for stage in derived.prepared:
                frame = stage.image(frame, 0)

        print(f"  image            {cpu_seconds(arguments.repeats, image):7.3f} CPU s a frame")
        start = time.process_time()
        derived.annotation(0)
        print(f"  labels           {time.process_time() - start:7.3f} CPU s once")
        clouded = DerivedFrames(large, medium, seed=1, name="medium")
        seconds = cpu_seconds(arguments.repeats, lambda: clouded.frame(0))
        print(f"  composed, with clouds {seconds:7.3f} CPU s a frame")


if __name__ == "__main__":
    main()
