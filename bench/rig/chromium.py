"""Chromium without a window, told what to do over the DevTools protocol: JSON between zero bytes, on
the pipes that it has as descriptors 3 and 4. Needs nothing but the program itself (Debian's package
chromium). When this process ends, so do the pipes, and Chromium with them.
"""

import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path

from . import Trouble

PROGRAM = "chromium"
CALL_S = 20.0
STOP_S = 5.0
_QUIET = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync",
          "--remote-debugging-pipe")
# Out of the way of 3 and 4, which are Chromium's ends.
_LEAST_OF_OURS = 10


class Pipe:
    """Messages over two descriptors, which it owns."""

    def __init__(self, reads: int, writes: int):
        self._reads, self._writes = reads, writes
        self._bytes = b""

    def send(self, message: dict) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._writes, data):]

    def receive(self, patience_s: float) -> dict | None:
        """The next message; nothing when none comes in time."""
        deadline = time.monotonic() + patience_s
        while b"\0" not in self._bytes:
            ready, _, _ = select.select([self._reads], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            more = os.read(self._reads, 1 << 16)
            if not more:
                raise Trouble("chromium has gone")
            self._bytes += more
        message, _, self._bytes = self._bytes.partition(b"\0")
        return json.loads(message)

    def close(self) -> None:
        os.close(self._reads)
        os.close(self._writes)


def _pipe() -> tuple[int, int]:
    """Both ends high, so that neither is taken for one of Chromium's."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _LEAST_OF_OURS) for end in ends)
    for end in ends:
        os.close(end)
    return high


class Page:
    """A tab of a visitor of its own: cookies are shared with no other."""

    def __init__(self, browser: "Chromium"):
        self._browser = browser
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank",
                              browserContextId=context)["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target,
                                     flatten=True)["sessionId"]

    def call(self, method: str, **params) -> dict:
        return self._browser.call(method, self._session, **params)

    def value(self, expression: str):
        """Of a JavaScript expression, even where the page's own scripts do not run; nothing while a
        page gives way to the next."""
        try:
            return self.call("Runtime.evaluate", expression=expression,
                             returnByValue=True)["result"].get("value")
        except Refused:
            return None

    def events(self, method: str) -> list[dict]:
        """What has been told of this page under that name since it was made."""
        return [event["params"] for event in self._browser.events
                if event["method"] == method and event.get("sessionId") == self._session]


class Refused(Trouble):
    """Chromium did not do what it was told."""


class Chromium:
    """A context manager: from its start to its end, by its process group."""

    def __init__(self):
        program = shutil.which(PROGRAM)
        if program is None:
            raise Trouble(f"there is no {PROGRAM} here: apt-get install chromium")
        self.events: list[dict] = []
        self._last = 0
        self._profile = Path(tempfile.mkdtemp(prefix="sluice-chromium-"))
        its_reads, our_writes = _pipe()
        our_reads, its_writes = _pipe()
        silence = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        words = [program, *_QUIET, f"--user-data-dir={self._profile}"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # it refuses to be root otherwise
        self._pid = os.posix_spawn(
            program, [*words, "about:blank"], dict(os.environ), setsid=True,
            file_actions=[(os.POSIX_SPAWN_DUP2, silence, fd) for fd in range(3)] + [
                (os.POSIX_SPAWN_DUP2, its_reads, 3), (os.POSIX_SPAWN_DUP2, its_writes, 4)])
        for end in (its_reads, its_writes, silence):
            os.close(end)
        self._pipe = Pipe(our_reads, our_writes)

    def call(self, method: str, session: str = "", **params) -> dict:
        """What Chromium answers. Events that come meanwhile are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._pipe.send(message)
        deadline = time.monotonic() + CALL_S
        while True:
            answer = self._pipe.receive(deadline - time.monotonic())
            if answer is None:
                raise Trouble(f"chromium did not answer {method} within {CALL_S:.0f} s")
            if "method" in answer:
                self.events.append(answer)
            elif answer["id"] == self._last:
                break
        if "error" in answer:
            raise Refused(f"chromium: {method}: {answer['error']['message']}")
        return answer["result"]

    def page(self) -> Page:
        return Page(self)

    def close(self) -> None:
        self._pipe.close()
        deadline = time.monotonic() + STOP_S
        while os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.killpg(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                break
            time.sleep(0.05)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_) -> None:
        self.close()
