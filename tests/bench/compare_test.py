"""bench/compare as a command: what it says no to, and what it makes out of a file."""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import ROOT, document, record

from rig import Trouble, command
from rig import record as file

COMMAND = ROOT / "bench/compare"


def loaded():
    """bench/compare as a module: import does not know files without an ending."""
    loader = importlib.machinery.SourceFileLoader("compare", str(COMMAND))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def compare(self, *words, **env) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(COMMAND), *map(str, words)], capture_output=True,
                              text=True, timeout=60, cwd=self.work, env={**os.environ, **env},
                              check=False)

    def says(self, code: int, complaint: str, *words, **env) -> None:
        done = self.compare(*words, **env)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, complaint)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_command_line_that_means_nothing_is_2(self):
        self.says(2, "unrecognized arguments", "--teapot")
        self.says(2, "whole number", "--rounds", "0")
        self.says(2, "whole number", "--seconds", "1.5")
        self.says(2, "not with --quick", "--readme", "--quick")
        self.says(2, "--quick is 1 round", "--quick", "--rounds", "3")
        self.says(2, "measures nothing", "--render", "x.json", "--rows", "small64")

    def test_what_does_not_exist_is_1_and_what_does_is_named(self):
        self.says(1, "no row 'teapot'; there are small64, ", "--rows", "small64,teapot")
        self.says(1, "no proxy 'teapot'; there are sluice, nginx, ", "--proxies", "teapot")
        self.says(1, "nginx-new is not there", "--proxies", "nginx-new", NGINX="")
        self.says(1, r"\$NGINX is /nowhere, which is not a program", "--rows", "small64",
                  NGINX="/nowhere")

    def test_without_a_build_it_says_how_to_build(self):
        for program in ("wrk", "nginx"):
            (self.work / program).touch(mode=0o755)
        self.says(1, "sluice is missing: cmake --preset release", "--build", self.work, "--rows",
                  "small64", PATH=str(self.work))

    def test_programs_of_the_system_that_are_missing_are_named(self):
        self.says(1, "not installed: wrk", "--rows", "small64", PATH="/nowhere")
        self.says(1, "not installed: curl, h2load, openssl, wrk", "--rows", "h2", PATH="/nowhere")

    def test_a_file_that_cannot_be_rendered_is_1(self):
        self.says(1, "x.json can't be read: No such file", "--render", self.work / "x.json")
        (self.work / "y.json").write_text("{}")
        self.says(1, "y.json was not written by", "--render", self.work / "y.json")

    def test_rendering_makes_the_table_and_the_picture_again(self):
        doc = document([record("sluice", 9.0), record("nginx", 10.0)])
        (self.work / "a.json").write_text(file.to_text(doc))
        picture = self.work / "a.svg"
        done = self.compare("--render", self.work / "a.json", "--svg", picture)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("small64", done.stdout)
        self.assertTrue(picture.read_text().startswith("<svg"))

    def test_figures_with_errors_are_shown_and_do_not_pass_as_good(self):
        doc = document([record("sluice", 9.0, errors={"timeout": 1})])
        (self.work / "a.json").write_text(file.to_text(doc))
        done = self.compare("--render", self.work / "a.json", "--svg", self.work / "a.svg")
        self.assertEqual(done.returncode, 1)
        self.assertIn("! sluice 0.1.0: 1 errors (timeout)", done.stdout)
        self.assertIn("had errors", done.stderr)

    def test_a_part_of_the_comparison_does_not_become_the_readmes_table(self):
        doc = document([record("sluice", 9.0)], whole=False)
        (self.work / "a.json").write_text(file.to_text(doc))
        before = (ROOT / "README.md").read_bytes()
        done = self.compare("--render", self.work / "a.json", "--readme")
        self.assertEqual(done.returncode, 1)
        self.assertIn("takes all rows and proxies", done.stderr)
        self.assertEqual((ROOT / "README.md").read_bytes(), before)

    def test_numbers_so_far_are_kept_as_a_part_until_all_are_there(self):
        doc = document([record("sluice", 9.0)])
        named, build = self.work / "a.json", self.work / "compare.json"
        with contextlib.redirect_stderr(io.StringIO()):
            for json_file, part, written in ((named, True, named), (None, False, build)):
                loaded().keep(argparse.Namespace(json=json_file, part=part, build=self.work), doc)
                kept = file.from_text(written.read_text(), "it")
                self.assertEqual(kept["records"], doc["records"])
                self.assertFalse(kept["settings"]["whole"])
        self.assertTrue(doc["settings"]["whole"])

    def test_a_part_that_names_no_file_keeps_none(self):
        loaded().keep(argparse.Namespace(json=None, part=True, build=self.work),
                      document([record("sluice", 9.0)]))
        self.assertEqual(list(self.work.iterdir()), [])

    def test_a_row_that_is_broken_off_leaves_what_was_measured(self):
        compare, doc = loaded(), document([])
        measured = record("sluice", 9.0)

        def broken_off(arena, row, taking_part, rounds, records):
            records.append(measured)
            raise SystemExit(130)

        args = argparse.Namespace(json=self.work / "a.json", part=True, build=self.work)
        compare.measure_row = broken_off
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            compare.measure_and_keep(args, None, None, [], 1, doc)
        self.assertEqual(file.from_text(args.json.read_text(), "it")["records"], [measured])

    def test_a_signal_ends_a_command_through_its_withs_with_the_shells_code(self):
        old = {number: signal.getsignal(number)
               for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.addCleanup(lambda: [signal.signal(*pair) for pair in old.items()])
        left = []

        def run() -> int:
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                left.append(True)
            return 0

        with self.assertRaises(SystemExit) as ended:
            command.main("it", run)
        self.assertEqual((ended.exception.code, left), (128 + signal.SIGTERM, [True]))

    def test_trouble_is_told_by_the_commands_name_and_is_1(self):
        old = {number: signal.getsignal(number)
               for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.addCleanup(lambda: [signal.signal(*pair) for pair in old.items()])

        def run() -> int:
            raise Trouble("no tea")

        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(command.main("bench/it", run), 1)
        self.assertEqual(said.getvalue(), "bench/it: no tea\n")

    def test_the_record_that_is_kept_can_be_rendered(self):
        kept = ROOT / "docs/bench.json"
        if not kept.exists():
            self.skipTest("no record is kept yet")
        self.assertTrue(json.loads(kept.read_text())["records"])
        done = self.compare("--render", kept, "--svg", self.work / "a.svg")
        self.assertIn("small64", done.stdout)


if __name__ == "__main__":
    unittest.main()
