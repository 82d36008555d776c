"""A moment in time, counted in days since 2000-Jan-01 00:00:00."""

import math
from datetime import datetime, timedelta

_MJD2000_ZERO = datetime(2000, 1, 1)
_MJD_OFFSET_DAYS = 51544.0  # modified Julian date of 2000-Jan-01 00:00
_JD_OFFSET_DAYS = 2451544.5  # Julian date of the same moment
_OFFSET_DAYS = {"mjd2000": 0.0, "mjd": _MJD_OFFSET_DAYS, "jd": _JD_OFFSET_DAYS}
_MONTH_ABBREVIATIONS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class epoch:
    """A moment in time without time scale (PASEOS enters UTC).

    Args:
        julian_date: days since the zero of `julian_date_type`.
        julian_date_type: "mjd2000" (zero: 2000-Jan-01 00:00), "mjd" or "jd".

    Raises:
        ValueError: the type is none of these, or the date is not a finite number.
    """

    __slots__ = ("_mjd2000",)

    def __init__(self, julian_date: float = 0.0, julian_date_type: str = "mjd2000") -> None:
        if julian_date_type not in _OFFSET_DAYS:
            raise ValueError(
                f"unknown type of Julian date {julian_date_type!r}: expected one of {', '.join(_OFFSET_DAYS)}"
            )
        days = float(julian_date)
        if not math.isfinite(days):
            raise ValueError(f"an epoch must be a finite number of days, found {days}")
        self._mjd2000 = days - _OFFSET_DAYS[julian_date_type]

    @property
    def mjd2000(self) -> float:
        """Days since 2000-Jan-01 00:00."""
        return self._mjd2000

    @property
    def mjd(self) -> float:
        """Modified Julian date in days."""
        return self._mjd2000 + _MJD_OFFSET_DAYS

    @property
    def jd(self) -> float:
        """Julian date in days."""
        return self._mjd2000 + _JD_OFFSET_DAYS

    # Equality only: pykep 2.6 defines no order either, so `<` raises TypeError.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, epoch):
            return NotImplemented
        return self._mjd2000 == other._mjd2000

    def __hash__(self) -> int:
        return hash(self._mjd2000)

    def __reduce__(self) -> tuple[type["epoch"], tuple[float]]:
        return epoch, (self._mjd2000,)

    def __str__(self) -> str:
        """`YYYY-Mon-DD HH:MM:SS`, with six decimals when there is a fraction of a second.

        Raises:
            OverflowError: outside the years 1 to 9999.
        """
        moment = _MJD2000_ZERO + timedelta(microseconds=round(self._mjd2000 * 86400e6))
        date = f"{moment.year:04d}-{_MONTH_ABBREVIATIONS[moment.month - 1]}-{moment.day:02d}"
        fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
        return f"{date} {moment:%H:%M:%S}{fraction}"

    __repr__ = __str__
