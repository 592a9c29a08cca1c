"""What stands below the figures: what was wrong with a measurement, what it can't say, and where
sluice missed its bars, which stand in the rows. Pure.
"""

from typing import NamedTuple

from .rows import LOG_OFF, ROWS, Row
from .stats import FLOORS, HAPROXY, RIVAL, SLUICE, Block, Line, Spread, floor_of

BUSY = 0.9           # below, the proxy waited for the load
FOREIGN = 0.1        # share of the proxies' core beyond which others disturb
LATE = 0.25          # of p99: beyond, load_steady measured itself
OWN_CODE_US = 1.5    # what sluice's own code may cost above the floor, where a row has one

def _named(lines: list[Line], titles: dict[str, str], figure) -> str:
    return ", ".join(f"{titles[line.proxy]} {figure(line)}" for line in lines)


def to_know(block: Block) -> list[str]:
    """What is to be known of a row by whoever reads its figures."""
    said = [block.row.note] if block.row.note else []
    # That of one is that of all, or they would not have been measured.
    if tls := next((line.tls for line in block.lines if line.tls), None):
        said.append(f"all negotiated {tls}")
    return said


def errors(block: Block, titles: dict[str, str]) -> list[str]:
    """Measurements that did not do the work they should have done."""
    said = []
    for line in block.lines:
        for kind, count in line.errors.items():
            said.append(f"{titles[line.proxy]}: {count:,} errors ({kind})")
        if line.lines_lost:
            said.append(f"{titles[line.proxy]}: {line.lines_lost:,} requests are missing in its "
                        "access log")
    return said


def disturbed(block: Block) -> list[Line]:
    """Who had to share their core with somebody that was no part of this."""
    return [line for line in block.lines if (line.others or 0) > FOREIGN]


def doubts(block: Block, titles: dict[str, str]) -> list[str]:
    """What the figures can't say."""
    said = to_know(block)
    # Nobody asks how many requests a floor could serve.
    waited = [line for line in block.lines if line.core is not None and line.core < BUSY
              and line.proxy not in FLOORS]
    if waited and block.row.load != "steady":
        said.append("the load was the limit, not the core of "
                    + _named(waited, titles, lambda line: f"({line.core:.0%} busy)")
                    + f": compare us, not {block.row.unit}s/s")
    if beside := disturbed(block):
        said.append("others used the same core beside "
                    + _named(beside, titles, lambda line: f"({line.others:.0%})"))
    late = [line for line in block.lines if (line.late_us or 0) > LATE * (line.p99_us or 0)]
    if late:
        said.append("the load itself was late, so that its times say little: "
                    + _named(late, titles, lambda line: f"({line.late_us:,.0f} us)"))
    return said


class Shortfall(NamedTuple):
    """The bars that were missed, and those that nothing can be said of. One in neither is met."""

    missed: list[str]
    not_judged: list[str]


_WHAT = {"us": "processor time", "pss_bytes": "memory", "p999_us": "p99.9"}


def aim() -> str:
    """All bars in a sentence."""

    def each(bar: str) -> str:
        return ", ".join(f"{row.name} {getattr(row, bar):.2f}" for row in ROWS if getattr(row, bar))

    beside = ", ".join(row.name for row in ROWS if row.most_to_haproxy)
    memory = ", ".join(f"{row.name} {row.most_each_bytes:,} bytes" for row in ROWS
                       if row.most_each_bytes)
    return (f"The aims are at most, in times of nginx's figure: {each('most_to_nginx')}; where "
            f"there is a floor, {OWN_CODE_US} us above it will do; not more than HAProxy in "
            f"{beside}; with the log, in times of without: {each('most_to_off')}; for each "
            f"connection: {memory}")


def not_met(blocks: list[Block], titles: dict[str, str]) -> Shortfall:
    """What became of every bar of every row, measured or not. The middle of the rounds decides, as
    a table shows it."""
    short = Shortfall([], [])
    by_row = {(block.row.name, block.variant): block for block in blocks}
    for row in ROWS:
        for variant in row.variants:
            if variant == LOG_OFF:
                continue
            block = by_row.get((row.name, variant))
            line = block.line(SLUICE) if block else None
            if line:
                _judge(row, line, titles, short)
            else:
                short.not_judged.append(f"{row.label(variant)}: not measured")
    return short


def _over(value: Spread | None, most: float) -> bool:
    return value is not None and round(value.median, 2) > most


def _judge(row: Row, line: Line, titles: dict[str, str], short: Shortfall) -> None:
    label, figure = row.label(line.variant), _WHAT[row.headline]
    if row.most_to_nginx:
        _judge_nginx(row, line, titles, short)
    for most, value, said, absent in (
            (row.most_to_haproxy, line.to_haproxy,
             f"times the {figure} of {titles.get(HAPROXY, 'HAProxy')}", "no HAProxy beside it"),
            (row.most_to_off, line.log_cost, "times the processor time with the log off",
             "nothing measured with the log off")):
        if most and value is None:
            short.not_judged.append(f"{label}: {absent}")
        elif most and _over(value, most):
            short.missed.append(f"{label}: {value.median:.2f} {said} (at most {most:.2f})")
    if row.most_each_bytes and line.pss_each_bytes is None:
        short.not_judged.append(f"{label}: not one connection was opened")
    elif row.most_each_bytes and line.pss_each_bytes > row.most_each_bytes:
        short.missed.append(f"{label}: {line.pss_each_bytes:,.0f} bytes each (at most "
                            f"{row.most_each_bytes:,})")


def _judge_nginx(row: Row, line: Line, titles: dict[str, str], short: Shortfall) -> None:
    """The bar is nginx's share or OWN_CODE_US above the floor, whichever is more: either will do,
    and it takes both to miss it."""
    label, most = row.label(line.variant), row.most_to_nginx
    rival, above = line.to_rival, line.above_floor_us
    near = above is not None and not _over(above, OWN_CODE_US)
    if near or (rival and not _over(rival, most)):
        return
    if rival is None:
        short.not_judged.append(f"{label}: no nginx beside it")
        return
    said = (f"{label}: {rival.median:.2f} times the {_WHAT[row.headline]} of {titles[RIVAL]} "
            f"(at most {most:.2f})")
    if floor_of(row) is None:
        short.missed.append(said)
    elif above is None:
        short.not_judged.append(f"{said}, and no floor beside it")
    else:
        short.missed.append(f"{said}, and {above.median:.2f} us above the floor "
                            f"(at most {OWN_CODE_US:.2f})")
