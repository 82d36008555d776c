"""What a super-resolved raster says of itself: its bands, where it lies, what its numbers mean, how it was made."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from rasterio.transform import Affine

from inference.sources import RasterMetadata
from networks.super_resolver import SuperResolver
from products.product import Product
from products.sensor import Band
from products.window import Window

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class OutputBand:
    """A band of the output.

    Attributes:
        name: short, e.g. "B4", or "SRB5" for a sharpened one.
        label: in words, e.g. "B4 (665 nm)", "SRB5 (705 nm)".
        scale, offset: physical value = scale * digital number + offset.
    """

    name: str
    label: str
    scale: float
    offset: float


def output_bands(
    product: Product, targets: Sequence[int], *, originals: bool, harmonised: bool
) -> list[OutputBand]:
    """The bands of the output in order: those of the finest grid if `originals`, then the sharpened groups."""
    sensor = product.sensor
    finest = sensor.group(product.finest_m) if originals else ()
    return [_band(product, band, "", harmonised) for band in finest] + [
        _band(product, band, "SR", harmonised) for distance in targets for band in sensor.group(distance)
    ]


def output_metadata(product: Product, window: Window, bands: Sequence[OutputBand]) -> RasterMetadata:
    """Type, nodata, georeference of the window, names of the bands, and the product's own tags."""
    grid, sensor = product.grids[product.finest_m], product.sensor
    transform = _IDENTITY
    if grid.transform is not None:
        transform = tuple(Affine(*grid.transform) @ Affine.translation(window.column, window.row))[:6]
    labels = tuple(band.label for band in bands)
    return RasterMetadata(sensor.dtype, sensor.nodata, grid.crs, transform, labels, dict(product.tags))


def provenance(
    product: Product,
    networks: Sequence[SuperResolver],
    window: Window,
    *,
    harmonised: bool,
    precision: str,
) -> dict[str, str]:
    """Tags that say what was made from what, by which networks, and in which convention the numbers are."""
    tags = {
        "NADIR_VERSION": version("nadir"),
        "NADIR_PRODUCT": product.name,
        "NADIR_SENSOR": product.sensor.name,
        "NADIR_WINDOW": str(window),  # row, column, height, width on the product's finest grid
        "NADIR_PRECISION": precision,
        "NADIR_DIGITAL_NUMBERS": "harmonised" if harmonised else "product",
        "NADIR_RADIOMETRIC_OFFSET": _offsets(product),  # added to the product's numbers before the network
    }
    if product.synthetic:
        tags["NADIR_SYNTHETIC"] = "1"
    for network in networks:
        grid = f"{network.target_m}M"
        tags[f"NADIR_NETWORK_{grid}"] = json.dumps(network.description())
        tags[f"NADIR_WEIGHTS_{grid}"] = network.source
        tags[f"NADIR_NORMALISATION_{grid}"] = f"(x {network.offset:+g}) / {network.scale:g}"
    return tags


def _band(product: Product, band: Band, prefix: str, harmonised: bool) -> OutputBand:
    sensor = product.sensor
    scale = product.scales.get(band.name, sensor.scale)
    offset = product.physical_offsets.get(band.name, sensor.offset)
    if not harmonised:
        offset += scale * product.offsets.get(band.name, 0.0)
    return OutputBand(prefix + band.name, prefix + band.label, scale, offset)


def _offsets(product: Product) -> str:
    """One number where all bands have the same, else band by band."""
    names = [band for distance in product.grids for band in product.sensor.group(distance)]
    offsets = {band.name: product.offsets.get(band.name, 0.0) for band in names}
    if len(set(offsets.values())) == 1:
        return f"{next(iter(offsets.values())):g}"
    return ", ".join(f"{name} {offset:g}" for name, offset in offsets.items())
