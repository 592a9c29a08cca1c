"""Starting and stopping real processes."""

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

import support  # noqa: F401

from rig import Trouble, proc, process

CORE = min(os.sched_getaffinity(0))
LISTEN = """
import os, signal, socket, sys, time
{before}
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()[0].close()
"""


def runs(pid: int) -> bool:
    try:
        return proc.stat_fields(Path(f"/proc/{pid}/stat").read_text())[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(happened) -> bool:
    """The kernel ends what was killed when it next comes to it."""
    deadline = time.monotonic() + 20
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


class ProcessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def child(self, program: str) -> process.Child:
        port = process.free_port()
        child = process.Child("it", [sys.executable, "-c", program, str(port)], self.work, CORE,
                              port)
        self.addCleanup(child.stop, 0.01)
        return child

    def test_a_child_is_ready_when_it_accepts_and_gone_after_stop(self):
        with self.child(LISTEN.format(before="")) as child:
            child.wait_ready()
            child.check_alive()
            self.assertEqual(os.sched_getaffinity(child.pid), {CORE})
        with self.assertRaises(Trouble):
            child.check_alive()

    def test_a_child_that_does_not_heed_sigterm_is_killed_with_all_it_started(self):
        child = self.child(LISTEN.format(before="""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if (below := os.fork()) == 0:
    time.sleep(60)
print(below, flush=True)"""))
        child.wait_ready()
        below = int((self.work / "stdout").read_text())
        self.assertTrue(runs(below))
        child.stop(patience_s=0.05)
        self.assertFalse(runs(child.pid))
        self.assertTrue(soon(lambda: not runs(below)))

    def test_what_a_child_leaves_behind_when_it_goes_by_itself_is_killed_too(self):
        child = self.child(LISTEN.format(before="""
if (below := os.fork()) == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
print(below, flush=True)"""))
        child.wait_ready()
        below = int((self.work / "stdout").read_text())
        child.stop()
        self.assertTrue(soon(lambda: not runs(below)))

    def test_a_child_that_does_not_start_is_told_with_its_last_words(self):
        child = self.child("import sys; sys.exit('no such directive: teapot')")
        with self.assertRaisesRegex(Trouble, "(?s)it did not start.*no such directive: teapot"):
            child.wait_ready()

    def test_a_port_that_is_taken_is_told_by_the_child(self):
        first = self.child(LISTEN.format(before=""))
        first.wait_ready()
        again = process.Child("again", [sys.executable, "-c", LISTEN.format(before=""),
                                        str(first.port)], self.work, CORE, first.port)
        again._popen.wait(10)
        with self.assertRaisesRegex(Trouble, "(?s)again did not start.*in use"):
            again.wait_ready()

    def test_a_load_that_fails_or_hangs_is_trouble(self):
        self.assertEqual(process.run([sys.executable, "-c", "print('7')"], CORE, 30), "7\n")
        with self.assertRaisesRegex(Trouble, "(?s)exit code 3.*oh dear"):
            process.run([sys.executable, "-c",
                         "import sys; print('oh dear', file=sys.stderr); sys.exit(3)"], CORE, 30)
        with self.assertRaisesRegex(Trouble, "did not end"):
            process.run([sys.executable, "-c", "import time; time.sleep(60)"], CORE, 0.2)


if __name__ == "__main__":
    unittest.main()
