"""The functions of expressions for dates and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowquill.grammar.simulate.locales import locale
from flowquill.grammar.simulate.moments import DAY, SECOND, Moment, read, read_exactly, write
from flowquill.grammar.simulate.zones import zone


def difference(start: str, end: str) -> str:
    """The span from one time to another as `days.hours:minutes:seconds`."""
    ticks = read(end).ticks - read(start).ticks
    days, rest = divmod(abs(ticks), DAY)
    seconds, fraction = divmod(rest, SECOND)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{'-' if ticks < 0 else ''}{f'{days}.' if days else ''}{clock}{f'.{fraction:07d}' if fraction else ''}"


def _start(moment: Moment, unit: int) -> Moment:
    return Moment(moment.ticks - moment.ticks % unit, moment.utc)


def _month(moment: Moment) -> Moment:
    day = _start(moment, DAY)
    return day.later(-(day.clock.day - 1) * DAY)


def _parsed(text: str, tag: str | None = None, form: str | None = None) -> str:
    return write(read_exactly(text, form, locale(tag)) if form else read(text, locale(tag)), None)


def _converted(text: str, source: str, target: str, form: str | None = None) -> str:
    moment = read(text)
    there = moment if moment.utc else moment.from_zone(zone(source))
    return write(there.to_zone(zone(target)), form)


def _to_utc(text: str, source: str, form: str | None = None) -> str:
    moment = read(text)
    return write(moment if moment.utc else moment.from_zone(zone(source)), form)


def time_functions(now: Callable[[], Moment]) -> Mapping[str, Callable[..., Any]]:
    """By name; `now` is the run's clock."""

    def shifted(ticks: int) -> Callable[..., str]:
        return lambda text, count, form=None: write(read(text).later(count * ticks), form)

    def moved(text: str, count: int, unit: str, form: str | None = None) -> str:
        return write(read(text).moved(count, unit), form)

    def ahead(count: int, unit: str, form: str | None = None) -> str:
        return write(now().moved(count, unit), form)

    return {
        "addDays": shifted(DAY),
        "addHours": shifted(3600 * SECOND),
        "addMinutes": shifted(60 * SECOND),
        "addSeconds": shifted(SECOND),
        "addToTime": moved,
        "subtractFromTime": lambda text, count, unit, form=None: moved(text, -count, unit, form),
        "convertFromUtc": lambda text, target, form=None: _converted(text, "UTC", target, form),
        "convertTimeZone": _converted,
        "convertToUtc": _to_utc,
        "dateDifference": difference,
        "dayOfMonth": lambda text: read(text).clock.day,
        "dayOfWeek": lambda text: (read(text).clock.weekday() + 1) % 7,
        "dayOfYear": lambda text: read(text).clock.timetuple().tm_yday,
        "formatDateTime": lambda text, form=None, tag=None: write(read(text), form, locale(tag)),
        "getFutureTime": ahead,
        "getPastTime": lambda count, unit, form=None: ahead(-count, unit, form),
        "parseDateTime": _parsed,
        "startOfDay": lambda text, form=None: write(_start(read(text), DAY), form),
        "startOfHour": lambda text, form=None: write(_start(read(text), 3600 * SECOND), form),
        "startOfMonth": lambda text, form=None: write(_month(read(text)), form),
        "ticks": lambda text: read(text).ticks,
        "utcNow": lambda form=None: write(now(), form),
    }


