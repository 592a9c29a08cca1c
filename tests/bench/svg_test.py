"""The picture."""

import unittest
import xml.etree.ElementTree as ElementTree

from support import document, record

from rig import svg

NS = "{http://www.w3.org/2000/svg}"


def bars(text: str) -> dict[str, float]:
    """Width of each bar by its title."""
    return {group.find(f"{NS}title").text: float(group.find(f"{NS}rect").get("width"))
            for group in ElementTree.fromstring(text).iter(f"{NS}g")}


class SvgTest(unittest.TestCase):
    def test_bars_of_a_row_are_as_long_as_their_time_is(self):
        drawn = bars(svg.draw(document([record("sluice", 5.0), record("nginx", 10.0)])))
        self.assertEqual(drawn["nginx 1.22.1: 10.0 us"], 2 * drawn["sluice 0.1.0: 5.00 us"])

    def test_each_row_has_its_own_scale(self):
        doc = document([record("nginx", 10.0), record("nginx", 300.0, row="mib1")])
        self.assertEqual(len(set(bars(svg.draw(doc)).values())), 1)

    def test_a_floor_is_drawn_only_where_it_is_one(self):
        doc = document([record("relay", 7.0), record("nginx", 10.0)])
        self.assertEqual(list(bars(svg.draw(doc))), ["nginx 1.22.1: 10.0 us", "relay: 7.00 us"])
        doc = document([record("relay", 20.0, row="close"), record("nginx", 10.0, row="close")])
        self.assertEqual(list(bars(svg.draw(doc))), ["nginx 1.22.1: 10.0 us"])

    def test_memory_latency_and_the_row_beside_the_log_are_not_drawn(self):
        doc = document([record("nginx", 9.0, row="idle"),
                        record("nginx", 9.0, row="log", variant="off"),
                        record("nginx", 9.0, row="tail", variant="50")])
        self.assertEqual(bars(svg.draw(doc)), {})

    def test_the_same_figures_give_the_same_bytes_whatever_the_date(self):
        records = [record("sluice", 5.0), record("nginx", 10.0)]
        doc, later = document(records), document(records[::-1])
        later["date"] = "2027-01-01T00:00:00Z"
        self.assertEqual(svg.draw(doc), svg.draw(later))

    def test_who_cannot_see_it_can_read_it(self):
        root = ElementTree.fromstring(svg.draw(document([record("nginx", 10.0)])))
        self.assertEqual(root.get("role"), "img")
        self.assertIn("nginx 1.22.1 10.0 us", root.find(f"{NS}desc").text)

    def test_a_name_with_markup_in_it_stays_text(self):
        doc = document([record("nginx", 10.0)])
        doc["programs"][1]["title"] = "<nginx & co>"
        self.assertIn("<nginx & co> 1.22.1: 10.0 us", bars(svg.draw(doc)))


if __name__ == "__main__":
    unittest.main()
