"""Points in time with a hundred nanoseconds' precision: reading them, shifting them, writing them in .NET's formats.

Formats: the standard and custom date and time format strings of .NET, as the platforms' functions take them.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType

from flowquill.grammar.simulate.locales import AMERICAN, INVARIANT, Locale
from flowquill.grammar.simulate.values import Failure

SECOND = 10_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1, 1, 1)
_LAST = (datetime(9999, 12, 31, 23, 59, 59) - _EPOCH).days * DAY + DAY - 1
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?", re.I
)
_NUMERIC = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?:[T, ]+(.*))?")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(AM|PM|A|P)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?", re.I)
_PIECES = re.compile(r"\\.|'[^']*'|\"[^\"]*\"|%|d+|f+|F+|g+|h+|H+|K|m+|M+|s+|t+|y+|z+|.", re.S)
UNITS = MappingProxyType({"second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND, "day": DAY, "week": 7 * DAY})


@dataclass(frozen=True, slots=True)
class Moment:
    """`ticks`: units of 100 ns since the year 1. `utc`: the text said so; else it is a clock on some wall."""

    ticks: int
    utc: bool = True

    @property
    def clock(self) -> datetime:
        """Date and time to the second (and microsecond)."""
        return _EPOCH + timedelta(microseconds=self.ticks // 10)

    def later(self, ticks: int | float) -> Moment:
        """Some ticks on. Raises Failure outside the years 1 to 9999."""
        total = self.ticks + round(ticks)
        if not 0 <= total <= _LAST:
            raise Failure("The time is outside the years 1 to 9999.")
        return replace(self, ticks=total)

    def moved(self, count: int | float, unit: str) -> Moment:
        """Some units on: Second, Minute, Hour, Day, Week, Month, Year. Raises Failure for another unit."""
        name = unit.lower().rstrip("s")
        if name in UNITS:
            return self.later(count * UNITS[name])
        if name not in ("month", "year"):
            raise Failure(f'There is no unit "{unit}"; use Second, Minute, Hour, Day, Week, Month or Year.')
        now = self.clock
        months = now.year * 12 + now.month - 1 + int(count) * (12 if name == "year" else 1)
        year, month = divmod(months, 12)
        if not 1 <= year <= 9999:
            raise Failure("The time is outside the years 1 to 9999.")
        day = min(now.day, calendar.monthrange(year, month + 1)[1])
        return replace(self, ticks=_ticks(datetime(year, month + 1, day)) + self.ticks % DAY)

    def to_zone(self, zone: tzinfo) -> Moment:
        """The wall clock of a zone at this moment."""
        offset = self.clock.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
        return replace(self.later(offset.total_seconds() * SECOND), utc=False)

    def from_zone(self, zone: tzinfo) -> Moment:
        """The moment at which a clock of the zone shows this."""
        offset = self.clock.replace(tzinfo=zone).utcoffset() or timedelta()
        return replace(self.later(-offset.total_seconds() * SECOND), utc=True)


def _ticks(clock: datetime, fraction: str = "") -> int:
    span = clock - _EPOCH
    return span.days * DAY + span.seconds * SECOND + (int((fraction + "0000000")[:7]) if fraction else 0)


def read(text: str, locale: Locale = AMERICAN) -> Moment:
    """A time from text: ISO 8601, RFC 1123, numbers in the locale's order, or with the month's name. Raises Failure."""
    stripped = text.strip()
    try:
        found = _iso(stripped) or _numeric(stripped, locale) or _worded(stripped, locale)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise Failure(f'"{text[:60]}" is no date and time; write one such as "2024-03-15T13:00:00Z".', "InvalidTemplate")
    return found


def _iso(text: str) -> Moment | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    clock = datetime(int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    return _zoned(_ticks(clock, fraction or ""), zone)


def _zoned(ticks: int, zone: str | None) -> Moment:
    if zone is None:
        return Moment(ticks, utc=False)
    if zone[0] not in "+-":
        return Moment(ticks)
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return Moment(ticks).later(-minutes * 60 * SECOND * (-1 if zone[0] == "-" else 1))


def _numeric(text: str, locale: Locale) -> Moment | None:
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    one, two, three = match[1], match[2], match[3]
    if len(one) == 4:
        year, month, day = one, two, three
    else:
        day, month = (one, two) if locale.day_first else (two, one)
        year = three if len(three) > 2 else str((1900 if int(three) >= 50 else 2000) + int(three))
    return _with_clock(datetime(int(year), int(month), int(day)), match[4] or "")


def _with_clock(date: datetime, text: str) -> Moment | None:
    if not text.strip():
        return Moment(_ticks(date), utc=False)
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hour, minute, second, fraction, half, zone = match.groups()
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    return _zoned(_ticks(date.replace(hour=hours, minute=int(minute or 0), second=int(second or 0)), fraction or ""), zone)


def _worded(text: str, locale: Locale) -> Moment | None:
    lowered = text.lower()
    names = [(m.lower(), n + 1) for table in (locale.months, INVARIANT.months) for n, m in enumerate(table)]
    names += [(m[:3], n) for m, n in names]
    found = next(((m, n) for m, n in names if re.search(rf"\b{re.escape(m)}\b", lowered)), None)
    if found is None:
        return None
    clock = re.search(r"\d{1,2}:\d{2}.*$", text)
    dates = lowered[: clock.start()] if clock else lowered
    numbers = re.findall(r"\d+", dates)
    if len(numbers) not in (1, 2):
        return None
    year = next((n for n in numbers if len(n) == 4), None)
    day = next((n for n in numbers if len(n) <= 2), "1")
    if year is None:
        return None
    return _with_clock(datetime(int(year), found[1], int(day)), clock[0] if clock else "")


def iso(moment: Moment) -> str:
    """The round-trip form, seven digits: what functions give where no format is asked for."""
    return f"{moment.clock:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{moment.ticks % SECOND:07d}" + ("Z" if moment.utc else "")


_STANDARD: MappingProxyType[str, Callable[[Locale], str]] = MappingProxyType(
    {
        "d": lambda a: a.short,
        "D": lambda a: a.long,
        "f": lambda a: f"{a.long} {a.clock.replace(':ss', '')}",
        "F": lambda a: f"{a.long} {a.clock}",
        "g": lambda a: f"{a.short} {a.clock.replace(':ss', '')}",
        "G": lambda a: f"{a.short} {a.clock}",
        "m": lambda a: "d MMMM" if a.day_first else "MMMM d",
        "M": lambda a: "d MMMM" if a.day_first else "MMMM d",
        "r": lambda a: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        "R": lambda a: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        "s": lambda a: "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        "t": lambda a: a.clock.replace(":ss", ""),
        "T": lambda a: a.clock,
        "u": lambda a: "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        "U": lambda a: f"{a.long} {a.clock}",
        "y": lambda a: "MMMM yyyy",
        "Y": lambda a: "MMMM yyyy",
    }
)


def write(moment: Moment, form: str | None, locale: Locale = AMERICAN) -> str:
    """A time in a .NET format; the round-trip form where none is given. Raises Failure for an unknown standard format."""
    if not form or form in ("o", "O"):
        return iso(moment)
    if len(form) == 1:
        if form not in _STANDARD:
            raise Failure(f'There is no time format "{form}"; use one such as "yyyy-MM-dd" or "D".')
        return write(moment, _STANDARD[form](INVARIANT if form in "rR" else locale) + "%", locale)
    return "".join(_piece(p, moment, locale) for p in _PIECES.findall(form))


def _piece(piece: str, moment: Moment, locale: Locale) -> str:
    now, size, letter = moment.clock, len(piece), piece[0]
    fraction = f"{moment.ticks % SECOND:07d}"
    match letter:
        case "\\":
            return piece[1:]
        case "'" | '"' if size > 1:
            return piece[1:-1]
        case "%":
            return ""
        case "d":
            name = locale.days[(now.weekday() + 1) % 7]
            return str(now.day).zfill(size) if size < 3 else name[:3] if size == 3 else name
        case "f":
            return fraction[:size]
        case "F":
            return fraction[:size].rstrip("0")
        case "g":
            return "A.D."
        case "h":
            return str(now.hour % 12 or 12).zfill(min(size, 2))
        case "H":
            return str(now.hour).zfill(min(size, 2))
        case "K":
            return "Z" if moment.utc else ""
        case "m":
            return str(now.minute).zfill(min(size, 2))
        case "M":
            name = locale.months[now.month - 1]
            return str(now.month).zfill(size) if size < 3 else name[:3] if size == 3 else name
        case "s":
            return str(now.second).zfill(min(size, 2))
        case "t":
            return ("AM" if now.hour < 12 else "PM")[: 1 if size == 1 else 2]
        case "y":
            return str(now.year % 100).zfill(size) if size < 3 else str(now.year).zfill(size)
        case "z":
            return "+0" if size == 1 else "+00" if size == 2 else "+00:00"
    return piece


_READS = MappingProxyType(
    {"d": ("day", r"\d{1,2}"), "M": ("month", r"\d{1,2}"), "y": ("year", r"\d{2,4}"), "H": ("hour", r"\d{1,2}"), "h": ("hour", r"\d{1,2}"),
     "m": ("minute", r"\d{1,2}"), "s": ("second", r"\d{1,2}"), "f": ("fraction", r"\d{1,7}"), "F": ("fraction", r"\d{0,7}"), "t": ("half", r"[AaPp][Mm]?")}
)  # fmt: skip


def read_exactly(text: str, form: str, locale: Locale) -> Moment:
    """A time from text of just this .NET format. Raises Failure where the text does not fit it."""
    if len(form) == 1:
        return read(text, locale)
    pattern = ""
    names: list[str] = []
    for piece in _PIECES.findall(form):
        letter, size = piece[0], len(piece)
        if letter == "\\" or (letter in "'\"" and size > 1):
            pattern += re.escape(piece[1:] if letter == "\\" else piece[1:-1])
        elif letter in "dM" and size > 2:
            table = locale.months if letter == "M" else locale.days
            pattern += "(" + "|".join(re.escape(n[:3] if size == 3 else n) for n in table) + ")"
            names.append("month_name" if letter == "M" else "day_name")
        elif letter in "zK":
            pattern += r"(Z|[+-]\d{2}:?\d{2})?"
            names.append("zone")
        elif letter in _READS:
            name, digits = _READS[letter]
            # A part said again gives nothing back, as in .NET: a form of forty days would else be tried in 2^40 ways.
            again = "+" if size == 1 and name in names else ""
            pattern += f"({digits + again if size == 1 or letter == 't' else chr(92) + 'd{' + str(size) + '}'})"
            names.append(name)
        elif letter != "%":
            pattern += re.escape(piece)
    match = re.fullmatch(pattern, text.strip(), re.I)
    if match is None:
        raise Failure(f'"{text[:60]}" is no time of the format "{form}".')
    got = {n: v for n, v in zip(names, match.groups(), strict=True) if v}
    month = int(got.get("month", 1))
    if "month_name" in got:
        month = 1 + next(n for n, m in enumerate(locale.months) if m.lower().startswith(got["month_name"].lower()))
    year = int(got.get("year", 1))
    year += (2000 if year < 50 else 1900) if len(got.get("year", "")) == 2 else 0
    hour = int(got.get("hour", 0))
    if "half" in got:
        hour = hour % 12 + (12 if got["half"][0] in "Pp" else 0)
    try:
        clock = datetime(year, month, int(got.get("day", 1)), hour, int(got.get("minute", 0)), int(got.get("second", 0)))
    except ValueError:
        raise Failure(f'"{text[:60]}" is no date of the calendar.') from None
    return _zoned(_ticks(clock, got.get("fraction", "")), got.get("zone"))


_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def duration(text: str) -> int:
    """An ISO 8601 span such as PT1H30M in ticks, months of 30 days. Raises Failure."""
    match = _DURATION.fullmatch(text.strip().upper())
    if match is None or not any(match.groups()):
        raise Failure(f'"{text[:40]}" is no span of time; write one such as "PT1H".')
    sizes = (365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600 * SECOND, 60 * SECOND, SECOND)
    return round(sum(float(n) * size for n, size in zip(match.groups(), sizes, strict=True) if n))
