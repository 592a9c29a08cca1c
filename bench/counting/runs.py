"""One start of sluice under a counter: so many requests, an orderly end, what was counted.

Each run has its own directory, ports and origin, so nothing is left of the one before. sluice is
set up as bench/compare does it: one worker, its defaults, nothing on the disk but a log that a row
asks for. Costs 1 to 3 s and some 100 MB (valgrind).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rig import Trouble
from rig.process import Child, free_port
from rig.proxies import Job, Sluice
from rig.tls import make_certificate

from . import callgrind, client, origin, strace
from .rows import Row

CROWD = 64       # connections at the same time, where system calls are counted
STOP_S = 30.0    # for a counter to write its file; sluice itself ends at once
TRY_S = 20.0

_CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=counted")
# Before each wait sluice rests, so that all 64 have done what they can when it looks, however busy
# the machine is. Otherwise the number of waits would tell whose processor was taken away: 0.03 a
# request here, 0.7 with three other programs on two cores.
_REST_US = 5000
# -I 2: SIGTERM ends strace although it writes a file; it passes it on to sluice.
_STRACE = ("strace", "-I", "2", "-f", "-c", "-o", "counted", "-e", "trace=all",
           "-e", f"inject=epoll_wait,epoll_pwait:delay_enter={_REST_US}")


def profile(binary: str, row: Row, requests: int) -> callgrind.Profile:
    """One request at a time on one connection: who is faster then changes nothing."""
    return callgrind.parse(_counted(binary, row, _CALLGRIND, lambda port: client.one_by_one(
        port, row, requests)))


def system_calls(binary: str, row: Row, requests: int) -> dict[str, int]:
    """64 connections kept busy, so that one epoll_wait tells of many, as under load. What sluice
    does after the last answer is not in it: strace is ended first."""
    return strace.parse(_counted(binary, row, _STRACE, lambda port: client.crowd(
        port, row, requests, CROWD)))


def why_no_strace() -> str | None:
    """What strace says where it may not trace, as in some containers; None where it may."""
    try:
        done = subprocess.run(["strace", "-f", "-c", "-o", os.devnull, "true"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TRY_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(f"strace can't be tried: {error}") from None
    if done.returncode == 0:
        return None
    if "Operation not permitted" in done.stderr:
        return done.stderr.strip().splitlines()[0]
    raise Trouble(f"strace failed (exit code {done.returncode}): {done.stderr.strip()[-500:]}")


def _counted(binary: str, row: Row, counter: tuple[str, ...],
             load: Callable[[int], None]) -> str:
    """What the counter wrote about sluice under this load."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="sluice-counts-") as name:
        work, behind = Path(name), free_port()
        (work / "origin").mkdir()
        with Child("the origin", [sys.executable, origin.__file__, str(behind)], work / "origin",
                   cores[0], behind) as server:
            server.wait_ready()
            pem = make_certificate(work) if row.tls else None
            job = Job(free_port(), behind, work, row.task, row.log, pem)
            argv = [*counter, *Sluice("sluice", "sluice", binary).prepare(job)]
            with Child(f"sluice under {counter[0]}", argv, work, cores[-1], job.port) as child:
                child.wait_ready()
                load(job.port)
                child.check_alive()
                child.stop(STOP_S)
        written = work / "counted"
        if not written.exists():
            raise Trouble(f"{counter[0]} wrote nothing: it had to be killed")
        return written.read_text(errors="replace")
