"""The picture: processor time per request, a group of bars for each row, a colour for each proxy.

Each group has its own scale, its longest bar the full width: the rows lie a hundredfold apart, and
what is compared is who stands in the same row. It brings its own light ground, so that it reads the
same on a white and on a dark page, uses the reader's own font, and depends on nothing but the
figures, so that a diff shows what changed. Pure.
"""

from xml.sax.saxutils import escape

from .record import titles
from .stats import FLOORS, Block, Line, blocks, floor_of
from .table import number

# Okabe and Ito's colours, darkened where they were too light for white: told apart by all eyes.
_COLOURS = {
    "sluice": "#0072b2", "nginx": "#009e73", "nginx-new": "#00664a", "haproxy": "#d55e00",
    "haproxy-new": "#8f3f00", "caddy": "#b3589a", "h2o": "#a68a00", "envoy": "#6a51a3",
    "relay": "#8c959f", "refuse": "#8c959f",
}
_RIVALS = [name for name in _COLOURS if name not in FLOORS]
_WIDTH, _LEFT, _BAR, _GAP, _HEAD = 860, 16, 16, 14, 24
_LONGEST = 560


def _bars(block: Block) -> list[Line]:
    """The proxies, and the one that is the floor of this row's work."""
    return [line for line in block.lines
            if line.us is not None and line.proxy in (*_RIVALS, floor_of(block.row))]


def draw(doc: dict) -> str:
    names = titles(doc)
    shown = [block for block in blocks(doc["records"], list(names))
             if block.row.headline == "us" and not block.only_reference]
    parts, y = [], 72
    for block in shown:
        bars = _bars(block)
        parts.append(f'<text x="{_LEFT}" y="{y + 14}" class="row">'
                     f'{escape(block.row.label(block.variant))}</text>')
        y += _HEAD
        longest = max((line.us for line in bars), default=1.0) or 1.0
        for line in bars:
            width = max(1.0, line.us / longest * _LONGEST)
            parts.append(
                f'<g><title>{escape(names[line.proxy])}: {number(line.us)} us</title>'
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 3}" rx="2" '
                f'fill="{_COLOURS[line.proxy]}"/>'
                f'<text x="{_LEFT + width + 6:.1f}" y="{y + 11}">{escape(names[line.proxy])}: '
                f'{number(line.us)} us</text></g>')
            y += _BAR
        y += _GAP
    summary = "; ".join(
        f"{block.row.label(block.variant)}: "
        + ", ".join(f"{names[line.proxy]} {number(line.us)} us" for line in _bars(block))
        for block in shown)
    height = y + 8
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" \
viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title desc">
<title id="title">Processor time of the proxy for each request</title>
<desc id="desc">{escape(summary)}</desc>
<style>
text {{ font: 12px system-ui, sans-serif; fill: #1f2328; }}
.head {{ font-size: 17px; font-weight: 600; }}
.row {{ font-size: 13px; font-weight: 600; }}
</style>
<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6" fill="#ffffff" \
stroke="#d0d7de"/>
<text x="{_LEFT}" y="32" class="head">Processor time of the proxy for each request: shorter is \
better</text>
<text x="{_LEFT}" y="52">User and system, one worker on one core; each group has its own \
scale.</text>
""" + "\n".join(parts) + "\n</svg>\n"
