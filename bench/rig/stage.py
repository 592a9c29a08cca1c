"""What every drill is made of: a farm, a sluice before it, loads, and a verdict."""

import contextlib
import os
import shutil
import tempfile
import urllib.request
from pathlib import Path

from . import cores
from .farm_field import ServerPlan, start_farm
from .process import Child, free_port, start


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


class Stage:
    """A directory, cores and programs for one drill. All that was started ends with it."""

    def __init__(self, build: Path):
        self.build = build.resolve()
        self.load_core, self.proxy_core = cores.choose(os.sched_getaffinity(0), cores.siblings_here)
        self._stack = contextlib.ExitStack()
        self.work = Path(tempfile.mkdtemp(prefix="sluice-drill-"))
        self._stack.callback(shutil.rmtree, self.work, ignore_errors=True)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _directory(self, name: str) -> Path:
        path = self.work / name
        path.mkdir(exist_ok=True)
        return path

    def fresh(self, name: str) -> Path:
        """An empty directory, in place of the one that there was."""
        shutil.rmtree(self.work / name, ignore_errors=True)
        return self._directory(name)

    def farm(self, name: str, plans: tuple[ServerPlan, ...], ports: list[int]) -> Child:
        child = self._stack.enter_context(
            start_farm(self.build, self._directory(name), self.load_core, plans, ports))
        child.wait_ready()
        return child

    def sluice(self, servers: list[int], workers: int, pool: str,
               routes: str = "") -> tuple[Child, int]:
        """It and its admin port."""
        port, admin = free_port(), free_port()
        names = ", ".join(f'"127.0.0.1:{server}"' for server in servers)
        work = self._directory("sluice")
        (work / "sluice.toml").write_text(f"""
[[listener]]
address = "127.0.0.1:{port}"
max_connections = 20000
max_requests = 0
[[pool]]
name = "farm"
servers = [{names}]
{pool}
{routes}
[access_log]
output = "off"
[admin]
address = "127.0.0.1:{admin}"
[process]
workers = {workers}
""")
        return self.sluice_again(port), admin

    def sluice_again(self, port: int) -> Child:
        """With the configuration that it had; whoever listened there has ended."""
        child = self._stack.enter_context(Child(
            "sluice", [str(self.build / "sluice"), "run", "--config", "sluice.toml"],
            self._directory("sluice"), self.proxy_core, port))
        child.wait_ready()
        return child

    def steady(self, port: int, rate: int, seconds: int, connections: int, path: str = "/item",
               *more: str):
        return start([str(self.build / "bench/load_steady"), "--port", str(port), "--path", path,
                      "--rate", str(rate), "--connections", str(connections), "--seconds",
                      str(seconds), "--farm", "1", "--drain", "5", *more],
                     self.load_core)

    def clients(self, port: int, count: int, seconds: int, *more: str):
        """Who ask again as soon as they are answered."""
        return start([str(self.build / "bench/load_impatient"), "--port", str(port), "--path",
                      "/item", "--clients", str(count), "--seconds", str(seconds), *more],
                     self.load_core)


class Verdict:
    """Collects what was seen beside what was to be seen."""

    def __init__(self) -> None:
        self.missed = 0

    def hold(self, drill: str, what: str, seen: float, good: bool, bar: str) -> None:
        self.missed += not good
        print(f"{drill:16} {what:52} {seen:10.3f}  {'met' if good else 'MISSED'}: {bar}",
              flush=True)

    def note(self, drill: str, text: str) -> None:
        print(f"{drill:16} {text}", flush=True)
