"""The curves of a load test as one SVG: latencies and throughput over the number of users."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from flowquill.loadtest.report import Level

WIDTH, HEIGHT = 340, 220
LEFT, TOP, GAP = 62, 46, 104
COLOURS = ("#1f5fa8", "#c2601a", "#5b7f2b")
"""Told apart in brightness as well, for print and for the colour-blind."""
Line = tuple[str, Sequence[float]]


def chart(levels: Sequence[Level], title: str) -> str:
    """The SVG. Users on a logarithmic axis, values from zero."""
    users = [level.users for level in levels]
    latencies: list[Line] = [
        ("p50", [x.p50 for x in levels]),
        ("p95", [x.p95 for x in levels]),
        ("p99", [x.p99 for x in levels]),
    ]
    panels = [
        _panel(0, "Time to the whole answer (ms)", users, latencies),
        _panel(1, "Answers a second", users, [("", [x.throughput for x in levels])]),
    ]
    if any(level.tokens for level in levels):
        panels.append(_panel(2, "Tokens a second", users, [("", [x.tokens for x in levels])]))
    width = len(panels) * (WIDTH + GAP) + LEFT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 100}" width="{width}" height="{HEIGHT + 100}" role="img" '
        f'font-family="system-ui,sans-serif" font-size="12" fill="#222"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">{escape(title)}</text>{"".join(panels)}</svg>\n'
    )


def _panel(number: int, name: str, users: Sequence[int], lines: Sequence[Line]) -> str:
    left = LEFT + number * (WIDTH + GAP)
    top = _round(max((v for _, values in lines for v in values), default=1.0))
    low, high = math.log(min(users)), math.log(max(users))

    def x(value: int) -> float:
        return left + (WIDTH * (math.log(value) - low) / (high - low) if high > low else WIDTH / 2)

    def y(value: float) -> float:
        return TOP + HEIGHT - HEIGHT * value / top

    parts = [f'<text x="{left}" y="{TOP - 6}">{escape(name)}</text>']
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e2e2e2"/>'
        )
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in users:
        parts.append(f'<text x="{x(value):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{value}</text>')
    parts.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 36}" text-anchor="middle">users</text>')
    ends = sorted(((y(values[-1]), label) for label, values in lines), reverse=True)
    places = {label: place for (_, label), place in zip(ends, _apart([p for p, _ in ends]), strict=True)}
    for (label, values), colour in zip(lines, COLOURS, strict=False):
        points = " ".join(f"{x(u):.1f},{y(v):.1f}" for u, v in zip(users, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(u):.1f}" cy="{y(v):.1f}" r="3" fill="{colour}"/>'
            for u, v in zip(users, values, strict=True)
        ]
        parts.append(
            f'<text x="{x(users[-1]) + 8:.1f}" y="{places[label] + 4:.1f}" fill="{colour}">{escape(label)} {values[-1]:,.0f}</text>'
        )
    return "".join(parts)


def _apart(places: Sequence[float], least: float = 14.0) -> list[float]:
    """Places from the bottom up, each at least `least` above the one before, so that labels do not cover one another."""
    out: list[float] = []
    for place in places:
        out.append(min(place, out[-1] - least) if out else place)
    return out


def _round(value: float) -> float:
    """The next of 1, 2, 4, 5, 8, 10 times a power of ten: four even steps with short numbers."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 4, 5, 8, 10) if m * power >= value)
