"""Sentinel-2, Sentinel-3 and Landsat through eodag (https://eodag.readthedocs.io), which knows the providers.

eodag searches and knows the credentials: `EODAG__PROVIDER__AUTH__CREDENTIALS__...` in the environment, or its own
`eodag.yml`. Files that it would fetch by a plain GET are fetched by our own transfer, which resumes; what has to be
ordered, or comes from S3 or an interface of its own, eodag fetches itself.
"""

import logging
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests.auth import AuthBase

from errors import UserError
from products.download import checksum as checksums
from products.download.checksum import Checksum
from products.download.file_names import checked_name, name_in_url, shown
from products.download.http_answer import NotAllowed, only_for
from products.download.remote_item import RemoteItem, Watch, over_http
from products.download.selection import Selection
from products.download.transfer import Disagrees, Fetched
from products.download.transfer_limits import TransferLimits

# Multihash prefixes of STAC's `file:checksum`.
_MULTIHASH = {"1220": "sha256", "1340": "sha512", "1114": "sha1", "d50110": "md5"}
_PLAIN = "HTTPDownload"


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The files of the products that are found.

    Args:
        name: of the source, for sentences.
        source: `provider`, `product_type`, `titles`, `left_out`, `search_more`, `order_among`, `search_most`,
            `order_minutes`, `catalogue_checks`, and `accounts`: what a provider wants.
        selection: box, days, clouds, count, product_type, provider, order.
        limits: patience.

    Raises:
        UserError: eodag or the provider is missing, the search fails or finds nothing.
    """
    selection.only(name, ("box", "start", "end", "cloud_cover", "count", "product_type", "provider", "order"))
    provider = selection.provider or str(source["provider"])
    account = source.get("accounts", {}).get(provider, "what docs/downloads.md says of it")
    products = _search(name, provider, account, source, selection)
    items = [item for product in products for item in _items(product, source, account)]
    if not items:
        raise UserError(f"source={name}: found no product, expected some in that box and time on {provider}")
    return items


def _search(
    name: str, provider: str, account: str, source: Mapping[str, Any], selection: Selection
) -> list[Any]:
    gateway, failures = _gateway(provider, account)
    box = selection.needed(name, "box", "[7.5,46.2,8.3,46.8]")
    if box.west > box.east:
        raise UserError(
            f"box: found {box.as_list()} across the date line, expected two calls, one for each side"
        )
    start, end = selection.moments()
    wishes: dict[str, Any] = {"collection": selection.product_type or str(source["product_type"])}
    if selection.cloud_cover is not None:
        wishes["eo:cloud_cover"] = selection.cloud_cover
    count = selection.count or 1
    titles = str(source.get("titles", "*"))
    try:
        found = gateway.search(
            provider=provider,
            geom=box.as_list(),
            start=start,
            end=end,
            limit=_limit(count, titles, selection, source),
            raise_errors=True,
            validate=False,  # it would ask for the list of all wishes first
            **wishes,
        )
    except failures as error:
        raise UserError(
            f"source={name}: the search on {provider} failed ({_kind(error)}), expected a list of products"
        ) from error
    fitting = [product for product in found if fnmatchcase(str(product.properties["title"]), titles)]
    if selection.order is not None:
        fitting.sort(key=lambda product: _rank(product, selection.order == "cloudiest"))
    return fitting[:count]


def _limit(count: int, titles: str, selection: Selection, source: Mapping[str, Any]) -> int:
    """How many products to ask for: more than are wanted where some are left out or they shall be sorted."""
    more = int(source["search_more"]) if titles != "*" else 1
    if selection.order is None:
        return count * more
    return max(count, min(count * max(more, int(source["order_among"])), int(source["search_most"])))


def _rank(product: Any, cloudiest: bool) -> tuple[bool, float, str]:
    """Place in the order; products whose clouds nobody knows come last, equal ones by title."""
    try:
        cover = float(product.properties.get("eo:cloud_cover"))
    except (TypeError, ValueError):
        cover = math.nan
    unknown = math.isnan(cover)
    return unknown, 0.0 if unknown else -cover if cloudiest else cover, str(product.properties["title"])


def _gateway(provider: str, account: str) -> tuple[Any, tuple[type[Exception], ...]]:
    try:
        from eodag import EODataAccessGateway
        from eodag.config import EODAGSettings
        from eodag.utils.exceptions import EodagError
    except ImportError as error:
        raise UserError("eodag is not installed, expected it: uv sync --extra download") from error
    # Its lines hold addresses with tokens, and what fails is told in a sentence.
    logging.getLogger("eodag").setLevel(logging.CRITICAL)
    gateway = EODataAccessGateway(settings=EODAGSettings(providers_whitelist=[provider]))
    if provider not in gateway.providers:
        raise UserError(
            f"provider={provider}: eodag does not know it, lacks its plugin or its credentials; expected {account}"
        )
    return gateway, (EodagError, OSError)


def _items(product: Any, source: Mapping[str, Any], account: str) -> Iterator[RemoteItem]:
    title = checked_name(str(product.properties["title"]), str(product.provider))
    facts = {
        "product": title,
        "provider": str(product.provider),
        "acquired": product.properties.get("start_datetime"),
        "cloud_cover": product.properties.get("eo:cloud_cover"),
    }
    assets = _assets(product, source["left_out"])
    if type(product.downloader).__name__ == _PLAIN and assets:
        for asset in assets:
            url = str(asset["href"])
            file = name_in_url(url)
            yield _plain(
                file if len(assets) == 1 else f"{title}/{file}",
                url,
                asset,
                facts,
                _credentials(product, url),
                source,
                account,
            )
    elif type(product.downloader).__name__ == _PLAIN and _is_ready(product):
        url = str(product.remote_location)
        yield _plain(
            f"{title}.zip", url, product.properties, facts, _credentials(product, None), source, account
        )
    else:
        yield RemoteItem(
            title,
            f"eodag:{product.provider}/{product.collection}/{title}",
            _by_eodag(product, float(source["order_minutes"]), account),
            _number(product.properties.get("file:size")),
            facts=facts,
        )


def _assets(product: Any, left_out: list[str]) -> list[Mapping[str, Any]]:
    """The data of a product, where it lies in files of its own that can be fetched one by one."""
    if getattr(product.downloader.config, "ignore_assets", False):
        return []
    assets = [asset for asset in product.assets.values() if not _fits(str(asset.get("href")), left_out)]
    return assets if all(_is_web(asset.get("href")) for asset in assets) else []


def _fits(url: str, patterns: list[str]) -> bool:
    # eodag forgets the roles that a catalogue gives to assets, so what is a picture is told by its name.
    name = urlsplit(url).path.rsplit("/", 1)[-1].lower()
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_web(url: object) -> bool:
    return urlsplit(str(url)).scheme in ("http", "https")


def _is_ready(product: Any) -> bool:
    """Whether a plain GET gives it: nothing to order, no form to post."""
    ordered = getattr(product.downloader.config, "order_enabled", False)
    online = product.properties.get("order:status", "succeeded") == "succeeded"
    get = getattr(product.downloader.config, "method", "GET").upper() == "GET"
    return _is_web(product.remote_location) and get and (online or not ordered)


def _credentials(product: Any, asset_url: str | None) -> Callable[[], AuthBase | None]:
    """What eodag would send along: to assets only where the provider's `matching_url` fits."""
    login = product.downloader_auth
    if login is None or getattr(product.downloader.config, "no_auth_download", False):
        return lambda: None
    if asset_url is not None:
        pattern = getattr(login.config, "matching_url", None)
        if not getattr(login.config, "matching_conf", None) and not (
            pattern and re.match(pattern, asset_url)
        ):
            return lambda: None

    def credentials() -> AuthBase | None:
        found = login.authenticate()
        return found if isinstance(found, AuthBase) else None

    return credentials


def _plain(
    name: str,
    url: str,
    told: Mapping[str, Any],
    facts: Mapping[str, Any],
    credentials: Callable[[], AuthBase | None],
    source: Mapping[str, Any],
    account: str,
) -> RemoteItem:
    size = _number(told.get("file:size"))
    checksum = _checksum(told.get("file:checksum")) if source["catalogue_checks"] else None
    item = over_http(
        name,
        url,
        size=size if source["catalogue_checks"] else None,
        checksum=checksum,
        authority=only_for(url, credentials),
        facts=facts,
    )
    return RemoteItem(
        item.name, item.url, _with_account(item.fetch, shown(url), account), size, checksum, facts
    )


def _with_account(
    fetch: Callable[[Path, Watch], Fetched], where: str, account: str
) -> Callable[[Path, Watch], Fetched]:
    """The same, but what is wrong with credentials is told with the names of the variables."""

    def told(path: Path, watch: Watch) -> Fetched:
        from eodag.utils.exceptions import EodagError

        try:
            return fetch(path, watch)
        except NotAllowed as error:
            raise NotAllowed(f"{where}: credentials are missing or refused; expected {account}") from error
        except Disagrees as error:  # some records of catalogues are wrong
            raise Disagrees(
                f"{error}; generator.shared.eodag.catalogue_checks=false takes the file without these checks"
            ) from error
        except EodagError as error:
            raise NotAllowed(
                f"{where}: credentials are missing or refused ({_kind(error)}); expected {account}"
            ) from error

    return told


def _by_eodag(product: Any, minutes: float, account: str) -> Callable[[Path, Watch], Fetched]:
    def fetch(path: Path, watch: Watch) -> Fetched:
        from eodag.utils import ProgressCallback

        if path.exists():
            raise UserError(
                f"{path}: found it there, but not in downloads.json; expected nothing of that name"
            )

        class Told(ProgressCallback):
            """Passes on what eodag tells."""

            done = 0

            def __call__(self, increment: int, total: int | None = None) -> None:
                self.done += int(increment)
                watch.progress(self.done, total)

        incoming = path.with_name(f".{path.name}.part")
        incoming.mkdir(exist_ok=True)
        try:
            got = Path(
                product.download(
                    progress_callback=Told(disable=True),
                    output_dir=str(incoming),
                    extract=False,
                    wait=1,
                    timeout=minutes,
                )
            )
        except Exception as error:  # its plugins raise what the libraries below them raise
            raise UserError(
                f"{path.name}: eodag could not fetch it from {product.provider} ({_kind(error)}); expected {account}"
            ) from error
        size = sum(
            one.stat().st_size for one in ([got] if got.is_file() else got.rglob("*")) if one.is_file()
        )
        if size > watch.size_limit_bytes:
            shutil.rmtree(incoming)
            raise UserError(f"{path.name}: found {size} bytes, expected at most {watch.size_limit_bytes}")
        got.rename(path)
        shutil.rmtree(incoming)
        return Fetched(size, checksums.digests(path, ["sha256"])["sha256"] if path.is_file() else None)

    return fetch


def _checksum(text: object) -> Checksum | None:
    """Of `file:checksum`: a multihash (STAC), or an MD5 as Copernicus gives it."""
    if not isinstance(text, str):
        return None
    for prefix, algorithm in _MULTIHASH.items():
        found = checksums.told(algorithm, text.lower().removeprefix(prefix))
        if text.lower().startswith(prefix) and found is not None:
            return found
    return checksums.told("md5", text)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() and int(text) > 0 else None


def _kind(error: Exception) -> str:
    """What an error is called; its text may hold addresses with tokens."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__} {status}" if isinstance(status, int) else type(error).__name__
