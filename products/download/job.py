"""What `generate.py generator=download source=... output=DIR` runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from products.download import (
    earthdata,
    eodag_catalogue,
    hub_repository,
    map_tiles,
    named_archives,
    zenodo,
)
from products.download.file_names import place
from products.download.http_answer import NotAllowed
from products.download.listing import progress_bar, show, size_in_words, total
from products.download.manifest import Manifest
from products.download.remote_item import RemoteItem, Watch
from products.download.selection import Selection, chosen, read_selection
from products.download.transfer_limits import TransferLimits

Finder = Callable[[str, Mapping[str, Any], Selection, TransferLimits], list[RemoteItem]]

FINDERS: dict[str, Finder] = {
    "zenodo": zenodo.find,
    "hub": hub_repository.find,
    "archives": named_archives.find,
    "tiles": map_tiles.find,
    "eodag": eodag_catalogue.find,
    "earthdata": earthdata.find,
}


def generate(
    output: str | Path,
    *,
    source: str,
    sources: Mapping[str, Mapping[str, Any]],
    shared: Mapping[str, Mapping[str, Any]],
    transfer: Mapping[str, Any],
    box: Sequence[float] | None = None,
    start: str | None = None,
    end: str | None = None,
    cloud_cover: float | None = None,
    count: int | None = None,
    product_type: str | None = None,
    provider: str | None = None,
    names: Sequence[str] | str | None = None,
    events: Sequence[str] | str | None = None,
    layer: str | None = None,
    footprint: str | None = None,
    footprints: Mapping[str, Sequence[float]] | None = None,
    order: str | None = None,
    max_gigabytes: float = 20.0,
    dry_run: bool = False,
    progress: bool = False,
) -> Path:
    """Fetch from a public server what is wanted and not there yet.

    What is to be fetched is listed first, with sizes. Files appear under their names when they are whole; an
    interrupted call goes on where it stopped when it is given again. `downloads.json` holds what was fetched.

    Args:
        output: folder.
        source: one of `sources`.
        sources: each with its `kind`; see `conf/generator/download.yaml`.
        shared: what sources of a kind have in common.
        transfer: the fields of `TransferLimits`.
        box: west, south, east, north in degrees.
        start, end: first and last day, ISO 8601.
        cloud_cover: percent at most.
        count: products at most; None = 1.
        product_type: collection of the catalogue; None = the source's own.
        provider: of eodag; None = the source's own.
        names: files or data sets, with `*` and `?`.
        events: events of THRawS, with `*` and `?`.
        layer: auxiliary layer.
        footprint: one of `footprints`, instead of a box.
        footprints: boxes by name.
        order: `cloudiest` or `clearest` of what is found; None = as the catalogue gives it.
        max_gigabytes: of all that would be fetched, in 10^9 bytes.
        dry_run: only list.
        progress: show a progress bar.

    Returns:
        The output folder.

    Raises:
        UserError: impossible wishes, nothing found, too much; and, after everything else was fetched, what failed.
    """
    output = Path(output)
    settings = chosen(sources, source, "source")
    kind = str(settings["kind"])
    settings = {**shared.get(kind, {}), **settings, "shared": shared}
    limits = TransferLimits(**transfer)
    if footprint is not None:
        if box is not None:
            raise UserError(f"footprint: found {footprint} and box={list(box)}, expected one of the two")
        box = chosen(footprints or {}, footprint, "footprint")
    selection = read_selection(
        box=box,
        start=start,
        end=end,
        cloud_cover=cloud_cover,
        count=count,
        product_type=product_type,
        provider=provider,
        names=names,
        events=events,
        layer=layer,
        order=order,
    )
    manifest = Manifest(output)
    items = _distinct(FINDERS[kind](source, settings, selection, limits))
    there = [item for item in items if manifest.has(item)]
    missing = [item for item in items if not manifest.has(item)]
    show(missing, there)
    if dry_run:
        return output
    most = int(max_gigabytes * 1e9)
    size, _ = total(missing)
    if size > most:
        raise UserError(
            f"max_gigabytes: found {size_in_words(size)} in {len(missing)} files to fetch, "
            f"expected at most {max_gigabytes:g} GB: wish for less, or give more"
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
        try:
            done, problems = _fetch(missing, output, manifest, most, limits, progress)
        finally:
            manifest.close()
    except OSError as error:
        raise UserError(
            f"output={output}: found no way to write there ({error.strerror}), expected a folder with room"
        ) from error
    if len(problems) == len(items) == 1:
        raise UserError(next(iter(problems.values())))
    if problems:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in problems.items())
        raise UserError(
            f"{len(missing) - done} of {len(items)} files were not fetched to {output}: {reasons}"
        )
    return output


def _fetch(
    items: Sequence[RemoteItem],
    output: Path,
    manifest: Manifest,
    most: int,
    limits: TransferLimits,
    progress: bool,
) -> tuple[int, dict[str, str]]:
    """Fetch one after the other; how many were, and the reasons of those that failed."""
    done = 0
    problems: dict[str, str] = {}
    left = most
    for item in items:
        try:
            with progress_bar(item.name, item.size, progress) as tell:
                fetched = item.fetch(place(output, item.name), Watch(left, tell, limits))
        except NotAllowed as error:
            problems[item.name] = str(error)
            break  # the others would be refused alike
        except UserError as error:
            problems[item.name] = str(error)
            continue
        left -= fetched.size
        done += 1
        manifest.add(item, fetched)
    return done, problems


def _distinct(items: Sequence[RemoteItem]) -> list[RemoteItem]:
    """The items without repetitions.

    Raises:
        UserError: two of them would be written under one name.
    """
    by_name: dict[str, RemoteItem] = {}
    for item in items:
        other = by_name.setdefault(item.name.lower(), item)
        if other.url != item.url:
            raise UserError(
                f"{item.name}: found it twice, as {other.url} and {item.url}; expected each name once"
            )
    return list(by_name.values())
