"""Checksums as servers tell them: `md5:...` (Zenodo), `SHA-256` and a value (CMR)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from errors import UserError

_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Checksum:
    """What a file's bytes must come to.

    Attributes:
        algorithm: `md5`, `sha1`, `sha256` or `sha512`.
        value: lower-case hexadecimal digits.
    """

    algorithm: str
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"

    def matches(self, path: Path) -> bool:
        """Whether a file's bytes come to it."""
        return digests(path, [self.algorithm])[self.algorithm] == self.value


def told(algorithm: object, value: object) -> Checksum | None:
    """The checksum that a server tells; None for an algorithm or a form that is not known here."""
    name = re.sub(r"[^a-z0-9]", "", str(algorithm).lower())
    digits = str(value).strip().lower()
    if _LENGTHS.get(name) != len(digits) or not re.fullmatch(r"[0-9a-f]+", digits):
        return None
    return Checksum(name, digits)


def given(text: str, key: str) -> Checksum:
    """The checksum that a user gives: `md5:...`, `sha256:...`, or the digits of a SHA-256.

    Raises:
        UserError: it is none.
    """
    algorithm, _, value = text.rpartition(":")
    checksum = told(algorithm or "sha256", value)
    if checksum is None:
        raise UserError(f"{key}: found {text!r}, expected sha256:... with 64 digits, or md5:... with 32")
    return checksum


def digests(path: Path, algorithms: list[str]) -> dict[str, str]:
    """Checksums of a file, all in one reading."""
    hashers = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for hasher in hashers.values():
                hasher.update(chunk)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}
