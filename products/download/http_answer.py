"""One request to a server: only http(s), redirects followed by hand, credentials for no other host.

Nothing that is raised or logged here holds a URL's query or a header: both may carry tokens.
"""

import email.utils
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from errors import UserError
from products.download.file_names import shown
from products.download.transfer_limits import TransferLimits

Authority = Callable[[str], AuthBase | None]  # the credentials for a URL, if it may have any

USER_AGENT = "nadir"
T = TypeVar("T")
_LATER = (408, 425, 429, 500, 502, 503, 504)  # worth another attempt
_NOT_THERE = (404, 410)
_NOT_ALLOWED = (401, 403)
_RANGE_NOT_SATISFIABLE = 416


class PassingFailure(Exception):
    """What another attempt may mend.

    Args:
        sentence: what happened.
        wait_s: how long the server asks to wait, None where it says nothing.
    """

    def __init__(self, sentence: str, wait_s: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


class NotThere(UserError):
    """The server has no such file."""


class NotAllowed(UserError):
    """The server wants (other) credentials."""


class _Nothing(AuthBase):
    """No credentials: `requests` would otherwise look for some in ~/.netrc by itself."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def no_credentials(url: str) -> AuthBase | None:
    """The authority of public files."""
    return None


def only_for(url: str, credentials: Callable[[], AuthBase | None]) -> Authority:
    """Credentials for the server of `url` alone (scheme, host and port), asked for anew at each attempt."""
    own = _origin(url)
    return lambda asked: credentials() if _origin(asked) == own else None


@contextmanager
def answer(
    url: str,
    limits: TransferLimits,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    authority: Authority = no_credentials,
) -> Iterator[requests.Response]:
    """What the server says in the end: status 200, 206 or 416. The body is not read yet.

    Raises:
        PassingFailure: it was not reached, or asks to come back later.
        NotThere: no such file.
        NotAllowed: credentials are missing or refused.
        UserError: anything else, such as a redirect to something that is not http(s).
    """
    # Their debug lines hold queries with tokens.
    logging.getLogger("urllib3").setLevel(max(logging.INFO, logging.getLogger("urllib3").level))
    with requests.Session() as session:
        session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        for _ in range(limits.redirects + 1):
            _check(url)
            response = _send(session, method, url, headers, authority, limits)
            target = session.get_redirect_target(response)
            if target is not None:
                response.close()
                url = _followed(url, target)
                continue
            try:
                _judge(response, url)
                yield response
            finally:
                response.close()
            return
    raise UserError(f"{shown(url)}: found more than {limits.redirects} redirects, expected a file")


def read_some(response: requests.Response, count: int) -> bytes:
    """The next bytes as they were sent, at most `count`; empty at the end.

    Raises:
        PassingFailure: the connection broke off.
    """
    import urllib3

    try:
        return bytes(response.raw.read1(count, decode_content=False))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        host = urlsplit(response.url).hostname
        raise PassingFailure(f"{host} broke off ({type(error).__name__})") from error


def with_patience(action: Callable[[], T], limits: TransferLimits) -> T:
    """Do something until it succeeds, with growing pauses.

    Raises:
        UserError: it failed too often; or what the action raises.
    """
    failures = 0
    while True:
        try:
            return action()
        except PassingFailure as failure:
            failures += 1
            pause(failures, failure, limits)


def pause(failures: int, failure: PassingFailure, limits: TransferLimits) -> None:
    """Wait before the next attempt.

    Raises:
        UserError: there have been enough.
    """
    if failures >= limits.attempts:
        raise UserError(f"{failure}; given up after {failures} attempts") from failure
    wait = limits.first_wait_s * 2 ** (failures - 1) if failure.wait_s is None else failure.wait_s
    time.sleep(min(max(wait, 0.0), limits.longest_wait_s))


def _send(
    session: requests.Session,
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    authority: Authority,
    limits: TransferLimits,
) -> requests.Response:
    host = urlsplit(url).hostname
    try:
        return session.request(
            method,
            url,
            headers=dict(headers or {}),
            auth=authority(url) or _Nothing(),
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect_s, limits.read_s),
        )
    except requests.exceptions.SSLError as error:
        raise UserError(f"{host}: found no certificate that can be trusted, expected one") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise PassingFailure(f"{host} did not answer ({type(error).__name__})") from error
    except requests.RequestException as error:
        raise UserError(f"{shown(url)}: cannot be asked for ({type(error).__name__})") from error


def _judge(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (requests.codes.ok, requests.codes.partial_content, _RANGE_NOT_SATISFIABLE):
        if response.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise UserError(f"{shown(url)}: found a compressed answer, expected the file's own bytes")
        return
    said = f"{shown(url)}: the server says {status} {response.reason or ''}".rstrip()
    if status in _LATER:
        raise PassingFailure(said, _asked_wait(response))
    if status in _NOT_THERE:
        raise NotThere(f"{said}, expected a file")
    if status in _NOT_ALLOWED:
        raise NotAllowed(f"{said}, expected credentials that it accepts")
    raise UserError(f"{said}, expected a file")


def _asked_wait(response: requests.Response) -> float | None:
    """The seconds of `Retry-After`, which is a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(moment.timestamp() - time.time(), 0.0)


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise UserError("url: found no URL, expected http://HOST/PATH or https://HOST/PATH") from error
    if parts.scheme not in ("http", "https") or not complete or re.search(r"[\x00-\x20\x7f]", url):
        raise UserError(f"url: found {shown(url)!r}, expected http://HOST/PATH or https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise UserError(f"url: found a user name or password for {parts.hostname}, expected none in a URL")


def _followed(url: str, target: str) -> str:
    try:
        found = urljoin(url, target)
        parts = urlsplit(found)
    except ValueError as error:
        raise UserError(f"{shown(url)}: found a redirect to no URL, expected http or https") from error
    if parts.scheme not in ("http", "https"):
        raise UserError(f"{shown(url)}: found a redirect to '{parts.scheme}:', expected http or https")
    if urlsplit(url).scheme == "https" and parts.scheme == "http":
        raise UserError(f"{shown(url)}: found a redirect from https to http, expected it to stay safe")
    return found


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
