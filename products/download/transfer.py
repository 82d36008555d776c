"""The one door for a file from a URL: resumed, checked, limited, and visible under its name only when whole."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from errors import UserError
from products.download import checksum as checksums
from products.download.checksum import Checksum
from products.download.file_names import shown
from products.download.http_answer import (
    Authority,
    NotAllowed,
    PassingFailure,
    answer,
    no_credentials,
    pause,
    read_some,
)
from products.download.part_file import Origin, PartFile, part_of
from products.download.transfer_limits import TransferLimits


class Disagrees(UserError):
    """The file is not what the list, or its checksum, says it is. Nothing is left of it."""


Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all (None: not known)

SIZE_LIMIT_BYTES = 16 * 10**9  # of a file where the caller says nothing: larger than any single product
_CHUNK = 1 << 18
_ENOUGH = 1 << 14  # bytes that make an attempt count as one that brought something


@dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes:
        size: bytes.
        sha256: of them, 64 hexadecimal digits; None where the file was there already and was known by another checksum.
    """

    size: int
    sha256: str | None


def fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    checksum: Checksum | None = None,
    size: int | None = None,
    size_limit_bytes: int = SIZE_LIMIT_BYTES,
    progress: Progress | None = None,
    authority: Authority = no_credentials,
    limits: TransferLimits | None = None,
) -> Fetched:
    """Fetch `url` into the file `path`; its folder is made.

    A file that is there with the right checksum is left alone, any other is replaced when the new one is whole. An
    interrupted transfer leaves `.NAME.part` and is continued by the next call.

    Args:
        url: http or https, without user and password.
        path: the file.
        sha256: 64 hexadecimal digits that the bytes must come to.
        checksum: another checksum, where there is no `sha256`.
        size: bytes that the file must have, if that is known.
        size_limit_bytes: at most, whatever the server says.
        progress: told the bytes so far and in all, from time to time.
        authority: the credentials for a URL.
        limits: patience.

    Returns:
        What was fetched.

    Raises:
        NotThere, NotAllowed: see `http_answer`.
        Disagrees: another checksum or size than expected.
        UserError: too large (nothing is left of the file then), or a server that fails.
    """
    wanted = checksums.given(sha256, "sha256") if sha256 is not None else checksum
    limits = limits or TransferLimits()
    if wanted is not None and path.is_file() and wanted.matches(path):
        return Fetched(path.stat().st_size, wanted.value if wanted.algorithm == "sha256" else None)
    fingerprint = hashlib.sha256(url.encode()).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    with part_of(path) as part:
        known = part.origin
        if known is not None and (known.url, known.checksum) != (
            fingerprint,
            str(wanted) if wanted else None,
        ):
            part.restart()
        transfer = _Transfer(
            url, part, fingerprint, wanted, size, size_limit_bytes, progress, authority, limits
        )
        transfer.run()
        found = transfer.verified()
        part.finish(path)
    return found


@dataclass
class _Transfer:
    url: str
    part: PartFile
    fingerprint: str
    wanted: Checksum | None
    size: int | None
    size_limit_bytes: int
    progress: Progress | None
    authority: Authority
    limits: TransferLimits

    def run(self) -> None:
        """All attempts."""
        failures = 0
        brought = False  # whether the attempt before brought something
        while True:
            before = self.part.size
            try:
                if self._attempt():
                    return
                failure = PassingFailure(f"{shown(self.url)}: the transfer had to begin anew", wait_s=0)
            except PassingFailure as caught:
                failure = caught
            except NotAllowed as refused:
                if not brought:  # else a token ran out amid the file, and is asked for anew
                    raise
                failure = PassingFailure(str(refused))
            brought = self.part.size > before
            failures = 1 if self.part.size - before >= _ENOUGH else failures + 1
            pause(failures, failure, self.limits)

    def _attempt(self) -> bool:
        """One request; whether the file is whole now."""
        have = self.part.size
        origin = self.part.origin
        headers = {}
        if origin is None or not (origin.validator or self.wanted):
            have = 0  # nobody could tell whether the rest belongs to the same file
        if have:
            headers["Range"] = f"bytes={have}-"
            if origin is not None and origin.validator:
                headers["If-Range"] = origin.validator
        with answer(self.url, self.limits, headers=headers, authority=self.authority) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return self._beyond_the_end(response, have)
            total = self._begin(response, have)
            self._check_size(total)
            self._receive(response, total)
        if total is not None and self.part.size < total:
            raise PassingFailure(f"{shown(self.url)}: broke off at {self.part.size} of {total} bytes")
        return True

    def _beyond_the_end(self, response: requests.Response, have: int) -> bool:
        match = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("Content-Range", ""))
        if have and match and int(match[1]) == have:
            return True  # the last attempt was cut off behind the last byte
        self.part.restart()
        return False

    def _begin(self, response: requests.Response, have: int) -> int | None:
        """Put the part in the state that the answer continues; the bytes of the whole file, if that is known."""
        length = response.headers.get("Content-Length", "")
        if response.status_code == requests.codes.partial_content:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if not have or match is None or int(match[1]) != have:
                self.part.restart()
                raise PassingFailure(f"{shown(self.url)}: sent another part than it was asked for")
            return int(match[2]) if match[2] != "*" else self.size
        total = int(length) if length.isdigit() else None
        named = str(self.wanted) if self.wanted else None
        self.part.restart(Origin(self.fingerprint, named, _validator(response), total))
        return total

    def _check_size(self, total: int | None) -> None:
        if total is not None and self.size is not None and total != self.size:
            self.part.discard()
            raise Disagrees(f"{shown(self.url)}: found {total} bytes, expected {self.size} as listed")
        if total is None:
            return
        if total > self.size_limit_bytes:
            self.part.discard()
            raise UserError(
                f"{shown(self.url)}: found {total} bytes, expected at most {self.size_limit_bytes}"
            )
        free = shutil.disk_usage(self.part.path.parent).free
        if total - self.part.size > free:
            raise UserError(
                f"{self.part.path.parent}: found {free} bytes free, expected room for {total - self.part.size} more"
            )

    def _receive(self, response: requests.Response, total: int | None) -> None:
        most = min(self.size_limit_bytes, total if total is not None else self.size_limit_bytes)
        done = self.part.size
        self._tell(done, total)
        try:
            while chunk := read_some(response, _CHUNK):
                done += len(chunk)
                if done > most:
                    self.part.discard()
                    raise UserError(f"{shown(self.url)}: found more than {most} bytes, expected at most that")
                self.part.file.write(chunk)
                self._tell(done, total)
        finally:
            self.part.file.flush()

    def _tell(self, done: int, total: int | None) -> None:
        if self.progress is not None:
            self.progress(done, total)

    def verified(self) -> Fetched:
        """Hold the whole part against what is known of the file."""
        found = self.part.size
        if self.size is not None and found != self.size:
            self.part.discard()
            raise Disagrees(f"{shown(self.url)}: found {found} bytes, expected {self.size} as listed")
        algorithms = ["sha256"] + ([self.wanted.algorithm] if self.wanted else [])
        values = checksums.digests(self.part.path, algorithms)
        if self.wanted is not None and values[self.wanted.algorithm] != self.wanted.value:
            self.part.discard()
            raise Disagrees(
                f"{shown(self.url)}: found the checksum {self.wanted.algorithm}:{values[self.wanted.algorithm]}, "
                f"expected {self.wanted}; the file was removed"
            )
        return Fetched(found, values["sha256"])


def _validator(response: requests.Response) -> str | None:
    """What `If-Range` may name: a strong ETag, else the date of the last change."""
    tag = response.headers.get("ETag", "").strip()
    if tag.startswith('"') and tag.endswith('"') and len(tag) > 2:
        return tag
    return response.headers.get("Last-Modified") or None
