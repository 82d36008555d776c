"""From SLSTR products to pairs in one command: what `generate.py generator=cloud_training_set` runs."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from errors import UserError
from products.scene_reader import Images

LOG = logging.getLogger(__name__)
PRODUCTS, TILES = "products", "tiles"  # folders of the output


def generate(
    output: str | Path,
    *,
    surfaces: Images,
    download: Callable[..., Path],
    tiles: Callable[..., Path],
    pairs: Callable[..., Path],
    search: Mapping[str, Any],
    products: str | Path | None = None,
    **shared: Any,
) -> Path:
    """Fetch products where asked for, cut them into `tiles/`, and lay their clouds over clear images.

    Each step leaves alone what is there already, so the same command goes on wherever it was stopped. Products that cannot
    be fetched or read are left out by name.

    Args:
        output: folder of the training set; see `synthesis.clouds.pairs.generate` for what is in it.
        surfaces: clear images.
        download: fetches products into a folder, `output=`; see `products.download.job.generate`.
        tiles: cuts products, `input=`, `output=`; see `synthesis.clouds.tiles.generate`.
        pairs: composes, `masks=`, `surfaces=`, `output=`; see `synthesis.clouds.pairs.generate`.
        products: SEN3 folder, zip, or folder of these; with a search, where these are put. None: `products/` in the output.
        search: `count`: products that are fetched first (None: none); `box`: where, instead of a footprint by name. The other
            wishes are in `download` already.
        shared: settings that the config has handed to the steps already.

    Returns:
        The output folder.

    Raises:
        UserError: neither products nor a search, no usable product, or what the steps raise.
    """
    output = Path(output)
    folder = output / PRODUCTS if products is None else Path(products)
    if search["count"] is not None:
        _fetch(partial(download, footprint=None) if search.get("box") is not None else download, folder)
    elif not folder.exists():
        hint = "give products=FOLDER, or search.count=20 to fetch some"
        raise UserError(
            f"generator.products: found no products, expected SLSTR products: {hint}"
            if products is None
            else f"generator.products={products}: there is no such file or folder, expected SLSTR products"
        )
    cut = tiles(input=folder, output=output / TILES)
    return pairs(masks=cut, surfaces=surfaces, output=output)


def _fetch(download: Callable[..., Path], folder: Path) -> None:
    """Fetch products; those that fail are told, and it is an error only where none is there."""
    try:
        download(output=folder)
    except UserError as error:
        there = folder.is_dir() and any(
            path.suffix.lower() in (".zip", ".sen3") for path in folder.iterdir() if path.name[0] != "."
        )
        if not there:
            raise
        LOG.warning("not all products were fetched, those that are there are taken: %s", error)
