"""The picture of a flash sale: purchases a second over time, a small chart for each mode, a line for
each proxy, and the shop's best as a dashed one. Its own light ground, the reader's own font, and
nothing but the figures in it, as svg.py. Pure."""

from xml.sax.saxutils import escape

from . import sale_field
from .sale_table import best, column, modes, of, title

_COLOURS = {"nginx": "#009e73", "nginx-limit": "#a68a00", "haproxy": "#d55e00",
            "sluice": "#56b4e9", "sluice-room": "#0072b2"}
# Bots are told of in the table.
WAYS = tuple(way for way in sale_field.WAYS if not way.bots)
_ABOUT = {"web": "bound by its web servers", "database": "bound by its database",
          "ceiling": "one server misconfigured", "crash": "servers that crash"}
_WIDTH, _LEFT, _TOP, _GAP = 860, 16, 92, 36
_CHART_WIDTH, _CHART_HEIGHT, _AXIS, _UNDER = 396, 170, 34, 40
_STEP_S = 20


def smooth(values: list[float], width: int = 3) -> list[float]:
    """The mean with the neighbours: a second's purchases are too few to be a line."""
    half = width // 2
    return [sum(part) / len(part) for i in range(len(values))
            if (part := values[max(0, i - half):i + half + 1])]


def by_second(record: dict) -> list[tuple[float, float]]:
    """Purchases/s at each whole second; the parts of a second where a phase changed are rates."""
    times, bought = column(record, "at_s"), column(record, "bought")
    points, last = [], None
    for time, count in zip(times, bought):
        span = 1.0 if last is None else time - last
        last = time
        if span > 0.5:
            points.append((time, count / span))
    return points


def _chart(doc: dict, mode: str, x: float, y: float, end_s: float) -> str:
    lines = {way.name: by_second(of(doc, mode, way.name)[0]) for way in WAYS
             if of(doc, mode, way.name)}
    smoothed = {name: list(zip([t for t, _ in points], smooth([v for _, v in points])))
                for name, points in lines.items()}
    top = best(doc, mode)
    peak = max([v for points in smoothed.values() for _, v in points] + [top[1] if top else 1.0])
    start_s = min((points[0][0] for points in smoothed.values() if points), default=0.0)
    width, height = _CHART_WIDTH - _AXIS, _CHART_HEIGHT

    def at(time: float, value: float) -> tuple[float, float]:
        share = (time - start_s) / max(end_s - start_s, 1)
        return x + _AXIS + share * width, y + height - value / max(peak, 1) * height

    parts = [f'<text x="{x}" y="{y - 10}" class="row">{escape(_ABOUT[mode])}</text>']
    left, right = at(0, 0)[0], at(doc["settings"]["spike_s"], 0)[0]
    parts.append(f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{height}" '
                 'fill="#f3eee4"/>')
    for value in (0, peak / 2, peak):
        level = at(start_s, value)[1]
        parts.append(f'<path d="M{x + _AXIS} {level:.1f}H{x + _AXIS + width}" class="grid"/>'
                     f'<text x="{x + _AXIS - 6}" y="{level + 4:.1f}" text-anchor="end">'
                     f'{value:.0f}</text>')
    for second in range(0, int(end_s) + 1, _STEP_S):
        parts.append(f'<text x="{at(second, 0)[0]:.1f}" y="{y + height + 15}" '
                     f'text-anchor="middle">{second} s</text>')
    if top:
        level = at(0, top[1])[1]
        parts.append(f'<path d="M{x + _AXIS} {level:.1f}H{x + _AXIS + width}" class="best"/>')
    for name, points in smoothed.items():
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(t, v) for t, v in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{_COLOURS[name]}" '
                     'stroke-width="1.8" stroke-linejoin="round"/>')
    return "\n".join(parts)


def draw(doc: dict) -> str:
    shown = modes(doc)
    ways = [way for way in WAYS if any(of(doc, mode, way.name) for mode in shown)]
    ends = [max((column(record, "at_s")[-1] for way in WAYS for record in of(doc, mode, way.name)),
                default=1.0) for mode in shown]
    parts = []
    x = float(_LEFT)
    for i, way in enumerate(ways):
        row, place = divmod(i, 2)
        x, y = _LEFT + place * 420, 54 + row * 18
        parts.append(f'<rect x="{x}" y="{y - 9}" width="18" height="4" '
                     f'fill="{_COLOURS[way.name]}"/>'
                     f'<text x="{x + 24}" y="{y}">{escape(title(doc, way))}</text>')
    for i, (mode, end_s) in enumerate(zip(shown, ends)):
        row, place = divmod(i, 2)
        parts.append(_chart(doc, mode, _LEFT + place * (_CHART_WIDTH + _GAP),
                            _TOP + 22 + row * (_CHART_HEIGHT + _UNDER + 22), end_s))
    height = _TOP + 22 + (len(shown) + 1) // 2 * (_CHART_HEIGHT + _UNDER + 22) - 12
    summary = "; ".join(
        f"{_ABOUT[mode]}: " + ", ".join(
            f"{way.name} {max((v for _, v in by_second(of(doc, mode, way.name)[0])), default=0):.0f}"
            for way in ways if of(doc, mode, way.name)) for mode in shown)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" \
viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title desc">
<title id="title">Purchases per second through a flash sale</title>
<desc id="desc">Most in any second: {escape(summary)}</desc>
<style>
text {{ font: 12px system-ui, sans-serif; fill: #1f2328; }}
.head {{ font-size: 17px; font-weight: 600; }}
.row {{ font-size: 13px; font-weight: 600; }}
.grid {{ stroke: #d0d7de; stroke-width: 1; }}
.best {{ stroke: #57606a; stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }}
</style>
<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6" fill="#ffffff" \
stroke="#d0d7de"/>
<text x="{_LEFT}" y="30" class="head">Purchases per second through a flash sale</text>
<text x="{_WIDTH - _LEFT}" y="30" text-anchor="end">shaded: the sale; dashed: the best fixed limit\
</text>
""" + "\n".join(parts) + "\n</svg>\n"
