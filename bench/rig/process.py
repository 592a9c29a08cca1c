"""Starting a program on one core, waiting until it serves, and stopping it for sure.

A Child is stopped by its pid: SIGTERM, then after STOP_S SIGKILL, for it and what it left behind.
Should this process itself be killed, the kernel sends its children a SIGTERM.
"""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import Trouble

READY_S = 10.0
STOP_S = 5.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has. Should somebody come between, the start fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_core(core: int):
    """What a new process does before its program begins: leave with us, and stay on its core."""

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, {core})

    return prepare


def last_words(path: Path, lines: int = 12) -> str:
    text = path.read_text(errors="replace").strip() if path.exists() else ""
    last = text.splitlines()[-lines:] or ["(it said nothing)"]
    return "\n".join("    " + line for line in last)


class Child:
    """A server that runs until stop(). Use it as a context manager."""

    def __init__(self, name: str, argv: list[str], work: Path, core: int, port: int,
                 env: dict[str, str] | None = None):
        self.name = name
        self.port = port
        self._errors = work / "stderr"
        # stdout is a file too: HAProxy's access log goes there.
        with open(work / "stdout", "ab") as out, open(self._errors, "ab") as err:
            # Its own session: Ctrl-C is for us, and we stop it.
            self._popen = subprocess.Popen(
                argv, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=on_core(core))

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_ready(self) -> None:
        """Until a connection is accepted. Raises Trouble with its last words if it ends instead."""
        deadline = time.monotonic() + READY_S
        while True:
            if self._popen.poll() is not None:
                raise Trouble(f"{self.name} did not start (exit code {self._popen.returncode}):\n"
                              + last_words(self._errors))
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise Trouble(f"{self.name} did not listen on port {self.port} within "
                                  f"{READY_S:.0f} s:\n" + last_words(self._errors)) from None
                time.sleep(0.01)

    def check_alive(self) -> None:
        if self._popen.poll() is not None:
            raise Trouble(f"{self.name} ended under load (exit code {self._popen.returncode}):\n"
                          + last_words(self._errors)) from None

    def stop(self, patience_s: float = STOP_S) -> None:
        self._popen.terminate()
        try:
            self._popen.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        try:
            # Its own session is its own group: workers of a master that died go with it.
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


def start(argv: list[str], core: int) -> subprocess.Popen:
    """A program that ends by itself and says little; finish() has the rest."""
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, preexec_fn=on_core(core))


def finish(started: subprocess.Popen, patience_s: float) -> str:
    """Waits for its end; returns what it printed. Trouble if it fails or hangs."""
    program = started.args[0]
    try:
        said, complaint = started.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        started.kill()
        started.communicate()
        raise Trouble(f"{program} did not end within {patience_s:.0f} s") from None
    if started.returncode != 0:
        raise Trouble(f"{program} failed (exit code {started.returncode}):\n    "
                      + complaint.strip()[-2000:])
    return said


def run(argv: list[str], core: int, patience_s: float) -> str:
    """Runs a program that ends by itself, as start() and finish() do."""
    return finish(start(argv, core), patience_s)
