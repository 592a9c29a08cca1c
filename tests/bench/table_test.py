"""The figures in words: for the terminal and for the README."""

import unittest

from support import ROOT, document, record

from rig import Trouble, notes, table
from rig.record import titles
from rig.stats import blocks

TWO_ROUNDS = [record("sluice", 9.0, 1), record("nginx", 10.0, 1), record("relay", 7.0, 1),
              record("sluice", 9.4, 2), record("nginx", 10.0, 2), record("relay", 8.4, 2)]


def missed(records) -> list[str]:
    doc = document(records)
    names = titles(doc)
    return notes.not_met(blocks(doc["records"], list(names)), names).missed


def not_judged(records) -> list[str]:
    """Of the rows that were measured."""
    doc = document(records)
    names = titles(doc)
    return [bar for bar in notes.not_met(blocks(doc["records"], list(names)), names).not_judged
            if "not measured" not in bar]


def doubts(records) -> list[str]:
    doc = document(records)
    names = titles(doc)
    return [note for block in blocks(doc["records"], list(names))
            for note in notes.doubts(block, names)]


class TableTest(unittest.TestCase):
    def test_numbers_have_three_digits_that_mean_something(self):
        self.assertEqual([table.number(x) for x in (9.204, 14.56, 181.97, 12345.6, None)],
                         ["9.20", "14.6", "182", "12,346", "-"])

    def test_columns_are_aligned_whatever_is_in_them(self):
        self.assertEqual(table.aligned([["", "us"], ["sluice", "9.20"], ["a", "1,000"]]),
                         ["           us", "sluice   9.20", "a       1,000"])

    def test_the_terminal_shows_medians_and_the_range_of_the_ratios(self):
        text = table.text(document(TWO_ROUNDS))
        self.assertIn("small64: 12-byte answers, 64 kept connections", text)
        self.assertRegex(text, r"sluice 0\.1\.0 +1,000 +9\.20 .* 0\.92 \(0\.90\.\.0\.94\) +1\.50 ")
        self.assertRegex(text, r"relay +1,000 +7\.70 ")

    def test_an_error_stands_below_the_block_and_is_counted(self):
        doc = document([record("nginx", 10.0, errors={"timeout": 12})])
        self.assertIn("! nginx 1.22.1: 12 errors (timeout)", table.text(doc))
        self.assertEqual(table.error_count(doc), 1)
        self.assertIn("Errors while measuring: 12-byte answers, 64 kept connections: nginx 1.22.1: "
                      "12 errors (timeout).", table.markdown(doc).replace("\n", " "))

    def test_a_log_that_lacks_lines_is_an_error(self):
        doc = document([record("nginx", 10.0, row="log", variant="on", log_lines=900)])
        self.assertIn("100 requests are missing in its access log", table.text(doc))

    def test_an_idle_core_is_said_for_throughput_but_not_of_a_floor_nor_at_a_fixed_rate(self):
        self.assertIn("nginx 1.22.1 (60% busy)", doubts([record("nginx", 9.0, core=0.6)])[0])
        self.assertEqual(doubts([record("relay", 9.0, core=0.6)]), [])
        self.assertEqual(doubts([record("nginx", 9.0, row="tail", variant="50", core=0.5)]), [])

    def test_others_on_the_same_core_are_told(self):
        self.assertIn("nginx 1.22.1 (30%)", doubts([record("nginx", 9.0, others=0.3)])[0])

    def test_the_readme_says_when_the_machine_was_not_quiet(self):
        quiet, noisy = ([record("nginx", 9.0, others=others)] for others in (0.02, 0.3))
        self.assertNotIn("not quiet", table.markdown(document(quiet)))
        self.assertIn("in 1 of 1 rows others used more than 10% of the proxies' core",
                      table.markdown(document(noisy)).replace("\n", " "))

    def test_a_load_that_was_late_itself_is_not_believed(self):
        late = record("nginx", 9.0, row="tail", variant="50", p99_us=200, start_lag_p99_us=150)
        self.assertIn("the load itself was late", doubts([late])[0])
        self.assertEqual(doubts([{**late, "start_lag_p99_us": 20}]), [])

    def test_a_bar_is_missed_by_what_the_table_shows_and_tells_both_numbers(self):
        self.assertEqual(missed([record("sluice", 9.34, row="close"),
                                 record("nginx", 10.0, row="close")]), [])
        self.assertEqual(missed([record("sluice", 9.7, row="close"),
                                 record("nginx", 10.0, row="close")]),
                         ["a connection for each request, 64 at a time: 0.97 times the processor "
                          "time of nginx 1.22.1 (at most 0.95)"])

    def test_where_there_is_a_floor_it_takes_both_to_miss_the_bar(self):
        near, far = record("relay", 8.3), record("relay", 7.0)
        self.assertEqual(missed([record("sluice", 9.7), record("nginx", 10.0), near]), [])
        self.assertEqual(missed([record("sluice", 9.2), record("nginx", 10.0), far]), [])
        self.assertEqual(missed([record("sluice", 9.7), record("nginx", 10.0), far]),
                         ["12-byte answers, 64 kept connections: 0.97 times the processor time of "
                          "nginx 1.22.1 (at most 0.93), and 2.70 us above the floor (at most "
                          "1.50)"])

    def test_a_small_answer_may_not_cost_more_than_haproxys(self):
        records = [record("sluice", 9.0), record("nginx", 10.0), record("haproxy", 8.0)]
        doc = document(records)
        doc["programs"].append({"name": "haproxy", "title": "HAProxy", "version": "2.6",
                                "floor": False})
        names = titles(doc)
        self.assertEqual(notes.not_met(blocks(records, list(names)), names).missed,
                         ["12-byte answers, 64 kept connections: 1.12 times the processor time of "
                          "HAProxy 2.6 (at most 1.00)"])

    def test_a_log_may_cost_so_much_and_the_tail_is_p999(self):
        self.assertEqual(missed([record("sluice", 10.0, row="log", variant="off"),
                                 record("sluice", 10.9, row="log", variant="on")]),
                         ["12-byte answers with the access log on, 64 kept connections: 1.09 times "
                          "the processor time with the log off (at most 1.08)"])
        self.assertIn("1.50 times the p99.9 of nginx 1.22.1 (at most 1.00)", missed(
            [record("sluice", 9.0, row="tail", variant="50", p99_us=1, p999_us=300),
             record("nginx", 9.0, row="tail", variant="50", p99_us=2, p999_us=200)])[0])

    def test_a_connection_may_cost_so_many_bytes_whoever_else_pays_more(self):
        idle = {"row": "idletls", "variant": "", "round": 1, "done": 1000, "errors": {},
                "pss_before_bytes": 1e6}
        nginx = {**idle, "proxy": "nginx", "pss_bytes": 99e6}
        good = {**idle, "proxy": "sluice", "pss_bytes": 1e6 + 22.528e6}
        self.assertEqual(missed([good, nginx]), [])
        self.assertEqual(missed([{**good, "pss_bytes": 1e6 + 22.529e6}, nginx]),
                         ["5,000 idle TLS connections after an answer of 16 KiB each: 22,529 bytes "
                          "each (at most 22,528)"])
        self.assertIn("not one connection", not_judged([{**good, "done": 0}])[0])

    def test_what_all_negotiated_is_told_beside_the_figures(self):
        said = "TLSv1.3, A, X25519, 2 tickets"
        doc = document([record("sluice", 9.0, row="tls", tls=said),
                        record("nginx", 9.9, row="tls", tls=said)])
        self.assertIn(f"  - all negotiated {said}", table.text(doc))
        self.assertIn(f"64 kept connections: all negotiated {said}",
                      table.markdown(doc).replace("\n", " "))

    def test_a_bar_without_what_it_is_measured_by_is_not_judged(self):
        label = "12-byte answers, 64 kept connections: "
        self.assertEqual(not_judged([record("sluice", 9.0)]),
                         [label + "no nginx beside it", label + "no HAProxy beside it"])
        self.assertEqual(not_judged([record("sluice", 9.7), record("nginx", 10.0)]),
                         [label + "0.97 times the processor time of nginx 1.22.1 (at most 0.93), "
                          "and no floor beside it", label + "no HAProxy beside it"])
        self.assertIn("nothing measured with the log off",
                      not_judged([record("sluice", 9.0, row="log", variant="on")])[0])

    def test_a_row_that_was_not_measured_is_not_judged_and_never_met(self):
        text = table.text(document(TWO_ROUNDS))
        self.assertIn("not judged: 10,000 idle kept connections: not measured", text)
        self.assertIn("not judged: 12-byte answers at 80 % of nginx's best rate", text)
        self.assertNotIn("Met in every row", table.markdown(document(TWO_ROUNDS)))

    def test_small64_measured_beside_the_log_is_no_row_of_its_own(self):
        doc = document([record(proxy, us, row="log", variant=variant)
                        for proxy, us, variant in (("sluice", 9.0, "off"), ("sluice", 9.9, "on"),
                                                   ("nginx", 8.0, "off"), ("nginx", 10.0, "on"))])
        rows = table.markdown_table(doc).splitlines()[2:]
        self.assertEqual(rows, [
            "| 12-byte answers with the access log on, 64 kept connections "
            "| 9.90 | 10.0 | - | 0.99 | - |",
            "| ... divided by the time with the log off | 1.10 | 1.25 | - | - | - |"])

    def test_memory_and_latency_have_rows_with_their_own_units(self):
        idle = {"row": "idle", "variant": "", "round": 1, "done": 10, "errors": {}}
        doc = document([
            {**idle, "proxy": "sluice", "pss_before_bytes": 3e6, "pss_bytes": 14.4e6},
            {**idle, "proxy": "nginx", "pss_before_bytes": 9e6, "pss_bytes": 16e6},
            record("sluice", 9.0, row="tail", variant="80", p99_us=1234, p999_us=5678.9),
            record("nginx", 9.0, row="tail", variant="80", p99_us=2468, p999_us=9999)])
        self.assertEqual(table.markdown_table(doc).splitlines()[2:], [
            "| memory with 10,000 idle kept connections: MB / bytes each | 14.4 / 1,140,000 "
            "| 16.0 / 700,000 | - | 0.90 | - |",
            "| 12-byte answers at 80 % of nginx's best rate, 64 kept connections: "
            "p50 / p99 / p99.9, us | 100 / 1,234 / 5,679 | 100 / 2,468 / 9,999 | - | 0.57 (p99.9) "
            "| - |"])

    def test_every_row_of_the_markdown_has_all_columns(self):
        lines = table.markdown_table(document(TWO_ROUNDS)).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {7})

    def test_the_readme_says_how_it_was_measured_and_shows_the_picture(self):
        text = table.markdown(document(TWO_ROUNDS)).replace("\n", " ")
        for said in ("5 interleaved rounds of 3 s", "2 cores of A Processor", "Linux 6.1",
                     "2026-01-02 (commit 0123456789)", "(docs/bench.svg)", "The aims are at most"):
            self.assertIn(said, text)

    def test_only_what_is_between_the_markers_changes(self):
        before, after = "# A\n<!-- measured: begin -->\n", "\nby hand\n<!-- measured: end -->\n"
        readme = f"{before}{table.BEGIN}\nold\n{table.END}{after}"
        new = table.spliced(readme, "new")
        self.assertEqual(new, f"{before}{table.BEGIN}\nnew\n{table.END}{after}")
        self.assertEqual(table.spliced(new, "new"), new)

    def test_a_readme_without_the_markers_or_with_two_of_them_is_left_alone(self):
        pair = f"{table.BEGIN}\n{table.END}\n"
        for readme in ("", table.BEGIN, pair + pair, f"{table.END}\n{table.BEGIN}"):
            with self.assertRaises(Trouble):
                table.spliced(readme, "new")

    def test_the_readme_here_has_the_markers_inside_of_what_is_measured(self):
        readme = (ROOT / "README.md").read_text()
        marks = ["<!-- measured: begin -->", table.BEGIN, table.END, "<!-- measured: end -->"]
        places = [readme.index(mark) for mark in marks]
        self.assertEqual(places, sorted(places))


if __name__ == "__main__":
    unittest.main()
