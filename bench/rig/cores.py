"""Which core the proxy gets, and which the origin and the load share; and whether they go first."""

import os
from pathlib import Path

from . import Trouble


def siblings(text: str) -> set[int]:
    """The cores of a list like "0,4" or "0-1"."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def choose(allowed: set[int], siblings_of) -> tuple[int, int]:
    """The load's core and the proxy's. Not two threads of one core, where the load would slow the
    proxy; the proxy gets the last, as interrupts tend to go to the first."""
    load = min(allowed)
    others = sorted(allowed - siblings_of(load))
    if not others:
        raise Trouble("two cores are needed, one for the proxy and one for the load; allowed are "
                      f"only {sorted(allowed)}")
    return load, others[-1]


def siblings_here(core: int) -> set[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    return siblings(path.read_text()) if path.exists() else {core}


def at_real_time() -> bool:
    """Whether this process, and all it starts, goes before those of others."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    return True
