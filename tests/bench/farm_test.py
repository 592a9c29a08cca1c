"""What is made of bench/farm's rounds."""

import unittest

import support  # noqa: F401

from rig import farm_field, farm_table
from rig.farm_field import DEFAULT, HEDGED, RIVAL, UNEVEN


def entry(way: str, round_number: int, p99: float, p999: float, **more) -> dict:
    return {"round": round_number, "rate": 2500, "way": way, "p50": 7.0, "p99": p99, "p999": p999,
            "errors": 0, "extra": 0.0, "rejected": False, **more}


def document(*records: dict) -> dict:
    return {"date": "2026-01-02T03:04:05Z", "commit": "0123456789",
            "machine": {"cpu": "A Processor", "kernel": "6.1"},
            "settings": {"seconds": 15, "workers": 1},
            "programs": {"sluice": "sluice 0.1.0", "nginx": "nginx 1.22.1"},
            "simulated": [{"rate": 2500, "strategy": "(sees all)", "p50": 7, "p99": 46, "p999": 73}],
            "records": list(records)}


def good(*others: dict) -> dict:
    return document(entry(RIVAL, 1, 70, 250), entry(DEFAULT, 1, 50, 100),
                    entry(HEDGED, 1, 50, 90, extra=0.04), *others)


class Verdict(unittest.TestCase):
    def test_all_is_met_by_a_default_that_is_good_enough(self):
        self.assertEqual(farm_table.shortfalls(good()), [])

    def test_a_tail_too_long_is_missed(self):
        missed = farm_table.shortfalls(document(
            entry(RIVAL, 1, 70, 250), entry(DEFAULT, 1, 60, 170),
            entry(HEDGED, 1, 50, 120, extra=0.06)))
        self.assertEqual(missed, ["2500/s p99 to leastconn: 0.86 (at most 0.80)",
                                  "2500/s p99.9 to leastconn: 0.68 (at most 0.65)",
                                  "2500/s p99.9 with hedging: 0.48 (at most 0.45)",
                                  "2500/s extra requests: 0.06 (at most 0.05)"])

    def test_a_way_of_nginx_that_is_better_is_missed(self):
        self.assertEqual(farm_table.shortfalls(good(entry("nginx-least_conn", 1, 45, 300))),
                         ["2500/s p99: nginx least_conn is better"])

    def test_an_error_is_missed(self):
        self.assertEqual(farm_table.shortfalls(good(entry(DEFAULT, 2, 50, 100, errors=3))),
                         ["2500/s round 2: 3 errors"])

    def test_what_was_not_measured_meets_nothing(self):
        self.assertIn("2500/s p99.9 with hedging: not measured",
                      farm_table.shortfalls(document(entry(DEFAULT, 1, 50, 100))))

    def test_rounds_that_were_rejected_count_for_nothing(self):
        doc = good(entry(RIVAL, 2, 7, 25, rejected=True), entry(DEFAULT, 2, 50, 100))
        self.assertEqual(farm_table.shortfalls(doc), [])


class Table(unittest.TestCase):
    def test_ratios_are_those_of_the_same_round(self):
        doc = document(entry(RIVAL, 1, 100, 200), entry(DEFAULT, 1, 50, 100),
                       entry(RIVAL, 2, 1000, 2000), entry(DEFAULT, 2, 600, 1200),
                       entry(RIVAL, 3, 10, 20), entry(DEFAULT, 3, 7, 14))
        self.assertAlmostEqual(farm_table.ratio(doc, 2500, DEFAULT, "p99"), 0.6)

    def test_the_readme_has_a_row_for_each_way_and_the_optimum(self):
        text = farm_table.markdown(good())
        self.assertIn("| 7.0 / 46.0 / 73.0 |", text)
        self.assertIn("| sluice 0.1.0 expected_delay (default) | 7.0 / 50.0 / 100 | 0.71 / 0.40 |",
                      text)
        self.assertIn("All bars are met.", text)

    def test_a_record_is_a_line_of_the_json(self):
        self.assertEqual(farm_table.to_text(good()).count('{"round"'), 3)


class Plans(unittest.TestCase):
    def test_a_server_is_told_in_the_words_of_the_farm(self):
        self.assertEqual(UNEVEN[1].text(8001), "port=8001,stall_ms=300,stall_every_ms=3000")

    def test_every_way_has_a_name_of_its_own(self):
        self.assertEqual(len(farm_field.BY_NAME), len(farm_field.WAYS))


if __name__ == "__main__":
    unittest.main()
