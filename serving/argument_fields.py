"""Kinds of arguments that marshmallow does not have: an upload, the Accept header, lists, files of a data folder."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from aiohttp import web
from deepaas.model.v2.wrapper import UploadedFile
from marshmallow import ValidationError, fields, validate

from errors import UserError

# Where `front_door` has put the files of the request at hand, by the name of their field.
received: ContextVar[Mapping[str, Path]] = ContextVar("received")


class Upload(fields.Raw):
    """A file of a multipart form.

    DEEPaaS would read it into memory and leave a copy for ever; here it has been written to the work folder already,
    and is handed on as DEEPaaS would have done it.
    """

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "file", "location": "form", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> UploadedFile:
        path = received.get({}).get(str(attr))
        if not isinstance(value, web.FileField) or path is None:
            raise ValidationError("Not a file; expected one field of a multipart form with a file name.")
        return UploadedFile(value.name, str(path), value.content_type, value.filename)


class Accept(fields.Str):
    """The best of `choices` by the Accept header; the first one is for who does not care.

    DEEPaaS compares the header with its choices as a whole, and looks for it wherever other arguments stand unless
    the metadata say otherwise.
    """

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        metadata = {"location": "headers", **kwargs.pop("metadata", {})}
        # A list of its own: DEEPaaS appends to it.
        super().__init__(
            load_default=choices[0], validate=validate.OneOf(list(choices)), metadata=metadata, **kwargs
        )
        self.choices = tuple(choices)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        ranges = [_media_range(part) for part in str(text).split(",") if part.strip()]
        best, quality = "", 0.0
        for choice in self.choices:
            found = _quality(choice, ranges)
            if found > quality:
                best, quality = choice, found
        if not best:
            raise ValidationError(f"Must be one of: {', '.join(self.choices)}.")
        return best


class Listed(fields.List):
    """A list: the argument repeated, or once with commas."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], str):
            value = value[0]
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        items: list[Any] = super()._deserialize(value, attr, data, **kwargs)
        return items


class FileBelow(fields.Str):
    """A path relative to a folder of the server, which exists and does not lead out of it; kept as it was given."""

    def __init__(self, below: Path | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.below = below

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            path_below(self.below, text)
        except UserError as error:
            raise ValidationError(str(error)) from error
        return text


def path_below(folder: Path | None, text: str) -> Path:
    """The file or folder `text` below `folder`, links followed.

    Raises:
        UserError: it is not there, or not below.
    """
    if folder is None:
        raise UserError("This server has no folder of data; expected nothing.")
    if not text or "\0" in text or "$" in text or Path(text).is_absolute():
        raise UserError("Not a path relative to the server's folder.")
    root = folder.resolve()
    path = (root / text).resolve()
    if not path.is_relative_to(root):
        raise UserError("Leads out of the server's folder.")
    if path == root or not path.exists():
        raise UserError(f"There is no '{text}' in the server's folder.")
    return path


def _media_range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        key, _, number = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return kind.lower(), min(max(float(number), 0.0), 1.0)
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0


def _quality(choice: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Of the most specific range that covers the choice (RFC 9110, 12.5.1)."""
    for wanted in (choice, f"{choice.split('/', maxsplit=1)[0]}/*", "*/*"):
        for kind, quality in ranges:
            if kind == wanted:
                return quality
    return 0.0
