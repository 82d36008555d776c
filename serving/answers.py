"""Answers that are not 200: a sentence for who asked wrongly, and no more than that for what broke here."""

import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

# A folder in a sentence: it begins with a slash that no word, colon (URL) or other slash stands before.
_FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^/\s'\",;:()]+/)+")


class Answer(web.HTTPException):
    """An HTTP status with `{"message": sentence}`, which survives the way from a worker to the server.

    aiohttp's own exceptions cannot be unpickled: the pool of DEEPaaS would never hear of the failure, and the
    request would wait for ever.
    """

    status_code = 500

    def __init__(self, sentence: str, status: int = 500) -> None:
        self.status_code = status
        self.sentence = sentence
        super().__init__(text=json.dumps({"message": sentence}), content_type="application/json")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.sentence, self.status_code)

    def __str__(self) -> str:
        return self.sentence


def refusal(sentence: str, status: int = 400) -> Answer:
    """What who asked can mend; the sentence without folders of this machine."""
    return Answer(without_folders(sentence), status)


def failure(what: str, reference: str) -> Answer:
    """What broke here; the server's log has the rest under `reference`."""
    return Answer(
        f"{what} failed; whoever runs this server finds the reason in its log under {reference}", 500
    )


def without_folders(sentence: str, *roots: Path) -> str:
    """The sentence with paths cut down to their last part, so that nobody learns how this machine is laid out."""
    for root in roots:
        sentence = sentence.replace(f"{root}/", "").replace(str(root), root.name)
    return _FOLDERS.sub("", sentence)
