"""The curves of a soak as one SVG: memory and latencies over the minutes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10

WIDTH, HEIGHT, LEFT, TOP, GAP = 320, 200, 62, 46, 84
COLOURS = ("#1f5fa8", "#c2601a")
Curve = tuple[str, Sequence[float]]


def chart(title: str, minutes: Sequence[float], panels: Sequence[tuple[str, Sequence[Curve]]]) -> str:
    """The SVG; each panel is a name and its curves over `minutes`, values from zero."""
    width = LEFT + len(panels) * (WIDTH + GAP)
    drawn = "".join(_panel(LEFT + place * (WIDTH + GAP), name, minutes, curves) for place, (name, curves) in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 110}" width="{width}" height="{HEIGHT + 110}" role="img" '
        f'font-family="system-ui,sans-serif" font-size="12" fill="#222"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">{escape(title)}</text>{drawn}</svg>\n'
    )


def _panel(left: int, name: str, minutes: Sequence[float], curves: Sequence[Curve]) -> str:
    top = _round(max((v for _, values in curves for v in values), default=1.0))
    last = _round(minutes[-1]) if minutes else 1.0
    parts = [f'<text x="{left}" y="{TOP - 6}">{escape(name)}</text>']
    for step in range(5):
        y = TOP + HEIGHT - HEIGHT * step / 4
        parts.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e2e2"/><text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{top * step / 4:g}</text>')
        parts.append(f'<text x="{left + WIDTH * step / 4:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{last * step / 4:g}</text>')
    for (label, values), colour in zip(curves, COLOURS, strict=False):
        points = " ".join(f"{left + WIDTH * m / last:.1f},{TOP + HEIGHT - HEIGHT * v / top:.1f}" for m, v in zip(minutes, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        place = left + 60 * [c[0] for c in curves].index(label)
        parts.append(f'<text x="{place}" y="{TOP + HEIGHT + 54}" fill="{colour}">{escape(label)}</text>')
    parts.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 36}" text-anchor="middle">minutes</text>')
    return "".join(parts)


def _round(value: float) -> float:
    """The next number above that reads well as the end of an axis of four parts."""
    power = 10.0 ** floor(log10(value)) if value > 0 else 1.0
    return next((p * power for p in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8) if p * power >= value), 10 * power)
