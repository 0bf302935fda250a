"""The report as a page: what happened when, and what the clients noticed."""

import html
import math
from collections.abc import Callable, Sequence

WIDTH, HEIGHT, LEFT = 1100, 150, 120
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; color: #1d2733 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
.good { color: #18794e } .bad { color: #c62828 }
.loud { background: #fff3cd; padding: .5rem .8rem; border-left: 4px solid #e0a800 }
pre { background: #f4f6f8; padding: .6rem; overflow-x: auto; font-size: 12px }
svg { display: block; width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #5b6875 }
"""


def render(document: dict) -> str:
    seconds = max(len(document["per_second"]), 1)
    violations = document["violations"]
    verdict = ('<span class="good">no acknowledged write lost, nothing violated</span>' if not violations
               else f'<span class="bad">{len(violations)} violations</span>')
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>kvnode under chaos</title><style>{_STYLE}</style>",
        f"<h1>kvnode under chaos: {verdict}</h1>",
        *_warnings(document), _facts(document),
        "<h2>Faults</h2>", _faults(document["faults"], seconds),
        *_charts(document["per_second"]),
        "<h2>Every fault</h2>", _fault_table(document["faults"]),
        "<h2>Calls</h2>", _table(document["calls"]), "<h2>Errors</h2>", _table(document["errors"]),
        "<h2>Values that were there after they had been replaced, since two coordinators had written them</h2>",
        _table(document["excused"]),
        *_violations(violations), "</html>\n"]
    return "\n".join(parts)


def _warnings(document: dict) -> list[str]:
    told = []
    if document["no_namespaces_because"]:
        told.append(
            f"<b>No network namespaces</b>, since {_e(document['no_namespaces_because'])}: all nodes shared the "
            "loopback address, and the fault proxy cut and lost what packet filters would have.")
    told += [f"<b>{_e(kind)} was left out</b>: {_e(why)}." for kind, why in document["impossible_faults"].items()]
    return [f'<p class="loud">{one}</p>' for one in told]


def _facts(document: dict) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(document["faults_by_kind"].items()))
    rows = {
        "Seed": document["seed"],
        "Operations": f"{document['operations']:,}: {document['done']:,} done, {document['unknown']:,} in doubt, "
                      f"{document['not_sent']:,} without a connection",
        "Connections": "plain text, of whoever comes" if document["plain"] else "TLS, and users",
        "Keys": f"{document['keys']:,}",
        "Faults": f"{len(document['faults'])} ({kinds})",
        "Lost writes": str(document["lost_writes"]),
        "Back as documented": f"{len(document['excused'])} values that two coordinators had written (below)",
        "Agreed after": ", ".join(f"{one} s" for one in document["settled_in_seconds"]),
    }
    return "<table>" + "".join(f"<tr><th>{_e(name)}<td>{_e(text)}" for name, text in rows.items()) + "</table>"


def _x(at: float, seconds: float) -> float:
    return LEFT + at / seconds * (WIDTH - LEFT)


def _faults(faults: Sequence[dict], seconds: float) -> str:
    """A line for each kind, a bar for each fault."""
    kinds = sorted({one["kind"] for one in faults})
    height = 18 * len(kinds) + 20
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}">']
    for row, kind in enumerate(kinds):
        y = 18 * row
        parts.append(f'<text x="0" y="{y + 12}">{_e(kind)}</text>')
        for one in faults:
            if one["kind"] == kind:
                left, right = _x(one["begun"], seconds), _x(one["ended"], seconds)
                words = _e("; ".join(one["words"]))
                parts.append(
                    f'<rect x="{left:.1f}" y="{y + 2}" width="{max(right - left, 2):.1f}" height="13" fill="#d9822b">'
                    f'<title>{one["begun"]:.1f}–{one["ended"]:.1f} s: {words}</title></rect>')
    return "".join([*parts, _axis(height, seconds), "</svg>"])


def _axis(height: float, seconds: float) -> str:
    step = next(step for step in (10, 30, 60, 300, 600, 3600, 36_000, 360_000) if seconds / step <= 15)
    return "".join(
        f'<text x="{_x(at, seconds):.1f}" y="{height - 4}">{at} s</text>' for at in range(0, int(seconds) + 1, step))


def _charts(per_second: Sequence[dict]) -> list[str]:
    return [
        "<h2>Requests done a second</h2>", _chart([one["done"] for one in per_second], "#2f6fb0", "{:,.0f}".format),
        "<h2>Requests that failed a second</h2>",
        _chart([one["failed"] for one in per_second], "#c62828", "{:,.0f}".format),
        "<h2>p99 of each second, in milliseconds, on a logarithmic scale</h2>",
        _chart([math.log10(max(one["p99_ms"], 1)) for one in per_second], "#6b4fa0",
               lambda value: f"{10 ** value:,.0f}")]


def _chart(values: Sequence[float], color: str, label: Callable[[float], str]) -> str:
    top = max([*values, 1])
    seconds = max(len(values), 1)

    def y(value: float) -> float:
        return HEIGHT - 20 - value / top * (HEIGHT - 35)

    points = " ".join(f"{_x(at, seconds):.1f},{y(value):.1f}" for at, value in enumerate(values))
    lines = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e3e8ed"/>'
        f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{label(value)}</text>'
        for value in (0, top / 2, top))
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{lines}<polyline points="{points}" fill="none" stroke="{color}"/>'
            f"{_axis(HEIGHT, seconds)}</svg>")


def _fault_table(faults: Sequence[dict]) -> str:
    rows = "".join(
        f"<tr><td>{one['begun']:.1f}–{one['ended']:.1f} s<td>{_e(one['kind'])}<td>{_e('; '.join(one['words']))}"
        for one in faults)
    return f"<table>{rows}</table>"


def _table(rows: Sequence[dict]) -> str:
    return "<table>" + "".join(
        "<tr>" + "".join(f"<td>{_e(value)}" for value in row.values()) for row in rows) + "</table>"


def _violations(violations: Sequence[dict]) -> list[str]:
    parts = ["<h2>Violations</h2>"] if violations else []
    for one in violations:
        parts.append(f'<p class="bad"><b>{_e(one["kind"])}</b> {_e(one["key"])}: {_e(one["text"])}</p>')
        if one["history"]:
            parts.append(f"<pre>{_e(chr(10).join(one['history']))}</pre>")
    return parts


def _e(text: object) -> str:
    return html.escape(str(text))
