"""What bench/attack reads of its programs, and how it judges the rounds."""

import unittest

import support  # noqa: F401

from rig import attack_table, siege
from rig.attacks import BY_NAME
from rig.proc import status_peak_rss_bytes

EXPOSITION = """# HELP sluice_http2_cut_total HTTP/2 clients that were cut.
# TYPE sluice_http2_cut_total counter
sluice_http2_cut_total{listener="a",why="ping"} 7
sluice_http2_cut_total{listener="b",why="ping"} 2
sluice_http2_cut_total{listener="a",why="reset"} 1
sluice_request_duration_seconds_bucket{route="default",le="0.1"} 5
sluice_listener_accepted_total{listener="a"} 100
sluice_ready 1
"""


def measured(aim: str, p99_us: float, number: int = 1, attack: str = "ping", **more) -> dict:
    times = {"done": 100, "p50_us": 100.0, "p99_us": p99_us, "p999_us": 2 * p99_us, "lost": 0}
    return {"round": number, "seconds": 10, "attack": attack, "aim": aim, "core": 0.5,
            "pss_before": 7_000_000, "rss_peak": 20_000_000, "pss_after": 8_000_000,
            "attacker": {"opened": 50, "refused": 0, "cut": 49, "finished": 0, "bytes": 1,
                         "resets": 0, "goaways": {"11": 49}},
            "log_lines": 100, "access_lines": 6000, "counted": {},
            "http1": times, "http2": dict(times), **more}


class AttackTest(unittest.TestCase):
    def test_only_what_counts_harm_and_grew_is_told(self):
        before = siege.parse_metrics(EXPOSITION)
        after = {**before, 'sluice_http2_cut_total{listener="a",why="ping"}': 9.0, "sluice_x": 3.0}
        self.assertEqual(siege.counted(before, after),
                         {'sluice_http2_cut_total{listener="a",why="ping"}': 2})
        self.assertNotIn("bucket", " ".join(before))

    def test_counts_are_summed_over_listeners_and_the_worst_round_is_told(self):
        grown = siege.counted({}, siege.parse_metrics(EXPOSITION))
        self.assertEqual(
            attack_table.counts([measured("sluice", 1, counted=grown),
                                 measured("sluice", 1, counted={})]),
            {'sluice_http2_cut_total{why="ping"}': 9, 'sluice_http2_cut_total{why="reset"}': 1,
             "sluice_listener_accepted_total": 100})

    def test_an_attacker_tells_what_became_of_its_connections(self):
        said = siege.parse_attack(
            '{"script":"ping","opened":3,"refused":0,"cut":2,"finished":1,"bytes":9,"resets":0,'
            '"goaways":{"11":2},"seconds":10.0}')
        self.assertEqual((said["opened"], said["cut"], said["goaways"]), (3, 2, {"11": 2}))

    def test_the_ratio_is_taken_within_each_round_and_the_worse_protocol_counts(self):
        records = [measured("sink", 4000), measured("sluice", 4000), measured("sink", 4000, 2),
                   measured("sluice", 12000, 2), measured("sink", 8000, 3),
                   measured("sluice", 12000, 3)]
        self.assertEqual(attack_table.ratios(records, "ping", "http1"), [1.0, 3.0, 1.5])
        self.assertEqual(attack_table.worst_ratio(records, "ping"), 1.5)
        records[1]["http2"]["p99_us"] = records[3]["http2"]["p99_us"] = 16000
        self.assertEqual(attack_table.worst_ratio(records, "ping"), 4.0)

    def test_a_p99_below_the_schedulers_whim_is_not_divided_by(self):
        self.assertEqual(attack_table.worst_ratio([measured("sink", 100), measured("sluice", 900)],
                                                  "ping"), 0.9)

    def test_each_bar_can_be_missed(self):
        sink, good = measured("sink", 4000), measured("sluice", 8000)
        self.assertEqual(attack_table.missed([sink, good], BY_NAME["ping"], 10), [])
        for more, word in (({"pss_after": 80_000_000}, "MB"), ({"log_lines": 5000}, "log"),
                           ({"http1": {**good["http1"], "lost": 1}}, "lost"),
                           ({"http1": {**good["http1"], "p99_us": 8100.0}}, "2.02 times")):
            told = attack_table.missed([sink, {**good, **more}], BY_NAME["ping"], 10)
            self.assertEqual(len(told), 1, told)
            self.assertIn(word, told[0])
        self.assertIn("no sink", attack_table.missed([good], BY_NAME["ping"], 10)[0])

    def test_the_table_has_a_row_for_each_attack_that_was_measured(self):
        records = [measured("sink", 4000), measured("sluice", 6000),
                   measured("sluice", 123_456, attack="settings")]
        table = attack_table.markdown_table(records).splitlines()
        self.assertEqual(len(table), 4)
        self.assertEqual({line.count("|") for line in table}, {8})
        self.assertIn("| 4.0 / 6.0 | 1.50 | 5 | 11 | 7.0 / 20.0 / 8.0 | 10 |", table[3])
        self.assertIn("| - / 123 | - |", table[2])

    def test_the_most_that_was_resident_is_the_kernels_word(self):
        self.assertEqual(status_peak_rss_bytes("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n"), 2 << 20)


if __name__ == "__main__":
    unittest.main()
