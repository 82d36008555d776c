"""What reading a window of a zipped SAFE product costs, against bare rasterio on the unzipped files.

    nice python -m benchmarks.read_safe                     # a quarter of a tile: 5490 x 5490 pixels of 10 m
    nice python -m benchmarks.read_safe --size 10980       # a whole one; takes minutes to write
    nice python -m benchmarks.read_safe --size 2196        # a quick look

The product is generated: 12 bands as JPEG 2000, 16 bits, lossless (5-3), 6 resolutions, blocks of 1024, 640 and 192
pixels for 10, 20 and 60 m, as ESA's are said to be; the pixels are noise of several scales, some 8 bits a pixel.
A window is 512 x 512 pixels of 10 m, and what lies below it at 20 and 60 m. All ways take turns at each window.

"opened anew" counts opening: ours reads the archive's directory and the metadata, and checks every band's file;
rasterio opens 12 files. "kept open" is what windows after the first cost.
"""

import argparse
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window as RasterioWindow
from scipy.ndimage import gaussian_filter

from products.product import Product
from products.window import Window
from tests.fakes import sentinel2 as fakes

BLOCKS = {10: 1024, 20: 640, 60: 192}
SIDE = 512  # pixels of 10 m
KINDS = {
    "folder": lambda folder, place: folder,
    "zip, stored": lambda folder, place: fakes.zipped(folder, place / "stored.zip"),
    "zip, deflated": lambda folder, place: fakes.zipped(
        folder, place / "deflated.zip", compression=zipfile.ZIP_DEFLATED
    ),
    "tar": lambda folder, place: fakes.tarred(folder, place / "a.tar"),
}


def main() -> None:
    """Read the command line, write the product, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=5490, help="side in pixels of 10 m, a multiple of 6")
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(f"writing a product of {arguments.size} x {arguments.size} pixels ...", flush=True)
        folder = write_product(Path(place), arguments.size, arguments.seed)
        paths = {kind: make(folder, Path(place)) for kind, make in KINDS.items()}
        generator = np.random.default_rng(arguments.seed)
        corners = generator.integers(0, (arguments.size - SIDE) // 6, (arguments.windows, 2)) * 6
        measure(folder, paths, [Window(int(row), int(column), SIDE, SIDE) for row, column in corners])


def write_product(place: Path, size: int, seed: int) -> Path:
    """A SAFE folder with today's names and metadata."""
    folder = fakes.safe(place, side=size // 60, groups={}, tile_xml=square_tile(size))
    (granule,) = (folder / "GRANULE").iterdir()
    number = 0
    for distance, bands in fakes.GROUPS.items():
        side, block = size * 10 // distance, BLOCKS[distance]
        for band in bands:
            number += 1
            pixels = scene(side, seed + number)
            padded = band if band == "B8A" else f"B{int(band[1:]):02d}"
            fakes.write_image(
                granule / "IMG_DATA" / f"T33UUU_20230908T093041_{padded}.jp2", pixels, distance,
                BLOCKXSIZE=str(block), BLOCKYSIZE=str(block), RESOLUTIONS="6", PLT="YES", NBITS="15",
            )  # fmt: skip
    return folder


def square_tile(size: int) -> str:
    """Metadata of a granule whose grids are squares."""
    text = fakes.tile_metadata()
    for distance in BLOCKS:
        rows, columns = fakes.SIDE * 60 // distance, (fakes.SIDE + 2) * 60 // distance
        side = size * 10 // distance
        text = text.replace(
            f"<NROWS>{rows}</NROWS><NCOLS>{columns}</NCOLS>", f"<NROWS>{side}</NROWS><NCOLS>{side}</NCOLS>"
        )
    return text


def scene(side: int, seed: int) -> np.ndarray:
    """Digital numbers with structure of several scales and the noise of a sensor, (side, side) uint16."""
    generator = np.random.default_rng(seed)
    pixels = generator.normal(2500, 25, (side, side)).astype(np.float32)
    for step, strength in (
        (2, 400),
        (8, 900),
        (32, 1400),
    ):  # blobs of some steps, in strips so that memory stays small
        coarse = gaussian_filter(generator.normal(0, 1, (side // step + 1,) * 2).astype(np.float32), 1.5)
        coarse *= strength / coarse.std()
        for row in range(0, side, 32 * step):
            part = coarse[row // step : row // step + 32].repeat(step, 0).repeat(step, 1)
            pixels[row : row + 32 * step] += part[: min(32 * step, side - row), :side]
    return np.clip(pixels, 1, 15000).astype(np.uint16)


def windows_of(window: Window) -> dict[int, Window]:
    """The window on each grid, rounded outwards."""
    found = {}
    for distance in BLOCKS:
        factor = distance // 10
        row, column = window.row // factor, window.column // factor
        found[distance] = Window(
            row, column, -(-window.bottom // factor) - row, -(-window.right // factor) - column
        )
    return found


def read_product(product: Product, window: Window) -> None:
    """All bands of a window, ours."""
    for distance, part in windows_of(window).items():
        product.read(distance, part)


def read_files(files: dict[int, list[rasterio.DatasetReader]], window: Window) -> None:
    """All bands of a window, bare rasterio."""
    for distance, part in windows_of(window).items():
        area = RasterioWindow(part.column, part.row, part.width, part.height)
        np.stack([file.read(1, window=area) for file in files[distance]])


def measure(folder: Path, paths: dict[str, Path], windows: list[Window]) -> None:
    """Take turns, and print medians."""
    names = {
        distance: [fakes.image_of(folder, band) for band in bands] for distance, bands in fakes.GROUPS.items()
    }
    sensor = fakes.sensor()
    sizes = {kind: path.stat().st_size / 2**20 for kind, path in paths.items() if path.is_file()}
    figures: dict[str, list[float]] = {}

    def timed(name: str, action: Callable[[], object]) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        action()
        figures.setdefault(name, []).append(time.perf_counter() - wall)
        figures.setdefault(f"{name} cpu", []).append(time.process_time() - processor)

    def anew(path: Path, window: Window) -> None:
        with sensor.open(path) as product:
            read_product(product, window)

    def anew_bare(window: Window) -> None:
        files = {distance: [rasterio.open(path) for path in found] for distance, found in names.items()}
        read_files(files, window)
        for file in (file for group in files.values() for file in group):
            file.close()

    for window in windows:
        timed("rasterio, opened anew", lambda window=window: anew_bare(window))
        for kind, path in paths.items():
            timed(f"{kind}, opened anew", lambda window=window, path=path: anew(path, window))
    files = {distance: [rasterio.open(path) for path in found] for distance, found in names.items()}
    products = {kind: sensor.open(path) for kind, path in paths.items()}
    for window in windows:
        timed("rasterio, kept open", lambda window=window: read_files(files, window))
        for kind, product in products.items():
            timed(f"{kind}, kept open", lambda window=window, product=product: read_product(product, window))
    print(f"{len(windows)} windows of {SIDE} pixels, 12 bands; medians; archives of " + ", ".join(
        f"{size:.0f} MB ({kind})" for kind, size in sizes.items()
    ))  # fmt: skip
    print(f"{'':32}{'wall s':>9}{'ratio':>8}{'cpu s':>9}{'ratio':>8}")
    for name, values in figures.items():
        if name.endswith(" cpu"):
            continue
        bare = f"rasterio, {name.rpartition(', ')[2]}"
        row = []
        for suffix in ("", " cpu"):
            found, reference = (
                statistics.median(figures[name + suffix]),
                statistics.median(figures[bare + suffix]),
            )
            row += [f"{found:9.3f}", f"{found / reference:8.2f}"]
        print(f"{name:32}{''.join(row)}")
        del values


if __name__ == "__main__":
    main()
