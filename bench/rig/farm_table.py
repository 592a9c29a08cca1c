"""What the rounds of bench/farm say: the table, the verdict, and the README's part. Pure."""

import json
import statistics

from .farm_field import DEFAULT, HEDGED, RIVAL, WAYS
from .table import aligned, wrapped

BEGIN, END = "<!-- farm: begin -->", "<!-- farm: end -->"
# Of the rival's in the same round.
MOST_P99, MOST_P999, MOST_P999_HEDGED = 0.80, 0.65, 0.45
MOST_EXTRA = 0.05       # requests sent twice, of all
QUANTILES = ("p50", "p99", "p999")


def to_text(doc: dict) -> str:
    """JSON with one record a line, so that a diff shows which rounds changed."""
    text = json.dumps({**doc, "records": []}, indent=2)
    records = ",\n".join("    " + json.dumps(entry) for entry in doc["records"])
    return text.replace('"records": []', '"records": [\n' + records + "\n  ]") + "\n"


def rates(doc: dict) -> list[int]:
    return sorted({entry["rate"] for entry in doc["records"]})


def believed(doc: dict, rate: int, way: str) -> list[dict]:
    return [entry for entry in doc["records"]
            if entry["rate"] == rate and entry["way"] == way and not entry["rejected"]]


def median(doc: dict, rate: int, way: str, key: str) -> float | None:
    values = [entry[key] for entry in believed(doc, rate, way)]
    return statistics.median(values) if values else None


def ratio(doc: dict, rate: int, way: str, key: str) -> float | None:
    """To the rival: the median over the rounds that have both."""
    rivals = {entry["round"]: entry[key] for entry in believed(doc, rate, RIVAL)}
    found = [entry[key] / rivals[entry["round"]] for entry in believed(doc, rate, way)
             if entry["round"] in rivals]
    return statistics.median(found) if found else None


def shortfalls(doc: dict) -> list[str]:
    """Every bar that is not met; a figure that is missing meets none."""
    missed = []

    def hold(what: str, value: float | None, most: float) -> None:
        if value is None:
            missed.append(f"{what}: not measured")
        elif round(value, 2) > most:
            missed.append(f"{what}: {value:.2f} (at most {most:.2f})")

    for rate in rates(doc):
        hold(f"{rate}/s p99 to leastconn", ratio(doc, rate, DEFAULT, "p99"), MOST_P99)
        hold(f"{rate}/s p99.9 to leastconn", ratio(doc, rate, DEFAULT, "p999"), MOST_P999)
        hold(f"{rate}/s p99.9 with hedging", ratio(doc, rate, HEDGED, "p999"), MOST_P999_HEDGED)
        hold(f"{rate}/s extra requests", median(doc, rate, HEDGED, "extra"), MOST_EXTRA)
        for way in WAYS:
            if way.program != "nginx":
                continue
            for key in ("p99", "p999"):
                ours, theirs = median(doc, rate, DEFAULT, key), median(doc, rate, way.name, key)
                if ours is not None and theirs is not None and ours > theirs:
                    missed.append(f"{rate}/s {key}: nginx {way.how} is better")
        for entry in doc["records"]:
            if entry["rate"] == rate and entry["way"] in (DEFAULT, HEDGED) and entry["errors"]:
                missed.append(f"{rate}/s round {entry['round']}: {entry['errors']} errors")
    return missed


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _cells(doc: dict, rate: int, way: str) -> list[str]:
    figures = " / ".join(_ms(median(doc, rate, way, key)) for key in QUANTILES)
    ratios = [ratio(doc, rate, way, key) for key in ("p99", "p999")]
    return [figures, " / ".join("-" if value is None else f"{value:.2f}" for value in ratios)]


def rows(doc: dict) -> list[list[str]]:
    known = rates(doc)
    found = [["p50 / p99 / p99.9, ms"] + [cell for rate in known for cell in (
        f"{rate:,} requests/s", "p99 / p99.9 to leastconn")]]
    for strategy, said in (("(sees all)", "simulation: who knows the future of every server"),
                           ("expected_delay", "simulation: expected_delay")):
        by_rate = {entry["rate"]: entry for entry in doc["simulated"]
                   if entry["strategy"] == strategy}
        found.append([said] + [cell for rate in known for cell in (
            " / ".join(_ms(by_rate[rate][key]) for key in QUANTILES) if rate in by_rate else "-",
            "")])
    for way in WAYS:
        if any(entry["way"] == way.name for entry in doc["records"]):
            found.append([f"{doc['programs'].get(way.program, way.program)} {way.how}"]
                         + [cell for rate in known for cell in _cells(doc, rate, way.name)])
    return found


def _remarks(doc: dict) -> list[str]:
    extra = [median(doc, rate, HEDGED, "extra") for rate in rates(doc)]
    said = [f"hedging sends {max(extra):.1%} more requests"] if extra and None not in extra else []
    rejected = sum(entry["rejected"] for entry in doc["records"])
    if rejected:
        said.append(f"{rejected} of {len(doc['records'])} measurements are left out, as load or "
                    "farm were late themselves")
    return said


def _bars(doc: dict) -> str:
    missed = shortfalls(doc)
    return f"Not met ({len(missed)}): {'; '.join(missed)}." if missed else "All bars are met."


def text(doc: dict) -> str:
    said = [*_remarks(doc), _bars(doc)]
    return "\n".join([*aligned(rows(doc)), *said]) + "\n"


def markdown(doc: dict) -> str:
    """What stands between the README's markers."""
    head, *body = rows(doc)
    settings, machine = doc["settings"], doc["machine"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in body]
    rounds = max(entry["round"] for entry in doc["records"])
    remarks = "; ".join(_remarks(doc))
    how = (f"Six servers of eight slots, exponential service of mean 10 ms, one three times "
           f"slower, one that stands still for 300 ms every 3 s; Poisson arrivals, timed from when "
           f"they were due. Medians of {rounds} rounds of {settings['seconds']} s in which all are "
           f"asked for the same requests (one round of what no bar rests on); ratios are medians "
           f"of the rounds' ratios. {settings['workers']} worker each; {machine['cpu']}, Linux "
           f"{machine['kernel']}, {doc['date'][:10]} (commit {doc['commit']}). Bars: p99 at most "
           f"{MOST_P99:.2f} and p99.9 at most {MOST_P999:.2f} of HAProxy's leastconn, "
           f"{MOST_P999_HEDGED:.2f} with hedging at under {MOST_EXTRA:.0%} more requests, and "
           f"better than every way of nginx. {_bars(doc)}"
           + (f" To know: {remarks}." if remarks else "")
           + " Every round is in [docs/farm.json](docs/farm.json); `bench/farm --readme` makes all "
           "of this anew.")
    return "\n".join(lines) + "\n\n" + wrapped(how)
