"""bench/counts: what is read out of the counters' files, what it is compared with, and who asks."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import ROOT

from counting import (built, callgrind, client, h2, origin, record, rows, slope, strace, table,
                      verdict)
from rig import Trouble
from rig.process import Child, free_port

PROFILE = """\
version: 1
creator: callgrind-3.19.0
pid: 1
cmd:  sluice run
part: 1

positions: line
events: Ir
summary: 1500

ob=(1) /usr/bin/sluice
fl=(1) ???
fn=(1) sluice::Begin()
0 20
cob=(2) /lib/libstdc++.so.6
cfn=(2) operator new(unsigned long)
calls=3 0
0 300
cfn=(3) free
calls=9 0
0 90
cob=(3) /lib/libc.so.6
cfn=(4) calloc
calls=2 0
0 60

ob=(2)
fn=(2)
0 30
cob=(3)
cfn=(5) malloc
calls=3 0
0 270

fn=(6) sluice::malloc_statistics()
0 5
cfn=(2)
calls=1 0
0 100

totals: 1500
"""

CALLS = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 53.95    0.283176          23     12018         1 epoll_wait
 45.74    0.240120        1778       135           read
  0.00    0.000000           0         1           sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.523296          43     12154         1 total
"""


def cost(instructions: float = 20_000, allocations: float = 0, calls: float | None = 4.0):
    return slope.Cost(instructions, allocations, None if calls is None else {"read": calls})


def written(**figures) -> dict:
    return {"small": {"instructions": 20_000, "allocations": 0, "system_calls": 4.0, **figures}}


class CountersTest(unittest.TestCase):
    def test_instructions_are_the_total_of_the_file(self):
        self.assertEqual(callgrind.parse(PROFILE).instructions, 1500)

    def test_an_allocation_by_way_of_another_allocator_is_one_and_freeing_is_none(self):
        # Three and one by operator new, which itself asks malloc for three; two by calloc.
        self.assertEqual(callgrind.parse(PROFILE).allocations, 6)

    def test_allocators_are_known_by_each_of_their_names_and_nothing_else_is_one(self):
        for name in ("malloc", "calloc", "realloc", "operator new(unsigned long)", "_Znwm",
                     "operator new[](unsigned long, std::align_val_t)", "malloc'2", "memalign",
                     "operator new(unsigned long, std::nothrow_t const&)"):
            self.assertTrue(callgrind.allocates(name), name)
        for name in ("free", "operator delete(void*)", "malloc_trim", "my_malloc", "_int_malloc",
                     "sluice::Pool::operator new_thing()"):
            self.assertFalse(callgrind.allocates(name), name)

    def test_a_profile_that_was_cut_off_or_counts_something_else_is_refused(self):
        for text, complaint in ((PROFILE.partition("totals")[0], "no totals"), ("", "no totals"),
                                (PROFILE.replace("events: Ir", "events: Ge"), "something else"),
                                (PROFILE.replace("cfn=(3) free", "cfn=(99)"), "did not name")):
            with self.assertRaisesRegex(Trouble, complaint):
                callgrind.parse(text)

    def test_system_calls_are_read_by_name_with_and_without_errors(self):
        self.assertEqual(strace.parse(CALLS), {"epoll_wait": 12018, "read": 135, "sendto": 1})

    def test_a_table_that_was_cut_off_is_refused(self):
        for text in ("", "\n".join(CALLS.splitlines()[:-2]), "strace: Process 7 attached\n"):
            with self.assertRaisesRegex(Trouble, "no table"):
                strace.parse(text)
        with self.assertRaisesRegex(Trouble, "can't be read"):
            strace.parse(CALLS.replace("135           read", "many read"))

    def test_the_cost_of_one_is_free_of_what_both_runs_did(self):
        self.assertEqual(slope.slope(10_500, 30_500, (100, 1100)), 20)
        self.assertEqual(slope.slopes({"read": 210, "openat": 50}, {"read": 2210, "openat": 50},
                                      (100, 1100)), {"read": 2.0, "openat": 0.0})
        self.assertEqual(list(slope.slopes({}, {"a": 1, "b": 2}, (0, 1))), ["b", "a"])


class VerdictTest(unittest.TestCase):
    def said(self, now: slope.Cost, name: str = "small", **figures) -> list[tuple[bool, str]]:
        kept = {name: written(**figures)["small"]}
        return [(finding.wrong, finding.text) for finding in verdict.findings(kept, {name: now})]

    def test_a_tenth_more_instructions_pass_and_beyond_fail_with_both_numbers(self):
        self.assertEqual(self.said(cost(instructions=22_000)), [])
        [(wrong, text)] = self.said(cost(instructions=22_010))
        self.assertTrue(wrong)
        self.assertRegex(text, "^small: instructions grew from 20,000 to 22,010: find the cause")
        self.assertIn("bench/counts --write", text)

    def test_system_calls_that_grew_by_more_than_a_tenth_fail(self):
        self.assertEqual(self.said(cost(calls=4.15), system_calls=3.8), [])
        [(wrong, text)] = self.said(cost(calls=4.15), system_calls=3.7)
        self.assertTrue(wrong)
        self.assertIn("system calls grew from 3.7 to 4.15", text)

    def test_any_more_allocations_fail(self):
        [(wrong, text)] = self.said(cost(allocations=3.01), "close", allocations=3)
        self.assertTrue(wrong)
        self.assertIn("close: allocations grew from 3 to 3.01", text)

    def test_the_blocks_of_a_log_that_the_clock_asks_for_are_no_growth(self):
        self.assertEqual(self.said(cost(allocations=0.005), "log"), [])
        self.assertTrue(self.said(cost(allocations=0.05), "log")[0][0])

    def test_numbers_that_fell_are_told_and_pass(self):
        self.assertEqual(self.said(cost(instructions=18_100)), [])
        for now, name, figures in ((cost(instructions=17_900), "small", {}),
                                   (cost(calls=3.5), "small", {}),
                                   (cost(allocations=1), "close", {"allocations": 3})):
            [(wrong, text)] = self.said(now, name, **figures)
            self.assertFalse(wrong)
            self.assertIn("lower: write them down", text)

    def test_a_bar_holds_whatever_is_written_down(self):
        [(wrong, text)] = self.said(cost(calls=4.3), system_calls=4.3)
        self.assertTrue(wrong)
        self.assertIn("small: system calls are 4.3, and the bar is 4.2", text)
        [(wrong, text)] = self.said(cost(allocations=1), allocations=1)
        self.assertTrue(wrong)
        self.assertIn("small: allocations are 1, and the bar is 0", text)

    def test_system_calls_that_could_not_be_counted_are_not_compared(self):
        self.assertEqual(self.said(cost(calls=None)), [])
        self.assertEqual(len(self.said(cost(30_000, calls=None))), 1)

    def test_rows_that_are_written_down_or_counted_but_not_both_fail(self):
        [new] = verdict.findings({}, {"small": cost()})
        self.assertTrue(new.wrong)
        self.assertIn("small: not written down yet", new.text)
        [gone] = verdict.findings({**written(), "teapot": {}}, {"small": cost()})
        self.assertTrue(gone.wrong)
        self.assertIn("teapot: written down, but there is no such row", gone.text)


class RecordTest(unittest.TestCase):
    def test_what_is_written_is_read_again_sorted_and_one_row_a_line(self):
        text = record.to_text("GNU 12.2.0", {"small": cost(19_703.4), "close": cost(allocations=3)})
        compiler, kept = record.from_text(text, "it")
        self.assertEqual(compiler, "GNU 12.2.0")
        self.assertEqual(kept["small"],
                         {"instructions": 19_703, "allocations": 0, "system_calls": 4.0})
        lines = [line for line in text.splitlines() if "instructions" in line]
        self.assertEqual([line.split('"')[1] for line in lines], ["close", "small"])

    def test_other_files_are_refused_by_name(self):
        for text in ("{", "[]", "{}", '{"compiler": "x", "rows": {"small": {}}}'):
            with self.assertRaisesRegex(Trouble, "it was not written by bench/counts"):
                record.from_text(text, "it")

    def test_the_record_that_is_kept_has_all_rows_and_keeps_their_bars(self):
        _, kept = record.from_text((ROOT / "bench/counts.json").read_text(), "counts.json")
        self.assertEqual(list(kept), sorted(rows.BY_NAME))
        for row in rows.ROWS:
            self.assertEqual(verdict.over_bars(row, kept[row.name]), [])

    def test_the_compiler_is_told_by_what_cmake_left(self):
        left = 'set(CMAKE_CXX_COMPILER_ID "GNU")\nset(CMAKE_CXX_COMPILER_VERSION "12.2.0")\n'
        self.assertEqual(built.compiler(left), "GNU 12.2.0")
        with self.assertRaisesRegex(Trouble, "which compiler"):
            built.compiler("")

    def test_a_block_more_or_less_at_the_start_is_no_allocation_of_a_request(self):
        self.assertEqual(record.figures(cost(allocations=-0.001))["allocations"], 0)
        self.assertNotIn("-0", table.text({"small": cost(allocations=-0.001)}))

    def test_only_a_release_build_is_counted(self):
        with tempfile.TemporaryDirectory() as name:
            build = Path(name)
            with self.assertRaisesRegex(Trouble, "sluice is missing: cmake --preset release"):
                built.made_by(build)
            (build / "CMakeFiles/3.25.1").mkdir(parents=True)
            (build / "CMakeFiles/3.25.1/CMakeCXXCompiler.cmake").touch()
            (build / "sluice").touch()
            (build / "CMakeCache.txt").write_text("CMAKE_BUILD_TYPE:STRING=Debug\n")
            with self.assertRaisesRegex(Trouble, "no Release build .Debug."):
                built.made_by(build)

    def test_the_table_names_the_calls_but_not_those_of_the_clock(self):
        said = table.text({"small": slope.Cost(19_703.4, 0, {"read": 2.0, "futex": 0.001}),
                           "log": cost(calls=None)})
        self.assertRegex(said, r"small +19,703 +0.00 +2.00  read 2.00\n")
        self.assertRegex(said, r"log +20,000 +0.00 +-\n")


class AskingTest(unittest.TestCase):
    """The clients against the origin itself, with no sluice between."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        port = free_port()
        self.origin = Child("origin", [sys.executable, origin.__file__, str(port)],
                            Path(folder.name), 0, port)
        self.addCleanup(self.origin.stop, 0.5)
        self.origin.wait_ready()

    def test_everybody_gets_as_many_answers_as_they_asked_for(self):
        client.one_by_one(self.origin.port, rows.BY_NAME["browser"], 20)
        client.crowd(self.origin.port, rows.BY_NAME["small"], 50, connections=8)
        client.crowd(self.origin.port, rows.BY_NAME["small"], 3, connections=8)

    def test_another_status_is_trouble(self):
        for ask in (lambda row: client.one_by_one(self.origin.port, row, 1),
                    lambda row: client.crowd(self.origin.port, row, 2, 2)):
            with self.assertRaisesRegex(Trouble, "not the 429"):
                ask(rows.BY_NAME["refused"])

    def test_nobody_there_is_trouble(self):
        for ask in (client.one_by_one, lambda *words: client.crowd(*words, 2)):
            with self.assertRaisesRegex(Trouble, "a request failed"):
                ask(free_port(), rows.BY_NAME["small"], 1)


class AnswerTest(unittest.TestCase):
    def test_an_answer_is_done_with_its_last_byte_however_it_is_cut(self):
        for cut in range(1, len(origin.ANSWER)):
            answer = client.Http1(rows.BY_NAME["small"])
            self.assertFalse(answer.add(origin.ANSWER[:cut]))
            self.assertTrue(answer.add(origin.ANSWER[cut:]))

    def test_where_a_row_closes_the_answer_is_done_with_the_connection(self):
        answer = client.Http1(rows.BY_NAME["close"])
        self.assertFalse(answer.add(origin.ANSWER))
        self.assertTrue(answer.add(b""))

    def test_answers_that_are_cut_off_doubled_or_without_a_length_are_trouble(self):
        for parts, complaint in (((origin.ANSWER[:-1], b""), "ended within"),
                                 ((origin.ANSWER * 2,), "more than one"),
                                 ((b"HTTP/1.1 200 OK\r\n\r\n",), "without Content-Length")):
            with self.assertRaisesRegex(Trouble, complaint):
                answer = client.Http1(rows.BY_NAME["small"])
                for part in parts:
                    answer.add(part)

    def test_over_http2_the_second_request_says_the_same_in_a_byte_a_line(self):
        ours = h2.Http2(rows.BY_NAME["h2"])
        first, second = ours.ask(), ours.ask()
        self.assertTrue(first.startswith(b"PRI * HTTP/2.0"))
        self.assertIn(b"shop.example", first)
        self.assertEqual(second, h2.frame(h2.HEADERS, 5, 3, b"\x82\x86\xc1\xc0\xbf\xbe"))

    def test_over_http2_an_answer_is_done_with_its_last_byte_however_it_is_cut(self):
        said = (h2.frame(h2.SETTINGS, 0, 0, bytes(6)) + h2.frame(h2.HEADERS, 4, 1, b"\x88")
                + h2.frame(h2.DATA, 1, 1, origin.BODY))
        for cut in range(1, len(said)):
            ours = h2.Http2(rows.BY_NAME["h2"])
            ours.ask()
            self.assertFalse(ours.add(said[:cut]))
            self.assertTrue(ours.add(said[cut:]))
            self.assertTrue(ours.ask().startswith(h2.frame(h2.SETTINGS, 1, 0)))

    def test_over_http2_what_is_no_good_answer_is_trouble(self):
        good = h2.frame(h2.HEADERS, 4, 1, b"\x88")
        for said, complaint in ((b"", "ended within"),
                                (h2.frame(h2.HEADERS, 5, 1, b"\x8d"), "not the answer"),
                                (h2.frame(h2.HEADERS, 5, 3, b"\x88"), "not the answer"),
                                (h2.frame(h2.RESET, 0, 1, bytes(4)), "was refused"),
                                (good + h2.frame(h2.DATA, 1, 1, b"hello"), "not the body")):
            ours = h2.Http2(rows.BY_NAME["h2"])
            ours.ask()
            with self.assertRaisesRegex(Trouble, complaint):
                ours.add(said)

    def test_the_origin_counts_whole_heads_and_keeps_the_rest(self):
        self.assertEqual(origin.answers(b"GET / HTTP/1.1\r\n"), (0, b"GET / HTTP/1.1\r\n"))
        self.assertEqual(origin.answers(b"a\r\n\r\nb\r\n\r\nc\r\n"), (2, b"c\r\n"))
        self.assertEqual(origin.answers(b"a\r\n\r\n"), (1, b""))

    def test_requests_are_what_their_rows_say(self):
        small, browser = (rows.BY_NAME[name].request for name in ("small", "browser"))
        self.assertEqual(small.count(b"\r\n"), 5)
        self.assertEqual(origin.answers(browser), (1, b""))
        [cookie] = [line for line in browser.split(b"\r\n") if line.startswith(b"Cookie: ")]
        self.assertEqual(len(cookie), len("Cookie: ") + 300)


class CommandTest(unittest.TestCase):
    def says(self, code: int, complaint: str, *words: str) -> None:
        done = subprocess.run([sys.executable, str(ROOT / "bench/counts"), *words],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, complaint)
        self.assertNotIn("Traceback", done.stderr)

    def test_a_command_line_that_means_nothing_is_2_and_a_missing_build_is_1(self):
        self.says(2, "--write takes all rows", "--write", "--rows", "small")
        self.says(2, "not allowed with", "--write", "--check")
        self.says(1, "/nowhere/sluice is missing", "--build", "/nowhere")


if __name__ == "__main__":
    unittest.main()
