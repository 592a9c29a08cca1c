"""What one request costs: two runs that differ in nothing but their number of requests, and the
slope between them. Starting, connecting and ending are in both, so they are in neither's answer.
"""

from dataclasses import dataclass

from . import runs
from .rows import Row

# The first are enough for every pool to be warm, and so many more make what the clock does in the
# meantime (a tick every 100 ms, some thousand instructions) less than a hundredth.
PROFILED = (300, 2300)
TRACED = (1000, 5000)


@dataclass(frozen=True)
class Cost:
    """Of one request. `calls` are system calls by name; None where strace may not trace."""

    instructions: float
    allocations: float
    calls: dict[str, float] | None

    @property
    def system_calls(self) -> float | None:
        return None if self.calls is None else sum(self.calls.values())


def slope(few: float, many: float, requests: tuple[int, int]) -> float:
    return (many - few) / (requests[1] - requests[0])


def slopes(few: dict[str, int], many: dict[str, int],
           requests: tuple[int, int]) -> dict[str, float]:
    """By name, the most frequent first."""
    each = {name: slope(few.get(name, 0), many.get(name, 0), requests)
            for name in sorted(few.keys() | many.keys())}
    return dict(sorted(each.items(), key=lambda item: -item[1]))


def measure(binary: str, row: Row, trace: bool) -> Cost:
    few, many = (runs.profile(binary, row, requests) for requests in PROFILED)
    calls = None
    if trace:
        calls = slopes(*(runs.system_calls(binary, row, requests) for requests in TRACED), TRACED)
    return Cost(slope(few.instructions, many.instructions, PROFILED),
                slope(few.allocations, many.allocations, PROFILED), calls)
