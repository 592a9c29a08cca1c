"""What grew, what fell, what is over its bar: counts against those written down. Pure.

Instructions and system calls may grow by a tenth, which is far above what two runs differ by (a
hundredth) and below what a careless change costs. Allocations may not grow at all.
"""

from dataclasses import dataclass

from .record import figures
from .rows import BY_NAME, Row
from .slope import Cost

TENTH = 0.10
WHAT_TO_DO = ("find the cause (callgrind_annotate, strace -f -c), or run bench/counts --write and "
              "give the reason in the commit")


@dataclass(frozen=True)
class Finding:
    text: str
    wrong: bool    # whether the check fails for it


def number(value: float) -> str:
    """With as many digits as are worth something."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}".rstrip("0").rstrip(".")


def _compared(row: Row, figure: str, was: float, now: float) -> Finding | None:
    words = f"{row.name}: {figure.replace('_', ' ')} "
    if figure == "allocations":
        grew = now > was + row.clock_allocations
        fell = now < was * (1 - TENTH) - row.clock_allocations
    else:
        grew, fell = now > was * (1 + TENTH), now < was * (1 - TENTH)
    if grew:
        return Finding(words + f"grew from {number(was)} to {number(now)}: {WHAT_TO_DO}", True)
    if fell:
        return Finding(words + f"fell from {number(was)} to {number(now)}, lower: write them down "
                       "(bench/counts --write)", False)
    return None


def over_bars(row: Row, now: dict[str, float]) -> list[Finding]:
    bars = (("allocations", row.most_allocations), ("system_calls", row.most_calls))
    return [Finding(f"{row.name}: {figure.replace('_', ' ')} are {number(now[figure])}, and the "
                    f"bar is {number(bar)} whatever is written down: find the cause", True)
            for figure, bar in bars
            if bar is not None and figure in now and now[figure] > bar]


def findings(written: dict[str, dict[str, float]], costs: dict[str, Cost]) -> list[Finding]:
    """All there is to say, row by row."""
    said = []
    for name, cost in costs.items():
        row, now = BY_NAME[name], figures(cost)
        if name not in written:
            said.append(Finding(f"{name}: not written down yet: bench/counts --write", True))
        else:
            compared = (_compared(row, figure, written[name][figure], now[figure])
                        for figure in now)
            said += [finding for finding in compared if finding]
        said += over_bars(row, now)
    said += [Finding(f"{name}: written down, but there is no such row: bench/counts --write", True)
             for name in written if name not in BY_NAME]
    return said
