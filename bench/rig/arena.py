"""One row, measured: the origin and every proxy started, each loaded in its turn, all stopped.

The proxies stay up through the rounds of a row, but only one is loaded at a time, so that the
others cost nothing but memory. Only the idle rows start a proxy for each measurement: its memory
shall not remember the round before.
"""

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import proc, probe, tls
from .idle import IdleClients
from .load import Loads, Outcome, present
from .origin import start_echo, start_origin
from .process import Child, free_port
from .proxies import Job, Nginx, Proxy
from .rows import LOG_ON, Row

LOG_PATIENCE_S = 2.0
# After the last line of a load that has ended: longer than a log's writer waits before it writes.
LOG_QUIET_S = 0.3
LOG_SETTLE_S = 10.0


@dataclass(frozen=True)
class Setup:
    """What all rows have in common."""

    build: Path
    nginx: Nginx          # for the origin
    load_core: int
    proxy_core: int
    warmup_s: int
    seconds: int
    tail_seconds: int


@dataclass(frozen=True)
class Entrant:
    """A proxy in one of the row's variants; what takes its turn in a round."""

    proxy: Proxy
    variant: str

    @property
    def name(self) -> str:
        return f"{self.proxy.name} ({self.variant})" if self.variant else self.proxy.name

    @property
    def directory(self) -> str:
        return f"{self.proxy.name}-{self.variant}" if self.variant else self.proxy.name


def entrants(row: Row, proxies: list[Proxy]) -> list[Entrant]:
    """Who takes part: those who can do the work."""
    return [Entrant(proxy, variant) for proxy in proxies
            if row.task in proxy.tasks and (row.floors or not proxy.floor)
            and (proxy.speaks_tls or not row.tls)
            for variant in row.variants]


def turns(taking_part: list[Entrant], round_number: int) -> list[Entrant]:
    """The order of a round, the first being 0. Who begins changes: the first of a round follows the
    pause between rounds, the others follow each other."""
    first = round_number % len(taking_part)
    return taking_part[first:] + taking_part[:first]


def known(figures: dict) -> dict:
    """Without those that this row does not have."""
    return {key: value for key, value in figures.items() if value is not None}


class LogLines:
    """Counts the lines that an access log grew by: a log that drops lines is cheap."""

    def __init__(self, path: Path):
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def count(self, expected: int) -> int:
        """Waits for writers that lag, while lines come; each call goes on where the last ended."""
        lines, patience = 0, time.monotonic() + LOG_PATIENCE_S
        while lines < expected and time.monotonic() < patience:
            fresh = self._read_new()
            lines += fresh
            if fresh:
                patience = time.monotonic() + LOG_PATIENCE_S
            else:
                time.sleep(0.02)
        return lines

    def settle(self, expected: int) -> int:
        """Waits until `expected` lines are there and no more come: a load that ends leaves requests
        that it did not count. Those of a warm-up would make up for lines that are lost after it."""
        lines, until = self.count(expected), time.monotonic() + LOG_SETTLE_S
        quiet = time.monotonic() + LOG_QUIET_S
        while time.monotonic() < min(quiet, until):
            fresh = self._read_new()
            lines += fresh
            if fresh:
                quiet = time.monotonic() + LOG_QUIET_S
            time.sleep(0.02)
        return lines

    def _read_new(self) -> int:
        if not self._path.exists():
            return 0
        lines = 0
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            while part := file.read(1 << 20):
                lines += part.count(b"\n")
            self._offset = file.tell()
        return lines


class Arena:
    """A context manager. `rate`: what nginx can at best, in requests/s; `tail` needs it."""

    def __init__(self, setup: Setup, row: Row, taking_part: list[Entrant], rate: float = 0.0):
        self._setup = setup
        self._row = row
        self._taking_part = taking_part
        self._rate = rate
        self._loads = Loads(setup.build, setup.load_core)
        self._stack = contextlib.ExitStack()
        self._children: dict[Entrant, Child] = {}
        self._pem: Path | None = None
        self._negotiated: dict[str, str] = {}   # by each proxy's name

    def __enter__(self) -> "Arena":
        with self._stack as stack:
            self._work = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
            stack.callback(shutil.rmtree, self._work, ignore_errors=True)
            if self._row.tls:
                self._pem = tls.make_certificate(self._work)
            self._origin = stack.enter_context(self._start_origin())
            self._origin.wait_ready()
            if self._row.load != "idle":
                for entrant in self._taking_part:
                    self._children[entrant] = stack.enter_context(self._start(entrant))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def try_out(self) -> None:
        """Starts those too that start anew for each measurement. Raises Trouble like all starts."""
        if self._row.load == "idle":
            for entrant in self._taking_part:
                self._start(entrant).stop()

    def measure(self, entrant: Entrant) -> dict:
        """One measurement: the warm-up, which nothing counts, and the counted part."""
        if self._row.load == "idle":
            return self._measure_idle(entrant)
        child = self._children[entrant]
        logged = entrant.variant == LOG_ON
        lines = LogLines(self._log_path(entrant)) if logged else None
        warmup = self._load(entrant, child, self._setup.warmup_s)
        if lines:
            lines.settle(warmup.done)
        pids = proc.tree(child.pid)
        busy, cpu, began = proc.busy_us(self._setup.proxy_core), proc.cpu_us(pids), time.monotonic()
        outcome = self._load(entrant, child, self._seconds())
        cpu = proc.cpu_us(pids) - cpu
        wall_us = (time.monotonic() - began) * 1e6
        busy = proc.busy_us(self._setup.proxy_core) - busy
        result = {
            "done": outcome.done, "seconds": round(outcome.seconds, 4), "cpu_us": round(cpu),
            "core": round(cpu / wall_us, 3), "others": round(max(0.0, busy - cpu) / wall_us, 3),
            "p50_us": outcome.p50_us, "p99_us": outcome.p99_us, "p999_us": outcome.p999_us,
            "start_lag_p99_us": outcome.start_lag_p99_us, "pss_bytes": proc.pss_bytes(pids),
            "errors": outcome.errors, "tls": self._negotiated.get(entrant.name),
        }
        if self._row.load == "steady":
            result["rate_asked"] = self._asked(entrant)
        if lines:
            result["log_lines"] = lines.count(outcome.done)
        return known(result)

    def _measure_idle(self, entrant: Entrant) -> dict:
        with (self._start(entrant) as child,
              IdleClients(child.port, self._row.path, self._pem) as clients):
            pids = proc.tree(child.pid)
            before = proc.pss_bytes(pids)
            failed = clients.open(self._row.connections)
            after = proc.pss_bytes(pids)
            errors = {"failed": failed, "closed": clients.gone()}
            child.check_alive()
        result = {"done": self._row.connections - failed, "pss_before_bytes": before,
                  "pss_bytes": after, "errors": present(errors),
                  "tls": self._negotiated.get(entrant.name)}
        return known(result)

    def _load(self, entrant: Entrant, child: Child, seconds: int) -> Outcome:
        try:
            if self._row.load == "steady":
                return self._loads.steady(self._row, child.port, seconds, self._asked(entrant))
            return getattr(self._loads, self._row.load)(self._row, child.port, seconds)
        finally:
            # Before what the load itself may complain of: this would be why.
            self._origin.check_alive()
            child.check_alive()

    def _asked(self, entrant: Entrant) -> int:
        return round(self._rate * int(entrant.variant) / 100)

    def _seconds(self) -> int:
        return self._setup.tail_seconds if self._row.load == "steady" else self._setup.seconds

    def _start_origin(self) -> Child:
        work = self._directory("origin")
        if self._row.task == "tunnel":
            return start_echo(self._setup.build, work, self._setup.load_core)
        nginx = self._setup.nginx
        return start_origin(nginx.binary, nginx.built_with(), work, self._setup.load_core)

    def _start(self, entrant: Entrant) -> Child:
        """The proxy, serving, and doing the work of this row."""
        proxy = entrant.proxy
        job = Job(free_port(), self._origin.port, self._directory(entrant.directory),
                  self._row.task, entrant.variant == LOG_ON, self._pem)
        child = Child(entrant.name, proxy.prepare(job), job.work, self._setup.proxy_core, job.port,
                      proxy.env)
        try:
            child.wait_ready()
            probe.check(self._row, entrant.name, job.port, proxy.floor, self._pem)
            if self._pem:
                self._negotiated[entrant.name] = tls.negotiated(job.port, self._pem)
                probe.check_same(self._row, self._negotiated)
        except BaseException:
            child.stop()
            raise
        return child

    def _log_path(self, entrant: Entrant) -> Path:
        return self._directory(entrant.directory) / entrant.proxy.log_file

    def _directory(self, name: str) -> Path:
        path = self._work / name
        path.mkdir(exist_ok=True)
        return path
