"""What the sales of bench/flashsale come to: the table, and the README's part. Pure."""

import json
import statistics

from .sale_field import CAPACITY, MODES, SWEEP, WAYS
from .table import aligned, wrapped

# Later than that an arrival is not the shoppers' doing.
MOST_LATE_MS = 100.0

# What sluice is to sell at least, in times of what the best fixed limit sells, and how many
# shoppers at most it is to have affected.
LEAST = {"web": 0.95, "database": 0.85, "ceiling": 0.95, "crash": 0.95}
OURS, BESET = "sluice-room", "sluice-room-bots"
MOST_AFFECTED = {OURS: 0.01, BESET: 0.02}

BEGIN, END = "<!-- flashsale: begin -->", "<!-- flashsale: end -->"


def to_text(doc: dict) -> str:
    """JSON with one sale a line, so that a diff shows which ones changed."""
    text = json.dumps({**doc, "records": []}, indent=2)
    records = ",\n".join("    " + json.dumps(entry, separators=(",", ":"))
                         for entry in doc["records"])
    return text.replace('"records": []', '"records": [\n' + records + "\n  ]") + "\n"


def key(record: dict) -> tuple:
    """What makes a sale one of its kind."""
    return record["mode"], record["way"], record["limit"], record["seed"]


def replaced(records: list[dict], entry: dict) -> list[dict]:
    """With `entry` in place of the one of its kind, or at the end."""
    kept = [entry if key(record) == key(entry) else record for record in records]
    return kept if entry in kept else [*kept, entry]


def column(record: dict, name: str) -> list[float]:
    at = record["columns"].index(name)
    return [row[at] for row in record["seconds"]]


def of(doc: dict, mode: str, way: str, limit: int | None = None) -> list[dict]:
    return [record for record in doc["records"]
            if (record["mode"], record["way"], record["limit"]) == (mode, way, limit)]


def purchases(record: dict) -> float:
    """A second, in the window."""
    return record["purchases"] / record["window_s"] if record["window_s"] > 0 else 0.0


def affected(record: dict) -> float:
    return record["affected"] / max(record["shoppers"], 1)


def median(records: list[dict], value) -> float | None:
    return statistics.median(map(value, records)) if records else None


def best(doc: dict, mode: str) -> tuple[int, float] | None:
    """The fixed limit that sells most, and what it sells a second."""
    found = [(median(of(doc, mode, "sluice", limit), purchases), limit)
             for limit in sorted({record["limit"] for record in doc["records"]
                                  if record["mode"] == mode and record["limit"] is not None})]
    if not found:
        return None
    most, limit = max(found)
    return limit, most


def _cells(doc: dict, mode: str, way: str) -> list[str]:
    found = of(doc, mode, way)
    if not found:
        return ["-", "-", "-", "-"]
    sold, top = median(found, purchases), best(doc, mode)
    return [f"{median(found, affected):.1%}", f"{sold:.1f}",
            f"{sold / top[1]:.0%}" if top and top[1] > 0 else "-",
            f"{median(found, lambda record: record['crashes']):.0f}"]


def modes(doc: dict) -> list[str]:
    return [mode for mode in MODES if any(record["mode"] == mode for record in doc["records"])]


def title(doc: dict, way) -> str:
    return f"{doc['programs'].get(way.program, way.program)}, {way.how}"


def blocks(doc: dict) -> list[tuple[str, list[list[str]]]]:
    """One for each mode: its name, and the rows of its table."""
    found = []
    for mode in modes(doc):
        rows = [["", "affected", "purchases/s", "of best", "crashes"]]
        rows += [[title(doc, way), *_cells(doc, mode, way.name)] for way in WAYS
                 if of(doc, mode, way.name)]
        found.append((mode, rows))
    return found


def _causes(doc: dict) -> list[list[str]]:
    rows = [["", "gave up", "error", "waited > 2 s", "unfinished", "made for nobody",
             "checkout p99 / rest, ms", "window s"]]
    for mode in modes(doc):
        for way in WAYS:
            found = of(doc, mode, way.name)
            if not found:
                continue
            shares = [f"{median(found, lambda r, k=key: r[k] / max(r['shoppers'], 1)):.1%}"
                      for key in ("gave_up", "saw_error", "waited", "unfinished")]
            rows.append([f"{mode}: {way.name}", *shares,
                         f"{median(found, lambda r: r['wasted']):,.0f}",
                         f"{median(found, lambda r: r['checkout']['p99_ms']):,.0f} / "
                         f"{median(found, lambda r: r['checkout']['rest_p99_ms']):,.0f}",
                         f"{median(found, lambda r: r['window_s']):.0f}"])
    return rows


def _sweeps(doc: dict) -> list[str]:
    said = []
    for mode in modes(doc):
        if top := best(doc, mode):
            tried = sorted({record["limit"] for record in doc["records"]
                            if record["mode"] == mode and record["limit"] is not None})
            figures = ", ".join(
                f"{limit}: {median(of(doc, mode, 'sluice', limit), purchases):.1f}"
                for limit in tried)
            said.append(f"{mode}: best with {top[0]} at each server ({figures} purchases/s)")
    return said


def shortfalls(doc: dict) -> list[str]:
    """Every bar that is not met in the modes that were measured; what is missing meets none."""
    missed = []
    for mode in modes(doc):
        ours, top = of(doc, mode, OURS), best(doc, mode)
        if not ours or not top:
            missed.append(f"{mode}: not measured")
            continue
        sold = median(ours, purchases) / max(top[1], 0.1)
        if round(sold, 2) < LEAST[mode]:
            missed.append(f"{mode}: {sold:.2f} of the best limit's purchases "
                          f"(at least {LEAST[mode]:.2f})")
        for key, what in (("crashes", "server crashes"), ("overtaken", "overtaken in line"),
                          ("unfinished", "still in line at the end")):
            if count := median(ours, lambda entry, key=key: entry[key]):
                missed.append(f"{mode}: {count:.0f} {what}")
        for way, most in MOST_AFFECTED.items():
            share = median(of(doc, mode, way), affected)
            if share is not None and round(share, 3) > most:
                missed.append(f"{mode}: {share:.1%} affected{' beside bots' * (way == BESET)} "
                              f"(at most {most:.0%})")
    return missed


def _lines(doc: dict) -> list[list[str]]:
    """Of those that were told to wait: how long, and whether in order."""
    rows = [["in line before the shop", "shoppers", "longest, s", "overtaken by at most, s",
             "overtaken"]]
    for mode in modes(doc):
        for way in WAYS:
            found = [record for record in of(doc, mode, way.name) if record.get("lined_up")]
            if way.room and found:
                rows.append([f"{mode}: {way.name}",
                             *(f"{median(found, lambda r, k=key: r[k]):{form}}"
                               for key, form in (("lined_up", ",.0f"), ("most_line_s", ".0f"),
                                                 ("most_overtaken_s", ".1f"),
                                                 ("overtaken", ".0f")))])
    return rows if len(rows) > 1 else []


def _bars(doc: dict) -> str:
    missed = shortfalls(doc)
    return f"Not met ({len(missed)}): {'; '.join(missed)}." if missed else "All bars are met."


def _doubts(doc: dict) -> list[str]:
    late = [entry for entry in doc["records"] if entry["late_ms"] > MOST_LATE_MS]
    return [f"in {len(late)} of {len(doc['records'])} sales shoppers came up to "
            f"{max(entry['late_ms'] for entry in late):.0f} ms late: the machine was not quiet"
            ] if late else []


def text(doc: dict) -> str:
    lines = []
    for mode, rows in blocks(doc):
        lines += [f"{mode}:", *("  " + line for line in aligned(rows)), ""]
    lines += [*aligned(_causes(doc)), ""]
    if rows := _lines(doc):
        lines += [*aligned(rows), ""]
    lines += [*_sweeps(doc), *_doubts(doc), _bars(doc)]
    return "\n".join(lines) + "\n"


def _order(doc: dict) -> str:
    """What became of the line, in words; empty where there was none."""
    found = [record for mode in modes(doc) for record in of(doc, mode, OURS)
             if record.get("lined_up")]
    if not found:
        return ""
    longest, by = (max(record[key] for record in found)
                   for key in ("most_line_s", "most_overtaken_s"))
    return (f"In the waiting room a shopper waited {longest:.0f} s at most, and was let in up to "
            f"{by:.1f} s after one that came later. ")


def markdown(doc: dict) -> str:
    """What stands between the README's markers."""
    shown = modes(doc)
    lines = ["| shoppers affected, purchases/s, server crashes | " + " | ".join(shown) + " |",
             "|" + "---|" * (len(shown) + 1)]
    for way in WAYS:
        cells = []
        for mode in shown:
            share, sold, of_best, crashes = _cells(doc, mode, way.name)
            cells.append("-" if share == "-" else f"{share}, {sold}"
                         + (f" ({of_best} of best)" if of_best != "-" else "")
                         + (f", {crashes} crashes" if crashes != "0" else ""))
        if any(cell != "-" for cell in cells):
            lines.append("| " + " | ".join([title(doc, way), *cells]) + " |")
    settings, machine = doc["settings"], doc["machine"]
    doubts = "".join(doubt + ". " for doubt in _doubts(doc))
    how = (f"Four servers of eight workers, some {CAPACITY} pages/s at best; "
           f"{settings['calm_rate']:g} shoppers/s, and {settings['spike_rate']:g} during "
           f"{settings['spike_s']:g} s; each wants four pages, gives one up after 4 s and tries "
           f"again twice, and waits up to {settings['told_patience_s']:g} s when told so. "
           f"Affected: gave up, saw an error that did not say when to come back, or "
           f"waited over 2 s for a page that it was not told to wait for; of bots "
           f"({settings.get('bots', 0):.0%} of who comes, where there are some) none counts. "
           f"Purchases from 5 s after the sale began until the line "
           f"was empty. Best: of a sweep of fixed limits. {_order(doc)}"
           f"Bars, with a waiting room: at most {MOST_AFFECTED[OURS]:.0%} affected, "
           f"{MOST_AFFECTED[BESET]:.0%} beside bots; at least {LEAST['web']:.0%} of the best "
           f"limit's purchases, {LEAST['database']:.0%} where the database bounds; no crash; "
           f"nobody overtaken in line beyond what he was told to stay away for. "
           f"{_bars(doc)} {doubts}"
           f"{machine['cpu']}, Linux {machine['kernel']}, {doc['date'][:10]} (commit "
           f"{doc['commit']}). All of it is in "
           f"[docs/flashsale.json](docs/flashsale.json).")
    return "\n".join(lines) + "\n\n" + wrapped(how)
