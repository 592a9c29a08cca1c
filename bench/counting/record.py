"""bench/counts.json: what one request cost when it was last written down. One row a line, sorted,
so that a diff shows what changed.
"""

import json

from rig import Trouble

from .slope import Cost

FIGURES = ("instructions", "allocations", "system_calls")


def figures(cost: Cost) -> dict[str, float]:
    """What of a cost is kept. No `system_calls` where they were not counted."""
    # Below these digits every run says something else: whether the connection of the start was gone
    # when the first client came is a block more or less, 0.001 for each request.
    kept = {"instructions": round(cost.instructions),
            "allocations": round(cost.allocations, 2) + 0.0}
    if cost.calls is not None:
        kept["system_calls"] = round(cost.system_calls, 2)
    return kept


def to_text(compiler: str, costs: dict[str, Cost]) -> str:
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(figures(costs[name]), sort_keys=True)}"
                      for name in sorted(costs))
    return f'{{\n  "compiler": {json.dumps(compiler)},\n  "rows": {{\n{rows}\n  }}\n}}\n'


def from_text(text: str, where: str) -> tuple[str, dict[str, dict[str, float]]]:
    """The compiler, and the figures of each row."""
    try:
        doc = json.loads(text)
        compiler, rows = doc["compiler"], doc["rows"]
        kept = {name: {key: float(row[key]) for key in FIGURES} for name, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Trouble(f"{where} was not written by bench/counts --write: {error!r}") from None
    return str(compiler), kept
