"""What stands below the figures: what was wrong with a measurement, what it can't say, and where
sluice missed its aims. Pure.
"""

from .stats import FLOORS, RIVAL, SLUICE, Block, Line

BUSY = 0.9           # below, the proxy waited for the load
FOREIGN = 0.1        # share of the proxies' core beyond which others disturb
LATE = 0.25          # of p99: beyond, load_steady measured itself
OWN_CODE_US = 1.5    # what sluice's own code may cost for a small request, above the relay

AIM = (f"the aim is to cost less than nginx in every row, and at most {OWN_CODE_US} us above the "
       "floor for a small answer")


def _named(lines: list[Line], titles: dict[str, str], figure) -> str:
    return ", ".join(f"{titles[line.proxy]} {figure(line)}" for line in lines)


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
    said = [block.row.note] if block.row.note else []
    # Nobody asks how many requests a floor could serve.
    waited = [line for line in block.lines if line.core is not None and line.core < BUSY
              and line.proxy not in FLOORS]
    if waited and block.row.load in ("wrk", "tunnel"):
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


def not_met(blocks: list[Block], titles: dict[str, str]) -> list[str]:
    """Where sluice missed AIM. The middle of the rounds decides, as a table shows it."""
    what = {"us": "processor time", "pss_bytes": "memory", "p99_us": "p99"}
    missed = []
    for block in blocks:
        line = block.line(SLUICE)
        if line is None or block.only_reference:
            continue
        label = block.row.label(block.variant)
        if line.to_rival and round(line.to_rival.median, 2) > 1:
            missed.append(f"{label}: {line.to_rival.median:.2f} times the "
                          f"{what[block.row.headline]} of {titles[RIVAL]}")
        above = line.above_floor_us
        if block.row.name == "small64" and above and round(above.median, 2) > OWN_CODE_US:
            missed.append(f"{label}: {above.median:.2f} us above the floor")
    return missed
