"""What the rounds of bench/attack say: a line for each attack, its verdict, and the README's part.
Pure."""

import re
import statistics

from .attacks import ATTACKS, Attack
from .siege import NOBODY, SINK, SLUICE

MOST_TO_SINK = 2.0      # other clients' p99, in times of what the same attacker costs at a sink
# Below, times differ by the scheduler's whim.
FLOOR_US = 1000.0
MOST_LEFT_BYTES = 24 << 20   # that an attack may leave behind: what sluice keeps for the next rush
MOST_LINES_PER_S = 100       # of the operational log
PROTOCOLS = ("http1", "http2")


def _median(records: list[dict], figure) -> float | None:
    values = [figure(record) for record in records]
    return statistics.median(values) if values else None


def chosen(records: list[dict], attack: str, aim: str) -> list[dict]:
    return [record for record in records if (record["attack"], record["aim"]) == (attack, aim)]


def ratios(records: list[dict], attack: str, protocol: str) -> list[float]:
    """p99 of each round: attacked, to beside an attacked sink."""
    sinks = {record["round"]: record for record in chosen(records, attack, SINK)}
    found = []
    for record in chosen(records, attack, SLUICE):
        if beside := sinks.get(record["round"]):
            found.append(record[protocol]["p99_us"] / max(beside[protocol]["p99_us"], FLOOR_US))
    return found


def worst_ratio(records: list[dict], attack: str) -> float | None:
    """Of the protocols' medians."""
    medians = [statistics.median(found) for protocol in PROTOCOLS
               if (found := ratios(records, attack, protocol))]
    return max(medians) if medians else None


def counts(records: list[dict]) -> dict[str, int]:
    """The metrics that grew, without the listener's and the route's names; the greatest of the
    rounds."""
    found: dict[str, int] = {}
    for record in records:
        sums: dict[str, int] = {}
        for name, count in record["counted"].items():
            short = re.sub(r'(listener|route)="[^"]*",?', "", name).replace("{}", "")
            sums[short] = sums.get(short, 0) + count
        for name, count in sums.items():
            found[name] = max(count, found.get(name, 0))
    return found


def goaways(records: list[dict]) -> list[int]:
    return sorted({int(code) for record in records for code in record["attacker"]["goaways"]})


def missed(records: list[dict], attack: Attack, seconds: int) -> list[str]:
    """What the attack did that it should not."""
    attacked = chosen(records, attack.name, SLUICE)
    if not attacked:
        return [f"{attack.name}: not measured"]
    said = []
    ratio = worst_ratio(records, attack.name)
    if ratio is None:
        said.append("no sink beside it")
    elif round(ratio, 2) > MOST_TO_SINK:
        said.append(f"p99 of the others {ratio:.2f} times that beside a sink")
    lost = max(record[protocol]["lost"] for record in attacked for protocol in PROTOCOLS)
    if lost:
        said.append(f"{lost} requests of others lost")
    left = _median(attacked, lambda record: record["pss_after"] - record["pss_before"])
    if left > MOST_LEFT_BYTES:
        said.append(f"{left / 1e6:.0f} MB more than before, 5 s after")
    lines = max(record["log_lines"] for record in attacked)
    if lines > MOST_LINES_PER_S * (seconds + 1):
        said.append(f"{lines} lines of log")
    return [f"{attack.name}: {what}" for what in said]


def shortfalls(records: list[dict], seconds: int) -> list[str]:
    return [what for attack in ATTACKS if any(r["attack"] == attack.name for r in records)
            for what in missed(records, attack, seconds)]


def _ms(us: float) -> str:
    return f"{us / 1000:.1f}" if us < 99_950 else f"{us / 1000:,.0f}"


def _times(records: list[dict], protocol: str) -> str:
    return " / ".join(_ms(_median(records, lambda r, k=key: r[protocol][k]))
                      for key in ("p50_us", "p99_us", "p999_us"))


def text(records: list[dict], seconds: int) -> str:
    """All there is, for the terminal."""
    said = []
    for attack in ATTACKS:
        if not any(record["attack"] == attack.name for record in records):
            continue
        said.append(f"{attack.name}: {attack.label}")
        for aim in (NOBODY, SINK, SLUICE):
            if found := chosen(records, attack.name, aim):
                said.append(f"  {aim:7} HTTP/1.1 {_times(found, 'http1'):24} "
                            f"HTTP/2 {_times(found, 'http2'):24} ms (p50 / p99 / p99.9)")
        if found := chosen(records, attack.name, SLUICE):
            low, peak, left = (_median(found, lambda r, k=key: r[k]) / 1e6
                               for key in ("pss_before", "rss_peak", "pss_after"))
            attacker = {key: round(_median(found, lambda r, k=key: r["attacker"][k]))
                        for key in ("opened", "cut", "finished", "bytes", "resets")}
            said.append(f"  memory  {low:.1f} MB before, {peak:.1f} at most, {left:.1f} after 5 s; "
                        f"{_median(found, lambda r: r['core']):.0%} of the core")
            said.append("  attacker " + ", ".join(f"{key} {n:,}" for key, n in attacker.items())
                        + f", GOAWAY {goaways(found) or 'none'}")
            said.append("  counted " + (", ".join(f"{name} {n:,}" for name, n in
                                                  sorted(counts(found).items())) or "nothing"))
            said.append(f"  logged  {max(r['log_lines'] for r in found)} lines, and "
                        f"{round(_median(found, lambda r: r['access_lines'])):,} of access log")
    said += [f"not met: {what}" for what in shortfalls(records, seconds)]
    return "\n".join(said) + "\n"


def markdown_table(records: list[dict]) -> str:
    """Medians; of the two protocols the one that fared worse."""
    rows = ["| attack | p99 of others, beside a sink / attacked, ms | times | connections cut, /s "
            "| GOAWAY | memory before / most / 5 s after, MB | log lines, /s |", "|" + "---|" * 7]
    for attack in ATTACKS:
        found = chosen(records, attack.name, SLUICE)
        if not found:
            continue
        sinks = chosen(records, attack.name, SINK)

        def p99(of: list[dict]) -> str:
            return _ms(max(_median(of, lambda r, p=protocol: r[protocol]["p99_us"])
                           for protocol in PROTOCOLS)) if of else "-"

        ratio = worst_ratio(records, attack.name)
        seconds = found[0]["seconds"]
        cut = _median(found, lambda r: r["attacker"]["opened"]) / seconds
        memory = " / ".join(f"{_median(found, lambda r, k=key: r[k]) / 1e6:.1f}"
                            for key in ("pss_before", "rss_peak", "pss_after"))
        lines = _median(found, lambda r: r["log_lines"]) / seconds
        codes = ", ".join(map(str, goaways(found))) or "-"
        rows.append(f"| {attack.label} | {p99(sinks)} / {p99(found)} "
                    f"| {f'{ratio:.2f}' if ratio else '-'} | {cut:,.0f} | {codes} | {memory} "
                    f"| {lines:.0f} |")
    return "\n".join(rows)


def how(doc: dict) -> str:
    machine, settings = doc["machine"], doc["settings"]
    commit = f" (commit {doc['commit']})" if doc["commit"] else ""
    often = f"at most {settings['reopen']:g} times a second" if settings["reopen"] else "at once"
    return (
        f"Medians of {settings['rounds']} rounds of {settings['seconds']} s, {doc['date'][:10]}, "
        f"{machine['cores']} cores of {machine['cpu']}{commit}. An attacker's connection that is "
        f"cut is opened again {often}. The others are 600 requests/s over HTTP/1.1 and HTTP/2 on "
        "kept connections; sluice, with one worker, and the sink stand on one core, the "
        "attacker, the others and their server on the second.")


def markdown(doc: dict) -> str:
    missed_bars = shortfalls(doc["records"], doc["settings"]["seconds"])
    verdict = ("Met by all." if not missed_bars
               else f"Not met ({len(missed_bars)}): " + "; ".join(missed_bars) + ".")
    return "\n\n".join([markdown_table(doc["records"]), how(doc), verdict])
