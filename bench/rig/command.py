"""How bench/compare and bench/counts run and end as commands: signals, complaints, exit codes."""

import signal
import sys
from collections.abc import Callable

from . import Trouble

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(number: int, _frame) -> None:
    """Leaves through every `with`, so that everything started is stopped; once is enough."""
    for again in _ENDING:
        signal.signal(again, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main(name: str, run: Callable[[], int]) -> int:
    """The exit code: what `run` returns, or 1 for Trouble, which is told as `name`'s."""
    for number in _ENDING:
        signal.signal(number, _stop)
    try:
        return run()
    except Trouble as trouble:
        print(f"{name}: {trouble}", file=sys.stderr, flush=True)
        return 1
