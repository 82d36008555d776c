"""How predictions and trainings are started: their environment, and what their failures mean."""

import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import rasterio

from errors import UserError
from serving.answers import Answer, failure, refusal, without_folders
from serving.guarded_process import TIMED_OUT, Ended
from serving.settings import Settings

_LOG = logging.getLogger("nadir.serving")
_PREFIX = "nadir: "  # of the sentence that a verb ends with
_NOWHERE = "http://127.0.0.1:9"  # nobody listens to the discard port
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def environment(settings: Settings, folder: Path) -> dict[str, str]:
    """The environment of a process that works on what strangers have sent.

    Temporary files go to `folder`. GDAL has neither a network nor formats that stand for other files: the name of an
    image in somebody's metadata could be `/vsicurl/http://10.0.0.1/...`.
    """
    variables = {name: text for name, text in os.environ.items() if name.lower() not in _PROXIES}
    variables |= {
        "TMPDIR": str(folder),
        "PYTHONUNBUFFERED": "1",
        "GDAL_SKIP": ",".join(_drivers_but(settings.gdal_drivers)),
        "GDAL_HTTP_PROXY": _NOWHERE,
        "GDAL_HTTPS_PROXY": _NOWHERE,
        "CPL_VSIL_CURL_ALLOWED_FILENAME": secrets.token_hex(16),  # none is called that
    }
    return variables


def _drivers_but(allowed: Sequence[str]) -> list[str]:
    with rasterio.Env() as environment:
        return sorted(set(environment.drivers()) - set(allowed))


def sentence_of(ended: Ended) -> str | None:
    """The sentence for the user that a verb has ended with; None where it ended otherwise."""
    lines = [line for line in ended.err.splitlines() if line.strip()]
    if ended.status != 1 or not lines or not lines[-1].startswith(_PREFIX):
        return None
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        return None
    return lines[-1].removeprefix(_PREFIX)


def check_prediction(ended: Ended, folder: Path, settings: Settings) -> None:
    """Raise what is to be answered where a prediction did not end well."""
    if ended.status == 0:
        return
    if ended.status == TIMED_OUT:
        sentence = f"the prediction took longer than {settings.predict_time_s:g} s; ask for a smaller region"
        raise Answer(sentence, 503)
    sentence_or_none = sentence_of(ended)
    if sentence_or_none is not None:
        raise refusal(without_folders(sentence_or_none, folder / "input", folder, settings.runs))
    raise broken("the prediction", ended.err)


def check_training(ended: Ended, settings: Settings) -> None:
    """Raise what the job's record will say where a training did not end well."""
    if ended.status == 0:
        return
    if ended.status == TIMED_OUT:
        raise UserError(f"the training took longer than {settings.train_time_s:g} s")
    sentence = sentence_of(ended)
    if sentence is not None:
        roots = [settings.runs] if settings.data is None else [settings.runs, settings.data]
        raise UserError(without_folders(sentence, *roots))
    raise UserError(broken("the training", ended.err).sentence)


def broken(what: str, details: str) -> Answer:
    """An answer without details, which go to the log."""
    reference = secrets.token_hex(4)
    _LOG.error("%s failed (%s)\n%s", what, reference, details)
    return failure(what, reference)
