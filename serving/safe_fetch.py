"""A product fetched from a URL that a stranger has given: only http(s), only public addresses, limited and timed.

Each host is resolved once, every address that it has is judged, and the connection goes to the judged address, so a
name server that answers otherwise the second time (DNS rebinding) gains nothing. Redirects are judged alike.
Proxies of the environment are not used: what they resolve nobody could judge.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from errors import UserError

CHUNK = 1 << 20
CONNECT_S = 10  # at most, to each address
REDIRECTS = (301, 302, 303, 307, 308)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 addresses in IPv6 clothes (RFC 6052)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class FetchLimits:
    """What `fetch` allows.

    Attributes:
        size_bytes: of the file.
        time_s: for all of it.
        redirects: followed at most.
        ports: that may be reached.
        private_networks: let through although they are not public, e.g. "10.1.0.0/16".
    """

    size_bytes: int
    time_s: float
    redirects: int = 5
    ports: Sequence[int] = (80, 443)
    private_networks: Sequence[str] = ()


def fetch(url: str, file: Path, limits: FetchLimits) -> str:
    """Load `url` into `file`; returns the name that the URL gives it, for a reader's eyes only.

    Raises:
        UserError: an address that may not be reached, a server that refuses, is too slow or sends too much. Nothing
            is left of the file then.
    """
    deadline = time.monotonic() + limits.time_s
    try:
        for _ in range(limits.redirects + 1):
            target = _fetch_once(url, file, limits, deadline)
            if target is None:
                return _name_of(url)
            url = urljoin(url, target)
        raise UserError(f"url: more than {limits.redirects} redirects")
    except UserError:
        file.unlink(missing_ok=True)
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        file.unlink(missing_ok=True)
        if time.monotonic() >= deadline:
            raise UserError(f"url: not loaded within {limits.time_s:g} s") from error
        raise UserError(
            f"url: {_host_of(url)} did not answer as expected ({type(error).__name__})"
        ) from error


def judged_addresses(host: str, port: int, limits: FetchLimits) -> list[str]:
    """The addresses of a host, all of which may be reached.

    Raises:
        UserError: no such host, or one of its addresses is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UserError(f"url: there is no host '{host}'") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not _may_reach(address, limits):
            raise UserError(f"url: '{host}' is not a public address; expected one that anybody can reach")
    return addresses


def _may_reach(text: str, limits: FetchLimits) -> bool:
    if "%" in text:  # an IPv6 address with a zone belongs to a link
        return False
    address = _unwrapped(ipaddress.ip_address(text))
    if any(address in ipaddress.ip_network(network, strict=False) for network in limits.private_networks):
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _fetch_once(url: str, file: Path, limits: FetchLimits, deadline: float) -> str | None:
    """Write the file, or return where the server sends us."""
    parts, port = _checked(url, limits)
    host = str(parts.hostname)
    addresses = judged_addresses(host, port, limits)
    connection = _connect(parts.scheme, host, port, addresses, deadline)
    # A server that sends a byte now and then never lets a read time out: the clock hangs up.
    clock = threading.Timer(max(deadline - time.monotonic(), 0), _hang_up, [connection.sock])
    clock.daemon = True
    clock.start()
    try:
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": "nadir", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        if answer.status in REDIRECTS and answer.headers.get("Location"):
            return str(answer.headers["Location"])
        if answer.status != http.client.OK:
            raise UserError(f"url: {host} answered {answer.status} {answer.reason}; expected a file")
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > limits.size_bytes:
            raise UserError(f"url: {length} bytes; expected at most {limits.size_bytes}")
        received = _write(answer, file, limits.size_bytes)
        if (length.isdigit() and received != int(length)) or time.monotonic() >= deadline:
            raise OSError("the connection broke off")
        return None
    finally:
        clock.cancel()
        connection.close()


def _checked(url: str, limits: FetchLimits) -> tuple[SplitResult, int]:
    if re.search(r"[\x00-\x20\x7f]", url):
        raise UserError(
            "url: found spaces or control characters; expected http://HOST/PATH or https://HOST/PATH"
        )
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise UserError("url: not a URL; expected http://HOST/PATH or https://HOST/PATH") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"url: found '{parts.scheme}:'; expected http://HOST/PATH or https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise UserError("url: found a user name or password; expected a product that anybody may load")
    if port not in limits.ports:
        raise UserError(f"url: found port {port}; expected {' or '.join(map(str, limits.ports))}")
    return parts, port


def _connect(
    scheme: str, host: str, port: int, addresses: Sequence[str], deadline: float
) -> http.client.HTTPConnection:
    """A connection to the first of `addresses` that answers, on which the host's name is spoken."""
    failure: OSError | None = None
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, port), timeout=min(CONNECT_S, left))
        except OSError as error:
            failure = error
            continue
        sock.settimeout(max(deadline - time.monotonic(), 0.01))
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0  # it would resolve the name again
        try:
            if scheme == "https":
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
                connection.default_port = http.client.HTTPS_PORT  # else the Host header names the port
        except OSError:
            sock.close()
            raise
        connection.sock = sock
        return connection
    raise failure or TimeoutError("no time left to connect")


def _hang_up(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        sock.close()  # it was on its way out


def _write(answer: http.client.HTTPResponse, file: Path, size_bytes: int) -> int:
    received = 0
    with file.open("xb") as out:
        while chunk := answer.read(CHUNK):
            received += len(chunk)
            if received > size_bytes:
                raise UserError(f"url: more than {size_bytes} bytes; expected at most that")
            out.write(chunk)
    return received


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or "the server"


def _name_of(url: str) -> str:
    return unquote(urlsplit(url).path).rsplit("/", 1)[-1]
