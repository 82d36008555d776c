"""Epochs written as text. The exceptions are those of pykep 2.6: RuntimeError for text, IndexError for ranges."""

import re
from datetime import datetime, timedelta

from pykep.epoch import epoch

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DATE = re.compile(r"(\d{4})[-/](\d{1,2}|[A-Za-z]+)[-/](\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?")
_ISO = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:[.,](\d+))?")


def epoch_from_string(text: str) -> epoch:
    """Read `YYYY-MM-DD HH:MM:SS[.ffffff]`; the month may be a number, `Dec` or `December`, the dashes slashes.

    Raises:
        RuntimeError: the text has another form (a `T` between date and time, ISO compact, garbage).
        IndexError: the time is missing, or the month, day, hour, minute or second does not exist.
    """
    date_text, _, time_text = text.strip().partition(" ")
    date = _DATE.fullmatch(date_text)
    if date is None:
        raise RuntimeError(f"cannot read the date of {text!r}: expected YYYY-MM-DD HH:MM:SS")
    if not time_text.strip():
        raise IndexError(f"no time of day in {text!r}: expected YYYY-MM-DD HH:MM:SS")
    time = _TIME.fullmatch(time_text.strip())
    if time is None:
        raise RuntimeError(f"cannot read the time of {text!r}: expected YYYY-MM-DD HH:MM:SS")
    year, month, day = date.groups()
    *clock, fraction = time.groups()
    return _epoch_from_fields(text, (year, _month_number(text, month), day, *clock), fraction)


def epoch_from_iso_string(text: str) -> epoch:
    """Read the compact ISO form `YYYYMMDDTHHMMSS[.ffffff]`.

    Raises:
        RuntimeError: the text has another form.
        IndexError: the month, day, hour, minute or second does not exist.
    """
    fields = _ISO.fullmatch(text.strip())
    if fields is None:
        raise RuntimeError(f"cannot read {text!r}: expected YYYYMMDDTHHMMSS")
    *calendar, fraction = fields.groups()
    return _epoch_from_fields(text, tuple(calendar), fraction)


def _month_number(text: str, month: str) -> str:
    """Month as digits, from digits, an abbreviation of three letters or a full name in any case."""
    if month.isdigit():
        return month
    for number, name in enumerate(_MONTHS, start=1):
        if month.lower() in (name, name[:3]):
            return str(number)
    raise IndexError(f"unknown month {month!r} in {text!r}")


def _epoch_from_fields(text: str, fields: tuple[str, ...], fraction: str | None) -> epoch:
    """Epoch of year, month, day, hour, minute, second; digits of the fraction beyond the microsecond are cut."""
    year, month, day, hour, minute, second = map(int, fields)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError as error:
        raise IndexError(f"no such moment as {text!r}: {error}") from error
    since_zero = moment - datetime(2000, 1, 1)
    sign = -1.0 if since_zero < timedelta(0) else 1.0
    since_zero = abs(since_zero)
    # Whole hours, minutes and seconds are converted apart: this order of rounding gives the same
    # last bit as pykep 2.6, so that simulated times compare equal.
    hours = since_zero.days * 24 + since_zero.seconds // 3600
    minutes = since_zero.seconds // 60 % 60
    seconds = since_zero.seconds % 60 + since_zero.microseconds * 1e-6
    return epoch(sign * (hours / 24.0 + minutes / 1440.0 + seconds / 86400.0))
