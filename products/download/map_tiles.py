"""Auxiliary layers that lie on public servers as tiles of whole degrees: elevation, surface water.

Layers that no server gives to everybody are refused with the name of the recipe in the documentation.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from errors import UserError
from products.download import earthdata
from products.download.file_names import listed, name_in_url
from products.download.http_answer import NotThere
from products.download.named_archives import size_of
from products.download.remote_item import RemoteItem, over_http
from products.download.selection import Box, Selection, chosen
from products.download.transfer_limits import TransferLimits


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The tiles of a layer that a box touches. Tiles that a server has not (sea) are left out.

    Args:
        name: of the source, for sentences.
        source: `layers`, each with `url`, `degrees` and `named_by`, with `collection` of NASA's, or with `recipe`.
        selection: `layer` and `box`.
        limits: patience.

    Raises:
        UserError: a layer without a server, or no tile there.
    """
    layers = source["layers"]
    layer_name = selection.needed(name, "layer", f"{next(iter(layers))} (of {', '.join(layers)})")
    layer = chosen(layers, layer_name, "layer")
    if layer.get("recipe"):
        raise UserError(
            f"layer={layer_name}: no public server gives it without an account and a form; export it as "
            f"docs/downloads.md says ({layer['recipe']}), to a file {layer['expected_file']}"
        )
    if layer.get("collection"):
        wishes = Selection(box=selection.box, start=selection.start, end=selection.end, count=selection.count)
        selection.only(name, ("layer", "box", "start", "end", "count"))
        return earthdata.find(
            f"{name} layer={layer_name}", {**source["shared"]["earthdata"], **layer}, wishes, limits
        )
    selection.only(name, ("layer", "box"))
    box = selection.needed(name, "box", "[7.5,46.2,8.3,46.8]")
    urls = [_url(layer, column, row) for column, row in tiles(box, int(layer["degrees"]))]
    most = int(source["most_tiles"])
    if len(urls) > most:
        raise UserError(f"box: found {len(urls)} tiles of layer={layer_name}, expected at most {most}")
    items = []
    for url in urls:
        try:
            items.append(over_http(name_in_url(url), url, size=size_of(url, limits)))
        except NotThere:
            continue  # a tile of nothing but sea
    if not items:
        raise UserError(
            f"box: layer={layer_name} has none of the tiles {listed(name_in_url(url) for url in urls)}"
        )
    return items


def tiles(box: Box, degrees: int) -> Iterator[tuple[int, int]]:
    """South-west corners (longitude, latitude) of the tiles that share more than an edge with a box, from south to north."""
    spans = [(box.west, box.east)] if box.west < box.east else [(box.west, 180.0), (-180.0, box.east)]
    for row in _steps(box.south, box.north, degrees):
        for west, east in spans:
            for column in _steps(west, east, degrees):
                yield column, row


def _steps(low: float, high: float, degrees: int) -> range:
    first, last = math.floor(low / degrees), math.ceil(high / degrees)
    return range(first * degrees, last * degrees, degrees)


def _url(layer: Mapping[str, Any], longitude: int, latitude: int) -> str:
    if layer["named_by"] == "north_west":
        latitude += int(layer["degrees"])
    return str(layer["url"]).format(
        lon=abs(longitude),
        lat=abs(latitude),
        ew="W" if longitude < 0 else "E",
        ns="S" if latitude < 0 else "N",
    )
