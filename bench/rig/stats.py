"""Medians and ratios out of the raw rounds. Pure.

A ratio is made within each round and the median taken of the ratios: the machine drifts from one
round to the next by more than the proxies differ, and in a ratio of medians that drift stays.
"""

import statistics
from dataclasses import dataclass, field

from .rows import LOG_OFF, LOG_ON, ROWS, Row

SLUICE, RIVAL, HAPROXY = "sluice", "nginx", "haproxy"
FLOORS = ("relay", "uvrelay", "refuse")


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, and the least and greatest of them."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: list[float]) -> "Spread | None":
        if not values:
            return None
        return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Line:
    """What a table says of one proxy in one row and variant. Medians over the rounds; what does not
    apply is None."""

    proxy: str
    variant: str
    rate: float | None = None               # units of work a second
    us: float | None = None                 # processor time of the proxy for one of them
    core: float | None = None               # share of its core that the proxy used
    others: float | None = None             # share of that core that somebody else used
    p50_us: float | None = None
    p99_us: float | None = None
    p999_us: float | None = None
    pss_bytes: float | None = None
    pss_each_bytes: float | None = None     # that each connection added
    to_rival: Spread | None = None          # the row's headline, divided by nginx's
    to_haproxy: Spread | None = None        # the same with HAProxy's; sluice only
    above_floor_us: Spread | None = None    # sluice only
    log_cost: Spread | None = None          # us with the access log divided by us without
    errors: dict[str, int] = field(default_factory=dict)
    lines_lost: int = 0                     # of the access log
    late_us: float | None = None            # how late load_steady was, p99
    tls: str | None = None                  # what was negotiated, where it was TLS


def us_per_unit(record: dict) -> float | None:
    if "cpu_us" not in record or not record["done"]:
        return None
    return record["cpu_us"] / record["done"]


def figure(record: dict, headline: str) -> float | None:
    return us_per_unit(record) if headline == "us" else record.get(headline)


def paired(ours: list[dict], theirs: list[dict], headline: str, combine) -> Spread | None:
    """`combine(ours, theirs)` for each round in which both have a figure."""
    by_round = {record["round"]: figure(record, headline) for record in theirs}
    pairs = [(figure(record, headline), by_round.get(record["round"])) for record in ours]
    return Spread.of([combine(a, b) for a, b in pairs if a is not None and b])


def ratio(ours: float, theirs: float) -> float:
    return ours / theirs


def difference(ours: float, theirs: float) -> float:
    return ours - theirs


@dataclass(frozen=True)
class Block:
    """One row in one of its variants: a block of the terminal's table, a row of the README's."""

    row: Row
    variant: str
    lines: list[Line]       # in the order of the proxies

    @property
    def only_reference(self) -> bool:
        """small64 once more, beside which the log's cost is seen: no row of its own."""
        return self.variant == LOG_OFF

    def line(self, proxy: str | None) -> Line | None:
        return next((line for line in self.lines if line.proxy == proxy), None)


def floor_of(row: Row) -> str | None:
    """The proxy that does the least that this row's work needs."""
    if not (row.floors and row.least):
        return None
    return "refuse" if row.task == "refuse" else "relay"


def blocks(records: list[dict], proxies: list[str]) -> list[Block]:
    """All that was measured, in the order of the table of rows and of `proxies`."""
    made = []
    for row in ROWS:
        groups: dict[tuple[str | None, str], list[dict]] = {}
        for record in records:
            if record["row"] == row.name:
                groups.setdefault((record["proxy"], record["variant"]), []).append(record)
        for variant in row.variants:
            lines = [_line(row, name, variant, groups) for name in proxies
                     if (name, variant) in groups]
            if lines:
                made.append(Block(row, variant, lines))
    return made


def _line(row: Row, proxy: str, variant: str,
          groups: dict[tuple[str | None, str], list[dict]]) -> Line:
    mine = groups[proxy, variant]
    line = _medians(proxy, variant, mine)
    line.to_rival = paired(mine, groups.get((RIVAL, variant), []), row.headline, ratio)
    if proxy == SLUICE:
        line.to_haproxy = paired(mine, groups.get((HAPROXY, variant), []), row.headline, ratio)
        floor = groups.get((floor_of(row), variant), [])
        line.above_floor_us = paired(mine, floor, "us", difference)
    if variant == LOG_ON:
        line.log_cost = paired(mine, groups.get((proxy, LOG_OFF), []), "us", ratio)
    return line


def _medians(proxy: str, variant: str, records: list[dict]) -> Line:
    def median(values) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    def of(key: str) -> float | None:
        return median(record.get(key) for record in records)

    line = Line(proxy, variant)
    line.rate = median(record["done"] / record["seconds"] if record.get("seconds") else None
                       for record in records)
    line.us = median(us_per_unit(record) for record in records)
    line.core, line.others = of("core"), of("others")
    line.p50_us, line.p99_us, line.p999_us = of("p50_us"), of("p99_us"), of("p999_us")
    line.pss_bytes, line.late_us = of("pss_bytes"), of("start_lag_p99_us")
    line.pss_each_bytes = median(
        (record["pss_bytes"] - record["pss_before_bytes"]) / record["done"]
        if "pss_before_bytes" in record and record["done"] else None for record in records)
    line.tls = next((record["tls"] for record in records if "tls" in record), None)
    for record in records:
        for kind, count in record["errors"].items():
            line.errors[kind] = line.errors.get(kind, 0) + count
        if "log_lines" in record:
            line.lines_lost += max(0, record["done"] - record["log_lines"])
    return line


def best_rate(records: list[dict]) -> float | None:
    """The most requests a second that nginx managed in any round of small64: what `tail` takes its
    shares of."""
    return max((record["done"] / record["seconds"] for record in records
                if (record["row"], record["proxy"]) == ("small64", RIVAL)), default=None)
