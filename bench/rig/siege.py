"""One attack, measured: an origin, a sluice made for it, its clients, and somebody who means harm.

sluice and the sink share one core, everything else the other: in both runs the attacker takes the
same share of the machine, and the clients' way is the same. What differs is whom the attacker talks
to. The clients are two load_steady, HTTP/1.1 and HTTP/2, at a rate far below what sluice can.
"""

import contextlib
import http.client
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import Trouble, proc
from .attacks import Attack
from .load import GRACE_S, last_json, parse_steady
from .origin import CONNECTIONS, start_origin
from .process import Child, finish, free_port, start
from .proxies import Nginx
from .tls import make_certificate

VICTIM_RATE = 300           # requests/s of each of the two
VICTIM_CONNECTIONS = 8
WARMUP_S = 1.0
AFTER_S = 5.0               # when memory is looked at again
SINK, SLUICE, NOBODY = "sink", "sluice", "nobody"
AIMS = (NOBODY, SINK, SLUICE)


@dataclass(frozen=True)
class Setup:
    build: Path
    nginx: Nginx
    load_core: int
    proxy_core: int
    seconds: int
    reopen: float           # connections that the attacker opens again in a second; 0: at once


def parse_metrics(text: str) -> dict[str, float]:
    """The samples of an exposition by their names with labels; histograms' buckets left out."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name and not line.startswith("#") and "_bucket{" not in name:
            found[name] = float(value)
    return found


COUNTING = ("sluice_http2_cut_total", "sluice_http2_withdrawn_total", "sluice_errors_total",
            "sluice_tls_handshakes_total", "sluice_listener_accepted_total")


def counted(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """What grew, of the families that count harm."""
    grown = {name: round(value - before.get(name, 0)) for name, value in after.items()
             if name.startswith(COUNTING)}
    return {name: count for name, count in grown.items() if count > 0}


def parse_attack(text: str) -> dict:
    said = last_json(text)
    keys = ("opened", "refused", "cut", "finished", "bytes", "resets", "goaways")
    return {key: said[key] for key in keys}


def lines_in(path: Path) -> int:
    if not path.exists():
        return 0
    with open(path, "rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


def config(work: Path, pem: Path, plain: int, tls: int, admin: int, origin: int) -> str:
    """As a shop has it: defaults, one worker, and an access log."""
    return f"""
[[listener]]
address = "127.0.0.1:{plain}"
max_connections = {CONNECTIONS}
max_requests = 0
[[listener]]
address = "127.0.0.1:{tls}"
max_connections = {CONNECTIONS}
tls.certificates = [{{ cert = "{pem}", key = "{pem}" }}]
[[pool]]
name = "origin"
servers = ["127.0.0.1:{origin}"]
[access_log]
output = "{work}/access.log"
[admin]
address = "127.0.0.1:{admin}"
[process]
workers = 1
"""


class Siege:
    """A context manager: the origin stays up, sluice and the sink are new for each measurement."""

    def __init__(self, setup: Setup):
        self._setup = setup
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Siege":
        with self._stack as stack:
            self._work = Path(tempfile.mkdtemp(prefix="sluice-attack-"))
            stack.callback(shutil.rmtree, self._work, ignore_errors=True)
            self._pem = make_certificate(self._work)
            nginx = self._setup.nginx
            work = self._work / "origin"
            work.mkdir()
            self._origin = stack.enter_context(
                start_origin(nginx.binary, nginx.built_with(), work, self._setup.load_core))
            self._origin.wait_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def measure(self, attack: Attack, aim: str) -> dict:
        work = self._work / "run"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        plain, tls, admin = free_port(), free_port(), free_port()
        (work / "sluice.toml").write_text(config(work, self._pem, plain, tls, admin, self._origin.port))
        with contextlib.ExitStack() as stack:
            sluice = stack.enter_context(Child(
                "sluice", [str(self._setup.build / "sluice"), "run", "--config", "sluice.toml"],
                work, self._setup.proxy_core, plain))
            sluice.wait_ready()
            target = tls if attack.tls else plain
            if aim == SINK:
                target = free_port()
                sink_work = self._work / "sink"
                sink_work.mkdir(exist_ok=True)
                sink = stack.enter_context(Child(
                    "the sink", [str(self._setup.build / "bench/load_sink"), str(target)],
                    sink_work, self._setup.proxy_core, target))
                sink.wait_ready()
            return self._run(attack, aim, sluice, plain, target, admin, work)

    def _run(self, attack: Attack, aim: str, sluice: Child, plain: int, target: int, admin: int,
             work: Path) -> dict:
        seconds = self._setup.seconds
        victims = [start(self._victim(plain, seconds, more), self._setup.load_core)
                   for more in ([], ["--http2"])]
        time.sleep(WARMUP_S)
        before = parse_metrics(ask(admin, "/metrics"))
        memory = {"pss_before": proc.pss_bytes([sluice.pid])}
        lines = lines_in(work / "stderr")
        attacker = None
        if aim != NOBODY:
            attacker = start(
                [str(self._setup.build / "bench/load_h2_attack"), "--script", attack.name,
                 "--port", str(target), "--connections", str(attack.connections),
                 "--seconds", str(seconds), "--reopen", str(self._setup.reopen)],
                self._setup.load_core)
        cpu, began = proc.cpu_us([sluice.pid]), time.monotonic()
        said = parse_attack(finish(attacker, seconds + GRACE_S)) if attacker else {}
        outcomes = [parse_steady(finish(victim, seconds + GRACE_S)) for victim in victims]
        core = (proc.cpu_us([sluice.pid]) - cpu) / 1e6 / (time.monotonic() - began)
        memory["rss_peak"] = proc.peak_rss_bytes(sluice.pid)
        if aim == SLUICE:
            time.sleep(AFTER_S)
        sluice.check_alive()
        memory["pss_after"] = proc.pss_bytes([sluice.pid])
        result = {"attack": attack.name, "aim": aim, "core": round(core, 3), **memory,
                  "attacker": said, "log_lines": lines_in(work / "stderr") - lines,
                  "access_lines": lines_in(work / "access.log"),
                  "counted": counted(before, parse_metrics(ask(admin, "/metrics")))}
        for name, outcome in zip(("http1", "http2"), outcomes):
            result[name] = {"done": outcome.done, "p50_us": outcome.p50_us,
                            "p99_us": outcome.p99_us, "p999_us": outcome.p999_us,
                            "lost": outcome.errors.get("lost", 0)}
        return result

    def _victim(self, port: int, seconds: int, more: list[str]) -> list[str]:
        return [str(self._setup.build / "bench/load_steady"), "--port", str(port), "--path", "/12",
                "--rate", str(VICTIM_RATE), "--connections", str(VICTIM_CONNECTIONS),
                "--seconds", str(seconds), "--warmup", str(WARMUP_S), *more]


def ask(port: int, path: str) -> str:
    """From the admin listener, which must answer while sluice is attacked, too."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise Trouble(f"sluice's admin listener says {answer.status} to {path}")
        return answer.read().decode()
    except OSError as error:
        raise Trouble(f"sluice's admin listener does not answer {path}: {error}") from None
    finally:
        connection.close()
