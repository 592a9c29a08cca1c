"""The programs that make the load: wrk as fast as the proxy can, load_steady at a rate, load_tunnel
for WebSocket, load_handshake for TLS connections, h2load for HTTP/2. Each runs on the load's core
for whole seconds; what it says at its end, mostly as JSON, becomes an Outcome. The functions named
parse_* are pure.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from . import Trouble
from .process import run
from .rows import Row

SCRIPT = Path(__file__).resolve().parent / "wrk.lua"
# Beyond the time asked for: connecting, and what is under way at the end.
GRACE_S = 30.0


@dataclass
class Outcome:
    """What one load did. Times as the client saw them, in microseconds."""

    done: int                   # requests answered, or messages echoed
    seconds: float
    p50_us: float | None = None
    p99_us: float | None = None
    p999_us: float | None = None
    start_lag_p99_us: float | None = None   # how late load_steady itself was: can it be believed
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.done / self.seconds if self.seconds > 0 else 0.0


def last_json(text: str) -> dict:
    """The last line that is JSON: wrk prints its own report before ours."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise Trouble(f"a load said nothing that can be read:\n    {text.strip()[-500:]}")


def parse_wrk(text: str, refused: bool) -> Outcome:
    """`refused`: every answer is to be a refusal. wrk counts a status of 400 and above as an error,
    so then all of them are errors, and the others are what is wrong."""
    said = last_json(text)
    errors = dict(said["errors"])
    if refused:
        errors["not refused"] = abs(said["requests"] - errors.pop("status"))
    return Outcome(said["requests"], said["duration_us"] / 1e6, said["p50_us"], said["p99_us"],
                   errors=present(errors))


def parse_steady(text: str) -> Outcome:
    said = last_json(text)
    return Outcome(said["completed"], said["seconds"], said["p50_us"], said["p99_us"],
                   said["p999_us"], said["start_lag_p99_us"], present({"lost": said["errors"]}))


def parse_tunnel(text: str) -> Outcome:
    said = last_json(text)
    return Outcome(said["messages"], said["seconds"], said["p50_us"], said["p99_us"],
                   errors=present({"lost": said["errors"]}))


def parse_handshake(text: str) -> Outcome:
    """A resumed session is an error: the row promises full handshakes."""
    said = last_json(text)
    return Outcome(said["requests"], said["seconds"], said["p50_us"], said["p99_us"],
                   errors=present({"lost": said["errors"], "resumed": said["resumed"]}))


_H2LOAD = re.compile(r"^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, \d+ errored, "
                     r"(\d+) timeout$", re.MULTILINE)


def parse_h2load(text: str, seconds: int) -> Outcome:
    """h2load tells no percentiles. What failed is in what is done, what errored in what failed."""
    said = _H2LOAD.search(text)
    if not said:
        raise Trouble(f"h2load said nothing that can be read:\n    {text.strip()[-500:]}")
    done, good, failed, timeout = map(int, said.groups())
    return Outcome(good, seconds, errors=present(
        {"failed": max(failed, done - good), "timeout": timeout}))


def present(errors: dict[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in errors.items() if count}


@dataclass(frozen=True)
class Loads:
    """Where the programs are, and where they run. A method for each `load` of a row."""

    build: Path
    core: int

    def wrk(self, row: Row, port: int, seconds: int) -> Outcome:
        scheme = "https" if row.tls else "http"
        text = run(["wrk", "-t1", f"-c{row.connections}", f"-d{seconds}s", "-s", str(SCRIPT),
                    f"{scheme}://127.0.0.1:{port}{row.path}", "--", *row.words],
                   self.core, seconds + GRACE_S)
        return parse_wrk(text, row.task == "refuse")

    def steady(self, row: Row, port: int, seconds: int, rate: int) -> Outcome:
        return parse_steady(run(
            [str(self.build / "bench/load_steady"), "--port", str(port), "--path", row.path,
             "--rate", str(rate), "--connections", str(row.connections), "--seconds", str(seconds)],
            self.core, seconds + GRACE_S))

    def tunnel(self, row: Row, port: int, seconds: int) -> Outcome:
        return parse_tunnel(run(
            [str(self.build / "bench/load_tunnel"), "--port", str(port), "--connections",
             str(row.connections), "--size", "128", "--seconds", str(seconds)],
            self.core, seconds + GRACE_S))

    def handshake(self, row: Row, port: int, seconds: int) -> Outcome:
        return parse_handshake(run(
            [str(self.build / "bench/load_handshake"), "--port", str(port), "--path", row.path,
             "--connections", str(row.connections), "--seconds", str(seconds)],
            self.core, seconds + GRACE_S))

    def h2(self, row: Row, port: int, seconds: int) -> Outcome:
        return parse_h2load(run(
            ["h2load", "-t1", f"-c{row.connections}", f"-m{row.streams}", f"-D{seconds}",
             f"https://127.0.0.1:{port}{row.path}"], self.core, seconds + GRACE_S), seconds)
