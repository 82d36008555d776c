"""What a raster file says of its bands beside their pixels."""

from dataclasses import dataclass
from pathlib import Path

from errors import UserError
from products.raster import open_dataset, read_info
from products.raster_header import RasterInfo

DECODERS = ("tifffile", "Pillow")  # of files that GDAL cannot open


@dataclass(frozen=True)
class RasterFacts:
    """Of a file whose bands are numbers; plain values only.

    Attributes:
        info: its header.
        described: what it calls each band of `info.indexes`, "" where it does not.
        scales, offsets: that it declares for each of these.
        tags: text metadata.
    """

    info: RasterInfo
    described: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    tags: dict[str, str]


def read_facts(path: Path) -> RasterFacts:
    """Read them; no pixels.

    Raises:
        UserError: the file cannot be read, or its bands are numbers of colours.
    """
    info = read_info(path)
    if info.palette:
        raise UserError(f"{path}: found an image with a palette, expected bands of numbers")
    count = len(info.indexes)
    if info.driver in DECODERS:
        return RasterFacts(info, ("",) * count, (1.0,) * count, (0.0,) * count, {})
    with open_dataset(str(path)) as dataset:
        places = [number - 1 for number in info.indexes]
        return RasterFacts(
            info,
            tuple(dataset.descriptions[place] or "" for place in places),
            tuple(float(dataset.scales[place]) for place in places),
            tuple(float(dataset.offsets[place]) for place in places),
            dict(dataset.tags()),
        )
