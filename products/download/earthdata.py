"""MODIS, VIIRS and other collections of NASA through earthaccess (https://earthaccess.readthedocs.io).

The catalogue (CMR) is open to everybody; the files want an account: `EARTHDATA_TOKEN`, or `EARTHDATA_USERNAME` and
`EARTHDATA_PASSWORD`, or a line for `urs.earthdata.nasa.gov` in `~/.netrc`. The token goes only to hosts of the config.
"""

import ipaddress
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from errors import UserError
from products.download import checksum as checksums
from products.download.file_names import name_in_url, shown
from products.download.http_answer import Authority, NotAllowed
from products.download.remote_item import RemoteItem, Watch, over_http
from products.download.selection import Selection
from products.download.transfer import Fetched
from products.download.transfer_limits import TransferLimits

_ACQUIRED = re.compile(r"\.A\d{7}\.\d{4}\.")  # MOD09.A2024153.1010.061.2024154022345.hdf
_LATER = (429, 500, 502, 503, 504)
_ACCOUNT = (
    "EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, in the environment, or a line for {host} in ~/.netrc "
    "(an account is free at https://urs.earthdata.nasa.gov)"
)


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The files of the granules that are found, and of their companions.

    Args:
        name: of the source, for sentences.
        source: `collection` and `version`, `companions` (collections that belong to the same minutes), `suffixes`,
            `catalogue`, `login_host`, `credential_hosts`, `clouds` (whether its granules carry a cloud cover).
        selection: box, days, clouds, count, product_type (another collection, as `NAME` or `NAME/VERSION`).
        limits: patience.

    Raises:
        UserError: earthaccess is missing, the search fails or finds nothing.
    """
    selection.only(name, ("box", "start", "end", "cloud_cover", "count", "product_type"))
    collection = str(source["collection"])
    version = str(source["version"])
    companions = list(source.get("companions", ()))
    if selection.product_type is not None:
        collection, _, version = selection.product_type.partition("/")
        companions = []
    if selection.cloud_cover is not None and not source.get("clouds", False) and not selection.product_type:
        raise UserError(
            f"cloud_cover: granules of {collection} carry none in the catalogue, expected it to be left out"
        )
    box = selection.needed(name, "box", "[7.5,46.2,8.3,46.8]")
    catalogue = _Catalogue(name, str(source["catalogue"]), limits)
    wishes: dict[str, Any] = {"bounding_box": tuple(box.as_list())}
    if selection.start is not None or selection.end is not None:
        wishes["temporal"] = selection.moments()
    if selection.cloud_cover is not None:
        wishes["cloud_cover"] = (0, selection.cloud_cover)
    granules = catalogue.search(collection, version, selection.count or 1, wishes)
    if not granules:
        raise UserError(
            f"source={name}: found no granule of {collection} {version}, expected some in that box and time"
        )
    for granule in list(granules):
        for companion in companions:
            granules += catalogue.companions(granule, *str(companion).split("/"))
    login = _Login(str(source["login_host"]), list(source["credential_hosts"]))
    items = [item for granule in granules for item in _items(granule, source["suffixes"], login)]
    if not items:
        raise UserError(
            f"source={name}: found granules without files, expected some of {list(source['suffixes'])}"
        )
    return items


class _Catalogue:
    def __init__(self, source: str, url: str, limits: TransferLimits) -> None:
        try:
            from earthaccess import DataGranules
        except ImportError as error:
            raise UserError("earthaccess is not installed, expected it: uv sync --extra download") from error
        logging.getLogger("earthaccess").setLevel(logging.CRITICAL)  # what fails is told in a sentence
        self._query, self._source, self._url, self._limits = DataGranules, source, url, limits

    def search(self, collection: str, version: str, count: int, wishes: Mapping[str, Any]) -> list[Any]:
        """Granules of a collection."""
        try:
            query = self._query().mode(self._url)
            query.session = _patient_session(self._limits)
            query.parameters(short_name=collection, **({"version": version} if version else {}), **wishes)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of its own coming version
                return list(query.get(count))
        except (RuntimeError, ValueError, TypeError, KeyError, requests.RequestException) as error:
            raise UserError(
                f"source={self._source}: the search for {collection} on {urlsplit(self._url).hostname} failed "
                f"({type(error).__name__}), expected a list of granules"
            ) from error

    def companions(self, granule: Any, collection: str, version: str = "") -> list[Any]:
        """The granule of another collection that was seen in the same minutes."""
        title = str(granule["umm"].get("GranuleUR", ""))
        span = granule["umm"].get("TemporalExtent", {}).get("RangeDateTime", {})
        stamp = _ACQUIRED.search(title)
        if stamp is None or not span:
            return []
        wishes = {"temporal": (span["BeginningDateTime"], span["EndingDateTime"])}
        found = self.search(collection, version, 10, wishes)
        same = [one for one in found if stamp[0] in str(one["umm"].get("GranuleUR", ""))]
        if not same:
            raise UserError(
                f"source={self._source}: found no {collection} {version} for {title}, expected one"
            )
        return same[:1]


def _patient_session(limits: TransferLimits) -> requests.Session:
    """earthaccess asks without a time-out and without a second attempt."""

    class Patient(HTTPAdapter):
        def send(self, *arguments: Any, **options: Any) -> requests.Response:
            options["timeout"] = options.get("timeout") or (limits.connect_s, limits.read_s)
            return super().send(*arguments, **options)

    retries = urllib3.Retry(
        total=limits.attempts - 1,
        backoff_factor=limits.first_wait_s / 2,
        status_forcelist=_LATER,
        respect_retry_after_header=True,
    )
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Patient(max_retries=retries))
    return session


def _items(granule: Any, suffixes: list[str], login: "_Login") -> Iterator[RemoteItem]:
    umm = granule["umm"]
    span = umm.get("TemporalExtent", {}).get("RangeDateTime", {})
    facts = {
        "product": umm.get("GranuleUR"),
        "acquired": span.get("BeginningDateTime"),
        "cloud_cover": umm.get("CloudCover"),
    }
    told = umm.get("DataGranule", {}).get("ArchiveAndDistributionInformation", [])
    links = [
        url
        for url in dict.fromkeys(granule.data_links(access="external"))
        if urlsplit(url).scheme in ("http", "https")
        and PurePosixPath(urlsplit(url).path).suffix.lower() in suffixes
    ]
    for url in links:
        name = name_in_url(url)
        fits = [one for one in told if one.get("Name") == name] or (
            told if len(told) == len(links) == 1 else []
        )
        about = fits[0] if fits else {}
        checksum = about.get("Checksum") or {}
        exact = about.get("SizeInBytes")
        item = over_http(
            name,
            url,
            size=int(exact) if exact else None,
            checksum=checksums.told(checksum.get("Algorithm"), checksum.get("Value")),
            authority=login.authority,
            facts=facts,
        )
        size = item.size if item.size is not None else _rounded_size(about)
        fetch = _with_account(item.fetch, shown(url), login)
        yield RemoteItem(item.name, item.url, fetch, size, item.checksum, facts)


def _rounded_size(about: Mapping[str, Any]) -> int | None:
    """What the catalogue says in megabytes: for the list, too coarse to judge a file by."""
    factors = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
    try:
        return int(float(about["Size"]) * factors[str(about.get("SizeUnit", "MB")).upper()])
    except (KeyError, ValueError, TypeError):
        return None


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Login:
    """The account, asked for when the first file is fetched."""

    def __init__(self, host: str, credential_hosts: list[str]) -> None:
        self._host, self._hosts = host, credential_hosts
        self._auth: Any = None

    @property
    def account(self) -> str:
        """What is wanted, for sentences."""
        return _ACCOUNT.format(host=self._host)

    @property
    def authority(self) -> Authority:
        """The token for the hosts of the config, by https; the password for the login host alone."""

        def credentials(url: str) -> AuthBase | None:
            parts = urlsplit(url)
            host = parts.hostname or ""
            if parts.scheme != "https" and not _is_this_machine(host):
                return None
            auth = self._logged_in()
            if parts.netloc == self._host and auth.username and auth.password:
                return HTTPBasicAuth(auth.username, auth.password)
            if any(host == one or (one.startswith(".") and host.endswith(one)) for one in self._hosts):
                return _Bearer(str(auth.token["access_token"]))
            return None

        return credentials

    def _logged_in(self) -> Any:
        if self._auth is not None:
            return self._auth
        from earthaccess.auth import Auth
        from earthaccess.exceptions import LoginAttemptFailure, LoginStrategyUnavailable
        from earthaccess.system import PROD, EDLHostname, System

        system = System(PROD.cmr_base_url, PROD.status_url, PROD.status_api_url, EDLHostname(self._host))
        for strategy in ("environment", "netrc"):
            auth = Auth()
            try:
                auth.login(strategy=strategy, system=system)
            except LoginStrategyUnavailable:
                continue  # the next place to look
            except (LoginAttemptFailure, KeyError, ValueError, requests.RequestException) as error:
                raise NotAllowed(
                    f"{self._host}: the login failed ({type(error).__name__}); expected {self.account}"
                ) from error
            self._auth = auth
            return auth
        raise NotAllowed(f"{self._host}: found no credentials, expected {self.account}")


def _with_account(
    fetch: Callable[[Path, Watch], Fetched], where: str, login: _Login
) -> Callable[[Path, Watch], Fetched]:
    def told(path: Path, watch: Watch) -> Fetched:
        try:
            return fetch(path, watch)
        except NotAllowed as error:
            if "expected EARTHDATA" in str(error):
                raise
            raise NotAllowed(f"{where}: the credentials were refused; expected {login.account}") from error

    return told


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
