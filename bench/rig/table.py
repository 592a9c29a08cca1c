"""The figures in words: blocks of aligned text for the terminal, and the README's part. Pure."""

from . import Trouble, notes
from .record import titles
from .stats import SLUICE, Block, Line, Spread, blocks, floor_of

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def number(value: float | None) -> str:
    """Three digits that mean something, thousands apart."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def spread(value: Spread | None) -> str:
    if value is None:
        return "-"
    if value.low == value.high:
        return f"{value.median:.2f}"
    return f"{value.median:.2f} ({value.low:.2f}..{value.high:.2f})"


def megabytes(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:.1f}"


def whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _columns(block: Block) -> list[tuple[str, object]]:
    """Heading and cell of each column, left to right."""
    unit = block.row.unit
    to_rival = ("to nginx", lambda line: spread(line.to_rival))
    memory = ("MB", lambda line: megabytes(line.pss_bytes))
    if block.row.load == "idle":
        return [memory, ("bytes each", lambda line: whole(line.pss_each_bytes)), to_rival]
    columns = [(f"{unit}s/s", lambda line: whole(line.rate)),
               (f"us/{unit}", lambda line: number(line.us)),
               ("core", lambda line: percent(line.core)),
               ("p50 us", lambda line: whole(line.p50_us)),
               ("p99 us", lambda line: whole(line.p99_us))]
    if block.row.load == "steady":
        columns.append(("p99.9 us", lambda line: whole(line.p999_us)))
        to_rival = ("p99.9 to nginx", to_rival[1])
    columns += [memory, to_rival]
    for heading, key in (("above floor", "above_floor_us"), ("to log off", "log_cost")):
        if any(getattr(line, key) for line in block.lines):
            columns.append((heading, lambda line, key=key: spread(getattr(line, key))))
    return columns


def aligned(rows: list[list[str]]) -> list[str]:
    """The first column to the left, the others to the right, two spaces between."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0])]
                      + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])
            for row in rows]


def text(doc: dict) -> str:
    """All blocks, for the terminal."""
    names = titles(doc)
    said = []
    all_blocks = blocks(doc["records"], list(names))
    for block in all_blocks:
        columns = _columns(block)
        rows = [[""] + [heading for heading, _ in columns]]
        rows += [[names[line.proxy]] + [cell(line) for _, cell in columns] for line in block.lines]
        said.append(f"{block.row.name}: {block.row.label(block.variant)}")
        said += ["  " + line for line in aligned(rows)]
        said += [f"  ! {note}" for note in notes.errors(block, names)]
        said += [f"  - {note}" for note in notes.doubts(block, names)]
        said.append("")
    missed, not_judged = notes.not_met(all_blocks, names)
    said += [f"not met: {miss}" for miss in missed]
    said += [f"not judged: {bar}" for bar in not_judged]
    return "\n".join(said).rstrip() + "\n"


def error_count(doc: dict) -> int:
    """How many notes of errors the table has."""
    names = titles(doc)
    return sum(len(notes.errors(block, names)) for block in blocks(doc["records"], list(names)))


def _markdown_row(label: str, cells: list[str]) -> str:
    return "| " + " | ".join([label, *cells]) + " |"


def markdown_table(doc: dict) -> str:
    """Medians only, a row for each block: proxies, then the floor, then how sluice compares."""
    names = titles(doc)
    rivals = [program["name"] for program in doc["programs"] if not program["floor"]]
    heads = [names[name] for name in rivals] + ["floor", "sluice to nginx", "above floor"]
    rows = [_markdown_row("processor time per request (user and system), us", heads),
            "|" + "---|" * (len(heads) + 1)]

    def add(block: Block, label: str, cell, compared: str, above: str) -> None:
        measured = [block.line(name) for name in [*rivals, floor_of(block.row)]]
        cells = ["-" if line is None else cell(line) for line in measured]
        rows.append(_markdown_row(label, cells + [compared, above]))

    for block in blocks(doc["records"], list(names)):
        if block.only_reference:
            continue
        ours = block.line(SLUICE) or Line(SLUICE, block.variant)
        label, compared = block.row.label(block.variant), spread(ours.to_rival)
        if block.row.load == "idle":
            add(block, f"memory with {label}: MB / bytes each",
                lambda line: f"{megabytes(line.pss_bytes)} / {whole(line.pss_each_bytes)}",
                compared, "-")
        elif block.row.load == "steady":
            add(block, f"{label}: p50 / p99 / p99.9, us",
                lambda line: f"{whole(line.p50_us)} / {whole(line.p99_us)} / {whole(line.p999_us)}",
                f"{compared} (p99.9)", "-")
        else:
            above = number(ours.above_floor_us.median) if ours.above_floor_us else "-"
            add(block, label, lambda line: number(line.us), compared, above)
        if any(line.log_cost for line in block.lines):
            add(block, "... divided by the time with the log off",
                lambda line: f"{line.log_cost.median:.2f}" if line.log_cost else "-", "-", "-")
    return "\n".join(rows)


def _how(doc: dict) -> str:
    machine, settings = doc["machine"], doc["settings"]
    commit = f" (commit {doc['commit']})" if doc["commit"] else ""
    h2load = f" h2load {doc['h2load']}," if doc.get("h2load") else ""
    return (
        f"Medians of {settings['rounds']} interleaved rounds of {settings['seconds']} s "
        f"({settings['tail_seconds']} s at the fixed rates); the ratio is the median of the "
        f"rounds' ratios, with the least and the greatest of them. {machine['cores']} cores of "
        f"{machine['cpu']}, Linux {machine['kernel']}, {doc['date'][:10]}{commit}: one worker each "
        f"alone on one core, the load (wrk {doc['wrk']},{h2load} `bench/load`) and an nginx origin "
        "on the other. All keep their connections to the origin, pass Host on and add "
        "X-Forwarded-For; nothing else is set up, see "
        "[bench/rig/proxies.py](bench/rig/proxies.py). The floor parses nothing: one read and one write each way. Every round is in "
        "[docs/bench.json](docs/bench.json); `packaging/bench --readme` makes all of this anew.")


def _bars(all_blocks: list[Block], names: dict[str, str]) -> str:
    missed, not_judged = notes.not_met(all_blocks, names)
    said = [f"{head} ({len(bars)}): " + "; ".join(bars) + "."
            for head, bars in (("Not met", missed), ("Not judged", not_judged)) if bars]
    return " ".join([*(said or ["Met in every row."]), f"{notes.aim()}."])


def _remarks(all_blocks: list[Block]) -> str:
    """What is to be known of single rows; "" where nothing is."""
    said = {f"{block.row.label(block.variant)}: {note}": None
            for block in all_blocks for note in notes.to_know(block)}
    return "; ".join(said)


def wrapped(paragraph: str, width: int = 105) -> str:
    lines = [""]
    for word in paragraph.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


def markdown(doc: dict) -> str:
    """What stands between the README's markers."""
    names = titles(doc)
    all_blocks = blocks(doc["records"], list(names))
    parts = [markdown_table(doc),
             "![Processor time per request, each row beside its rivals](docs/bench.svg)",
             wrapped(_how(doc)),
             wrapped(_bars(all_blocks, names))]
    if remarks := _remarks(all_blocks):
        parts.append(wrapped(f"To know: {remarks}."))
    wrong = [note for block in all_blocks for note in
             (f"{block.row.label(block.variant)}: {error}" for error in notes.errors(block, names))]
    if wrong:
        parts.append(wrapped("Errors while measuring: " + "; ".join(wrong) + "."))
    shared = sum(bool(notes.disturbed(block)) for block in all_blocks)
    if shared:
        parts.append(wrapped(f"The machine was not quiet: in {shared} of {len(all_blocks)} rows "
                             f"others used more than {notes.FOREIGN:.0%} of the proxies' core."))
    return "\n\n".join(parts)


def spliced(readme: str, part: str, begin: str = BEGIN, end: str = END) -> str:
    """`readme` with `part` between the markers. Whatever stands outside of them stays."""
    once = readme.count(begin) == 1 and readme.count(end) == 1
    if not once or readme.index(begin) > readme.index(end):
        raise Trouble(f"README.md needs one line {begin} and below it one line {end}")
    head, _, rest = readme.partition(begin)
    return head + begin + "\n" + part + "\n" + end + rest.partition(end)[2]
