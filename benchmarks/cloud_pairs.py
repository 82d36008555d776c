"""What a pair of 200 x 200 pixels costs beside the network: composing it, and everything with its files.

    python benchmarks/cloud_pairs.py                     # 8-bit surfaces of 3 bands, and reflectance of 6
    python benchmarks/cloud_pairs.py --pairs 200
    python benchmarks/cloud_pairs.py --weights FILE      # what the generator costs on this machine

CPU milliseconds of one thread, so other jobs of the machine do not count; the goal is 5 for composing.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf

from products.binary_mask import png_bytes
from products.patch_raster import replace_bytes, write_patch
from synthesis.clouds.cloud_images import CloudImages, open_clouds
from synthesis.clouds.mask_source import MadeUpMasks
from synthesis.clouds.pair_making import PairMaker
from synthesis.clouds.pair_settings import PairSettings, fitted
from synthesis.clouds.pair_writing import write_pair
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.surfaces import Surfaces

CONFIG = Path(__file__).resolve().parents[1] / "conf"
SIDE = 200
BANDS = ("S1", "S2", "S3", "S4", "S5", "S6")


def main() -> None:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--weights", type=Path)
    arguments = parser.parse_args()
    print(f"{arguments.pairs} pairs of {SIDE} x {SIDE}, load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{'CPU ms a pair':34}{'draw':>9}{'cloud':>9}{'compose':>9}{'write':>9}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _surfaces(root)
        clouds = open_clouds(arguments.weights, None)
        shadow = {"cast": True, "pixel_m": 500}
        cases: tuple[tuple[str, dict[str, Any]], ...] = (
            ("picture", {}), ("picture", {"shadow": shadow}), ("picture", {"composition": "published"}),
            ("reflectance", {}), ("reflectance", {"shadow": shadow}),
        )  # fmt: skip
        for name, settings in cases:
            figures = _measured(_maker(root / name, clouds, settings), root / "out", arguments.pairs)
            words = ", ".join(
                [
                    name,
                    str(settings.get("composition", "alpha")),
                    *(["shadow"] if "shadow" in settings else []),
                ]
            )
            print(f"{words:34}" + "".join(f"{value:9.2f}" for value in figures))


def _surfaces(root: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(3):
        picture = generator.integers(10, 110, (3, 600, 600), dtype=np.uint8)
        replace_bytes(root / "picture" / f"{number}.png", png_bytes(picture))
        numbers = generator.integers(100, 3000, (len(BANDS), 600, 600), dtype=np.uint16)
        write_patch(root / "reflectance" / f"{number}.tif", numbers, None, bands=BANDS, nodata=0)


def _maker(surfaces: Path, clouds: CloudImages, settings: dict[str, Any]) -> PairMaker:
    config = OmegaConf.load(CONFIG / "generator" / "cloud_pairs.yaml")
    config.scenes.sensor = OmegaConf.load(CONFIG / "sensor" / "sentinel2_l1c.yaml")
    keys = OmegaConf.to_container(config)
    assert isinstance(keys, dict)
    rules = PairSettings(opacity=keys["opacity"], spectrum=keys["spectrum"], **settings)
    ground = Surfaces(str(surfaces), instantiate(config.scenes, _convert_="all"), SIDE, SIDE)
    masks = MadeUpMasks(ProceduralMasks(), SIDE, 1, 0)
    form = fitted(rules, ground.bands, ground.eight_bit, clouds.bands, clouds.learned, 1.0)
    return PairMaker(masks, ground, clouds, form, 0)


def _measured(maker: PairMaker, output: Path, count: int) -> list[float]:
    """CPU milliseconds a pair: to draw it, to make its cloud, to compose it, to write it."""
    spent = [0.0] * 4

    def timed(place: int, action: Callable[..., Any], *arguments: Any) -> Any:
        start = time.process_time()
        result = action(*arguments)
        spent[place] += time.process_time() - start
        return result

    for number in range(count):
        drawn = timed(0, maker.draw, number)
        (cloud,) = timed(1, maker.images, [drawn])
        pair = timed(2, maker.compose, drawn, cloud)
        timed(3, write_pair, output, drawn, pair, maker.form, maker.clouds.name, 0)
    return [1000 * seconds / count for seconds in spent]


if __name__ == "__main__":
    main()
