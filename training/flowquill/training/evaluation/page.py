"""A run as one HTML page that needs nothing else: figures, plots as inline SVG, and the worst cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from flowquill.training.evaluation.confidence import calibration_error, coverage, reliability
from flowquill.training.evaluation.measures import COUNTS, MEANS, Item
from flowquill.training.evaluation.runs import Run, by_slice, figures

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222;background:#fff}
table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}
pre{background:#f5f5f5;padding:.6em;overflow:auto;white-space:pre-wrap}svg text{font:12px system-ui,sans-serif;fill:#222}"""
_WIDTH = 420


def page(run: Run, worst: int = 20) -> str:
    """The page. `worst`: how many of the least similar flows it shows."""
    found = figures(run.items)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(run.name)}</title><style>{_STYLE}</style><h1>{escape(run.name)}</h1>",
        f"<p>{len(run.items)} tests. Intervals are 95 % (bootstrap).</p><h2>Figures</h2>",
        _bars({name.replace("_", " "): found[name] for name in MEANS if name in found}),
        "<h2>What must not occur</h2>" + _table([(n.replace("_", " "), str(found[n])) for n in COUNTS]),
        "<h2>Time to a flow</h2>" + _table([(k.removesuffix("_ms"), f"{v:.0f} ms") for k, v in found.items() if k.endswith("_ms")]),
        _histogram([i.milliseconds for i in run.items]),
        "<h2>Whether its confidence can be believed</h2>"
        f"<p>Calibration error {calibration_error(run.items):.3f}. Left, what is right of the flows of each confidence (the line: as it should be); right, of the surest share.</p>",
        _plot([(b.confidence, b.right) for b in reliability(run.items)], "confidence", True) + _plot(coverage(run.items), "share kept", False),
        "<h2>Similarity of calls by slice</h2>",
    ]
    for name, values in by_slice(run.items).items():
        if not values:
            continue
        parts.append(f"<h3>{escape(name)}</h3>" + _bars({f"{v} ({f['tests']})": f["similarity"] for v, f in values.items()}))
    parts.append("<h2>The worst cases</h2>")
    parts += [_case(i) for i in sorted((i for i in run.items if i.figures["exact_text"] < 1), key=lambda i: (i.figures["similarity"], i.figures.get("tree_similarity", 0)))[:worst]]
    return "\n".join(parts) + "\n</html>\n"


def _table(rows: list[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><th>{escape(a)}<td>{escape(b)}" for a, b in rows) + "</table>"


def _bars(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Bars from 0 to 1 with their intervals as lines."""
    lines = []
    for row, (name, value) in enumerate(values.items()):
        y, mean, low, high = row * 22, value["mean"], value["low"], value["high"]
        lines.append(
            f'<text x="190" y="{y + 15}" text-anchor="end">{escape(name)}</text><rect x="200" y="{y + 4}" width="{mean * _WIDTH:.1f}" height="14" fill="#7aa6d6"/>'
            f'<line x1="{200 + low * _WIDTH:.1f}" x2="{200 + high * _WIDTH:.1f}" y1="{y + 11}" y2="{y + 11}" stroke="#123" stroke-width="2"/>'
            f'<text x="{210 + _WIDTH}" y="{y + 15}">{mean:.3f} ({low:.3f} to {high:.3f})</text>'
        )
    return f'<svg role="img" width="{_WIDTH + 380}" height="{len(values) * 22 + 4}">{"".join(lines)}</svg>'


def _histogram(times: list[float], bins: int = 30) -> str:
    if not times:
        return ""
    top = max(times) or 1.0
    counts = [0] * bins
    for time in times:
        counts[min(bins - 1, int(time / top * bins))] += 1
    most = max(counts)
    bars = "".join(f'<rect x="{n * 20}" y="{100 - 96 * c / most:.1f}" width="18" height="{96 * c / most:.1f}" fill="#7aa6d6"/>' for n, c in enumerate(counts))
    return f'<svg role="img" width="{bins * 20}" height="120">{bars}<text x="0" y="116">0 ms</text><text x="{bins * 20}" y="116" text-anchor="end">{top:.0f} ms</text></svg>'


def _plot(points: Sequence[tuple[float, float]], below: str, diagonal: bool, size: int = 240) -> str:
    """Points in the unit square, joined; `below`: what the x axis is. The y axis is the share that is right."""
    at = [(30 + x * size, 10 + (1 - y) * size) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2b6cb0"/>' for x, y in at)
    ideal = f'<line x1="30" y1="{size + 10}" x2="{size + 30}" y2="10" stroke="#bbb"/>' if diagonal else ""
    grid = "".join(f'<text x="26" y="{14 + (1 - v) * size:.0f}" text-anchor="end">{v:g}</text><text x="{30 + v * size:.0f}" y="{size + 26}" text-anchor="middle">{v:g}</text>' for v in (0, 0.5, 1))
    frame = f'<rect x="30" y="10" width="{size}" height="{size}" fill="none" stroke="#ddd"/>'
    said = f'<text x="{30 + size // 2}" y="{size + 42}" text-anchor="middle">{escape(below)}</text>'
    return f'<svg role="img" width="{size + 60}" height="{size + 50}">{frame}{ideal}{grid}<polyline points="{line}" fill="none" stroke="#7aa6d6"/>{dots}{said}</svg>'


def _case(item: Item) -> str:
    said = f"<p>{escape(item.error)}</p>" if item.error else ""
    head = f"<h3>{item.figures['similarity']:.2f} {escape(item.id)}</h3><p>{escape(item.text)}</p>{said}"
    return f"{head}<details><summary>expected and written</summary><pre>{escape(item.expected)}</pre><pre>{escape(item.written)}</pre></details>"
