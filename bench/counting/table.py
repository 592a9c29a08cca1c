"""The counts in words, for the terminal. Pure."""

from rig.table import aligned

from .record import figures
from .runs import CROWD
from .slope import Cost

BEST_CASE = (f"System calls are counted with all {CROWD} connections ready at each look: the best "
             "case for epoll_wait's share.")

# What is called less often follows the clock, and would be another list in every run.
_SELDOM = 0.005


def _by_name(calls: dict[str, float] | None) -> str:
    return ", ".join(f"{name} {count:.2f}" for name, count in (calls or {}).items()
                     if count >= _SELDOM)


def text(costs: dict[str, Cost]) -> str:
    cells = [["row", "instructions", "allocations", "system calls"]]
    for name, cost in costs.items():
        calls = "-" if cost.calls is None else f"{cost.system_calls:.2f}"
        allocations = figures(cost)["allocations"]
        cells.append([name, f"{cost.instructions:,.0f}", f"{allocations:.2f}", calls])
    named = [""] + [_by_name(cost.calls) for cost in costs.values()]
    lines = [f"{line}  {names}".rstrip() for line, names in zip(aligned(cells), named)]
    return "\n".join([*lines, BEST_CASE]) + "\n"
