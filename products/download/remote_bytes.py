"""A file on a server, read here and there by `Range`: so the directory of an archive is read without the archive."""

import io
import re
from contextlib import ExitStack

import requests

from errors import UserError
from products.download.file_names import shown
from products.download.http_answer import (
    Authority,
    PassingFailure,
    answer,
    no_credentials,
    pause,
    read_some,
    with_patience,
)
from products.download.transfer_limits import TransferLimits

_NEAR = 1 << 20  # bytes that are rather read over than asked for anew
_CHUNK = 1 << 18


def open_remote(url: str, limits: TransferLimits, authority: Authority = no_credentials) -> io.BufferedReader:
    """A file on a server, opened for reading; `read(n)` gives all `n` bytes. See `RemoteBytes`."""
    return io.BufferedReader(RemoteBytes(url, limits, authority), _CHUNK)


class RemoteBytes(io.RawIOBase):
    """A seekable file on a server. Reading on costs no further request, so members of an archive come in one stream.

    Args:
        url: http or https.
        limits: patience.
        authority: the credentials for a URL.

    Attributes:
        size: of the file in bytes.

    Raises:
        UserError: the server gives no parts of files.
    """

    def __init__(self, url: str, limits: TransferLimits, authority: Authority = no_credentials) -> None:
        super().__init__()
        self._url, self._limits, self._authority = url, limits, authority
        self._position = 0
        self._stack = ExitStack()
        self._response: requests.Response | None = None
        self._at = 0  # where the open answer stands
        self._tag: str | None = None
        self.size = with_patience(self._ask_size, limits)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; nothing is asked for yet."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read the next bytes.

        Raises:
            UserError: the server fails too often.
        """
        count = min(len(buffer), self.size - self._position)
        if count <= 0:
            return 0
        failures = 0
        while True:
            try:
                data = self._read(count)
            except PassingFailure as failure:
                self._hang_up()
                failures += 1
                pause(failures, failure, self._limits)
            else:
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)

    def close(self) -> None:
        """Let the server go."""
        self._hang_up()
        super().close()

    def _read(self, count: int) -> bytes:
        if self._response is None or not 0 <= self._position - self._at <= _NEAR:
            self._open()
        while self._at < self._position:
            self._next(min(self._position - self._at, _CHUNK))
        return self._next(count)

    def _next(self, count: int) -> bytes:
        assert self._response is not None
        data = read_some(self._response, count)
        if not data:
            raise PassingFailure(f"{shown(self._url)}: broke off at {self._at} of {self.size} bytes")
        self._at += len(data)
        return data

    def _open(self) -> None:
        self._hang_up()
        headers = {"Range": f"bytes={self._position}-"}
        if self._tag is not None:
            headers["If-Range"] = self._tag
        response = self._stack.enter_context(
            answer(self._url, self._limits, headers=headers, authority=self._authority)
        )
        start, size = _part(response, self._url)
        if (start, size) != (self._position, self.size):
            raise UserError(f"{shown(self._url)}: found another file than before, expected the same")
        self._response, self._at = response, start

    def _hang_up(self) -> None:
        self._stack.close()
        self._response = None

    def _ask_size(self) -> int:
        with answer(
            self._url, self._limits, headers={"Range": "bytes=0-0"}, authority=self._authority
        ) as response:
            size = _part(response, self._url)[1]
            tag = response.headers.get("ETag", "").strip()
            self._tag = tag if tag.startswith('"') else None
            return size


def _part(response: requests.Response, url: str) -> tuple[int, int]:
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if response.status_code != requests.codes.partial_content or match is None:
        raise UserError(
            f"{shown(url)}: found a server that gives no parts of this file, expected it to answer Range"
        )
    return int(match[1]), int(match[2])
