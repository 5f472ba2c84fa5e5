"""What dates and numbers look like in a language: names of months and days, order of a date, separators, currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from flowquill.grammar.simulate.values import Failure


@dataclass(frozen=True, slots=True)
class Locale:
    """`day_first`: 20/10/2014 is the 20th of October. `long`, `short`: the dates that the formats D and d write."""

    months: tuple[str, ...]
    days: tuple[str, ...]
    day_first: bool
    long: str
    short: str
    clock: str
    point: str = "."
    group: str = ","
    currency: str = "${}"


_EN_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_EN_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
INVARIANT = Locale(_EN_MONTHS, _EN_DAYS, False, "dddd, dd MMMM yyyy", "MM/dd/yyyy", "HH:mm:ss", currency="¤{}")
AMERICAN = Locale(_EN_MONTHS, _EN_DAYS, False, "dddd, MMMM d, yyyy", "M/d/yyyy", "h:mm:ss tt")
_FRENCH = Locale(
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ("dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"),
    True, "dddd d MMMM yyyy", "dd/MM/yyyy", "HH:mm:ss", ",", "\u202f", "{} €",
)  # fmt: skip
_GERMAN = Locale(
    ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"),
    ("Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"),
    True, "dddd, d. MMMM yyyy", "dd.MM.yyyy", "HH:mm:ss", ",", ".", "{} €",
)  # fmt: skip
_SPANISH = Locale(
    ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ("domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"),
    True, "dddd, d 'de' MMMM 'de' yyyy", "dd/MM/yyyy", "H:mm:ss", ",", ".", "{} €",
)  # fmt: skip
_ITALIAN = Locale(
    ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ("domenica", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato"),
    True, "dddd d MMMM yyyy", "dd/MM/yyyy", "HH:mm:ss", ",", ".", "{} €",
)  # fmt: skip
_DUTCH = Locale(
    ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"),
    ("zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"),
    True, "dddd d MMMM yyyy", "dd-MM-yyyy", "HH:mm:ss", ",", ".", "€ {}",
)  # fmt: skip
_PORTUGUESE = Locale(
    ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ("domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"),
    True, "dddd, d 'de' MMMM 'de' yyyy", "dd/MM/yyyy", "HH:mm:ss", ",", ".", "R$ {}",
)  # fmt: skip
_ICELANDIC = Locale(
    ("janúar", "febrúar", "mars", "apríl", "maí", "júní", "júlí", "ágúst", "september", "október", "nóvember", "desember"),
    ("sunnudagur", "mánudagur", "þriðjudagur", "miðvikudagur", "fimmtudagur", "föstudagur", "laugardagur"),
    True, "dddd, d. MMMM yyyy", "d.M.yyyy", "HH:mm:ss", ",", ".", "{} kr.",
)  # fmt: skip
_BRITISH = Locale(_EN_MONTHS, _EN_DAYS, True, "dddd, d MMMM yyyy", "dd/MM/yyyy", "HH:mm:ss", currency="£{}")
_KNOWN = MappingProxyType(
    {"en": AMERICAN, "en-us": AMERICAN, "en-gb": _BRITISH, "en-au": _BRITISH, "fr": _FRENCH, "de": _GERMAN, "es": _SPANISH, "it": _ITALIAN,
     "nl": _DUTCH, "pt": _PORTUGUESE, "is": _ICELANDIC}
)  # fmt: skip


def locale(name: str | None) -> Locale:
    """A language by its tag; American where absent, the invariant one for languages this table lacks. Raises Failure for no tag."""
    if not name:
        return AMERICAN
    lowered = name.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", lowered):
        raise Failure(f'There is no locale "{name}"; write one such as "en-US".')
    return _KNOWN.get(lowered) or _KNOWN.get(lowered.split("-")[0]) or INVARIANT
