"""What bench/flashsale sets up, and what is made of its sales."""

import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import support  # noqa: F401

from rig import sale_field, sale_svg, sale_table
from rig.sale_field import BY_NAME, MODES, SWEEP, WAYS

COLUMNS = ["at_s", "came", "bought", "inside"]


def sale(mode: str, way: str, purchases: int, limit: int | None = None, seed: int = 1,
         **more) -> dict:
    """A window of ten seconds."""
    return {"mode": mode, "way": way, "limit": limit, "seed": seed, "shoppers": 1000,
            "affected": 100, "gave_up": 50, "saw_error": 60, "waited": 70, "unfinished": 0,
            "wasted": 12, "crashes": 0, "window_s": 10.0, "late_ms": 4.0,
            "lined_up": 0, "most_line_s": 0.0, "most_overtaken_s": 0.0, "overtaken": 0,
            "checkout": {"asked": 100, "seen": 99, "rest_p99_ms": 200.0, "p99_ms": 300.0},
            "purchases": purchases,
            "columns": COLUMNS,
            "seconds": [[-1.0, 20, 19, 30], [0.0, 20, 21, 30], [0.2, 90, 2, 100],
                        [1.0, 450, 40, 500], [2.0, 450, 80, 900]], **more}


def document(*records: dict) -> dict:
    return {"date": "2026-01-02T03:04:05Z", "commit": "0123456789",
            "machine": {"cpu": "A <Processor>", "kernel": "6.1"},
            "settings": {"calm_rate": 20, "spike_rate": 450, "calm_s": 10, "spike_s": 20,
                         "told_patience_s": 150, "bots": 0.3},
            "programs": {"sluice": "sluice 0.1.0", "nginx": "nginx <1.22.1>",
                         "haproxy": "HAProxy 2.6"},
            "records": list(records)}


def written(way: str, name: str, limit: int | None = None) -> str:
    """The configuration of a way that asks its program nothing first."""
    with tempfile.TemporaryDirectory() as work:
        sale_field.configure(BY_NAME[way], 8080, [8001, 8002, 8003, 8004], Path(work), "", limit)
        return (Path(work) / name).read_text()


class Field(unittest.TestCase):
    def test_sluice_has_one_configuration_without_a_number_about_the_shop(self):
        text = written("sluice", "sluice.toml")
        self.assertNotIn("concurrency", text)
        self.assertNotIn("queue", text)
        ranks = [line.split('"')[1] for line in text.splitlines() if line.startswith("priority")]
        self.assertEqual(ranks, ["critical", "high", "normal", "low"])

    def test_a_waiting_room_is_no_number_either(self):
        text = written("sluice-room", "sluice.toml")
        self.assertIn('routes = ["*"]', text)
        self.assertEqual(text.count("ends_session = true"), 1)
        room = text[text.index("[[waiting_room]]"):text.index("[access_log]")]
        self.assertFalse([line for line in room.splitlines() if any(map(str.isdigit, line))])
        self.assertNotIn("waiting_room", written("sluice", "sluice.toml"))
        self.assertEqual(written("sluice-room-bots", "sluice.toml").count("[[waiting_room]]"), 1)

    def test_a_fixed_limit_is_the_same_with_one_line_more(self):
        self.assertIn("concurrency = 6\n", written("sluice", "sluice.toml", 6))

    def test_haproxy_lets_the_checkout_go_first(self):
        rules = [line.split() for line in written("haproxy", "haproxy.cfg").splitlines()
                 if "set-priority-class" in line]
        # The last rule that holds decides; a lower class goes first.
        self.assertEqual([(rule[2], rule[6]) for rule in rules],
                         [("int(4)", "/"), ("int(3)", "/product/"), ("int(2)", "/cart"),
                          ("int(1)", "/checkout")])

    def test_every_mode_has_limits_to_try(self):
        self.assertEqual(set(SWEEP), set(MODES))


class Table(unittest.TestCase):
    def test_the_best_is_the_limit_that_sells_most(self):
        doc = document(sale("web", "sluice", 700, 6), sale("web", "sluice", 880, 8),
                       sale("web", "sluice", 800, 10), sale("crash", "sluice", 999, 4))
        self.assertEqual(sale_table.best(doc, "web"), (8, 88.0))
        self.assertIsNone(sale_table.best(doc, "database"))

    def test_sales_without_a_limit_are_told_by_their_share_of_the_best(self):
        doc = document(sale("web", "sluice", 836), sale("web", "sluice", 880, 8),
                       sale("web", "nginx", 88, crashes=3))
        rows = dict((row[0], row[1:]) for _, block in sale_table.blocks(doc) for row in block)
        self.assertEqual(rows["sluice 0.1.0, no number, no waiting room"],
                         ["10.0%", "83.6", "95%", "0"])
        self.assertEqual(rows["nginx <1.22.1>, defaults"], ["10.0%", "8.8", "10%", "3"])

    def test_several_rounds_count_by_their_median(self):
        doc = document(*(sale("web", "haproxy", sold, seed=seed)
                         for seed, sold in enumerate((100, 900, 600), 1)))
        self.assertIn("60.0", sale_table.text(doc))

    def test_the_best_limit_is_a_bar_and_less_of_it_where_the_database_bounds(self):
        def doc(mode: str, ours: int, **more) -> dict:
            return document(sale(mode, "sluice-room", ours, **{"affected": 10, **more}),
                            sale(mode, "sluice", 1000, 8))
        self.assertEqual(sale_table.shortfalls(doc("web", 950)), [])
        self.assertEqual(sale_table.shortfalls(doc("database", 850)), [])
        self.assertEqual(sale_table.shortfalls(doc("web", 850)),
                         ["web: 0.85 of the best limit's purchases (at least 0.95)"])
        self.assertEqual(sale_table.shortfalls(doc("crash", 950, crashes=2)),
                         ["crash: 2 server crashes"])
        self.assertEqual(sale_table.shortfalls(doc("web", 950, overtaken=3, unfinished=4)),
                         ["web: 3 overtaken in line", "web: 4 still in line at the end"])
        self.assertEqual(sale_table.shortfalls(doc("web", 950, affected=11)),
                         ["web: 1.1% affected (at most 1%)"])
        self.assertEqual(sale_table.shortfalls(document(sale("web", "sluice-room", 1))),
                         ["web: not measured"])

    def test_twice_as_many_may_be_affected_beside_bots(self):
        def doc(affected: int) -> dict:
            return document(sale("web", "sluice-room", 950, affected=0),
                            sale("web", "sluice-room-bots", 600, affected=affected),
                            sale("web", "sluice", 1000, 8))
        self.assertEqual(sale_table.shortfalls(doc(20)), [])
        self.assertEqual(sale_table.shortfalls(doc(21)),
                         ["web: 2.1% affected beside bots (at most 2%)"])

    def test_the_line_is_told_where_there_was_one(self):
        doc = document(sale("web", "sluice-room", 836, lined_up=7000, most_line_s=99.6,
                            most_overtaken_s=8.25))
        self.assertIn("7,000", sale_table.text(doc))
        self.assertIn("waited 100 s at most, and was let in up to 8.2 s after one that came later",
                      sale_table.markdown(doc).replace("\n", " "))
        self.assertNotIn("in line before", sale_table.text(document(sale("web", "sluice", 836))))

    def test_a_machine_that_was_not_quiet_is_told(self):
        doc = document(sale("web", "sluice", 836), sale("web", "nginx", 88, late_ms=250.0))
        self.assertIn("in 1 of 2 sales shoppers came up to 250 ms late", sale_table.text(doc))
        self.assertNotIn("late", sale_table.text(document(sale("web", "sluice", 836))))

    def test_a_sale_held_again_takes_the_place_of_the_old_one(self):
        records = [sale("web", "nginx", 1), sale("web", "sluice", 2), sale("web", "sluice", 3, 8)]
        again = sale_table.replaced(records, sale("web", "sluice", 20))
        self.assertEqual([entry["purchases"] for entry in again], [1, 20, 3])
        more = sale_table.replaced(records, sale("web", "sluice", 9, seed=2))
        self.assertEqual([entry["purchases"] for entry in more], [1, 2, 3, 9])

    def test_what_was_not_measured_is_not_in_the_readme(self):
        text = sale_table.markdown(document(sale("web", "sluice", 836)))
        self.assertIn("| sluice 0.1.0, no number, no waiting room | 10.0%, 83.6 |", text)
        self.assertNotIn("| HAProxy", text)
        self.assertNotIn("database |", text)


class Picture(unittest.TestCase):
    def test_it_has_a_line_for_each_proxy_in_each_mode_and_one_for_the_best(self):
        doc = document(*(sale(mode, way.name, 500) for mode in MODES for way in WAYS),
                       sale("web", "sluice", 880, 8))
        picture = sale_svg.draw(doc)
        ElementTree.fromstring(picture)
        self.assertEqual(picture.count("<polyline"), len(MODES) * sum(not way.bots for way in WAYS))
        self.assertEqual(picture.count('class="best"'), 1)

    def test_parts_of_a_second_are_no_points_of_their_own(self):
        points = sale_svg.by_second(sale("web", "sluice", 1))
        self.assertEqual(points, [(-1.0, 19.0), (0.0, 21.0), (1.0, 50.0), (2.0, 80.0)])

    def test_the_mean_of_neighbours_keeps_the_ends(self):
        self.assertEqual(sale_svg.smooth([0.0, 3.0, 6.0]), [1.5, 3.0, 4.5])


if __name__ == "__main__":
    unittest.main()
