"""Medians and ratios out of made-up rounds."""

import unittest

from support import record

from rig import stats

PROXIES = ["sluice", "nginx", "relay", "refuse"]


def only_line(records, proxy="sluice", block=0):
    return stats.blocks(records, PROXIES)[block].line(proxy)


class StatsTest(unittest.TestCase):
    def test_a_ratio_is_made_within_each_round_so_that_a_drifting_machine_does_not_show(self):
        # The machine slows down threefold while it is measured; sluice always takes 0.9 of nginx.
        records = []
        for number, slowness in enumerate((1.0, 2.0, 3.0), start=1):
            records.append(record("sluice", 9.0 * slowness, number))
            if number != 2:
                records.append(record("nginx", 10.0 * slowness, number))
        ratio = only_line(records).to_rival
        self.assertAlmostEqual(ratio.median, 0.9)
        self.assertAlmostEqual(ratio.low, 0.9)
        self.assertAlmostEqual(ratio.high, 0.9)

    def test_the_ratio_is_the_middle_one_and_tells_the_least_and_the_greatest(self):
        records = [record("nginx", 10.0, number) for number in (1, 2, 3)]
        records += [record("sluice", us, number) for number, us in ((1, 8.0), (2, 20.0), (3, 9.0))]
        ratio = only_line(records).to_rival
        self.assertEqual((ratio.median, ratio.low, ratio.high), (0.9, 0.8, 2.0))

    def test_without_nginx_there_is_no_ratio(self):
        self.assertIsNone(only_line([record("sluice", 9.0)]).to_rival)

    def test_what_is_above_the_floor_is_a_difference_within_the_round(self):
        records = [record("relay", 6.0, 1), record("sluice", 7.5, 1),
                   record("relay", 12.0, 2), record("sluice", 13.5, 2)]
        self.assertEqual(only_line(records).above_floor_us.median, 1.5)
        self.assertIsNone(only_line(records, "relay").above_floor_us)

    def test_the_floor_of_a_refusal_is_the_bare_refusal(self):
        records = [record("refuse", 3.0, row="refused"), record("relay", 1.0, row="refused"),
                   record("sluice", 4.0, row="refused")]
        self.assertEqual(only_line(records).above_floor_us.median, 1.0)

    def test_a_relay_that_connects_each_time_is_no_floor(self):
        records = [record("relay", 20.0, row="close"), record("sluice", 15.0, row="close")]
        self.assertIsNone(only_line(records).above_floor_us)

    def test_the_log_costs_what_the_same_proxy_takes_with_it_over_without_it_in_one_round(self):
        records = []
        for number, slowness in ((1, 1.0), (2, 3.0)):
            records.append(record("nginx", 10.0 * slowness, number, row="log", variant="off"))
            records.append(record("nginx", 11.0 * slowness, number, row="log", variant="on"))
        self.assertIsNone(only_line(records, "nginx", 0).log_cost)
        self.assertAlmostEqual(only_line(records, "nginx", 1).log_cost.high, 1.1)

    def test_the_variants_of_a_row_are_compared_each_with_its_own_rival(self):
        records = [record("sluice", 9.0, row="log", variant="on"),
                   record("nginx", 18.0, row="log", variant="on"),
                   record("nginx", 9.0, row="log", variant="off")]
        self.assertEqual(only_line(records, block=1).to_rival.median, 0.5)

    def test_memory_is_what_counts_of_idle_connections(self):
        idle = {"row": "idle", "variant": "", "round": 1, "done": 1000, "errors": {}}
        records = [{**idle, "proxy": "sluice", "pss_before_bytes": 3e6, "pss_bytes": 4e6},
                   {**idle, "proxy": "nginx", "pss_before_bytes": 8e6, "pss_bytes": 16e6}]
        line = only_line(records)
        self.assertEqual(line.to_rival.median, 0.25)
        self.assertEqual(line.pss_each_bytes, 1000)
        self.assertIsNone(line.us)

    def test_errors_of_all_rounds_add_up(self):
        records = [record("sluice", 9.0, 1, errors={"read": 2}),
                   record("sluice", 9.0, 2, errors={"read": 1, "timeout": 4})]
        self.assertEqual(only_line(records).errors, {"read": 3, "timeout": 4})

    def test_lines_that_a_log_lacks_are_counted_and_lines_of_the_warm_up_are_no_surplus(self):
        records = [record("sluice", 9.0, 1, row="log", variant="on", log_lines=990),
                   record("sluice", 9.0, 2, row="log", variant="on", log_lines=1064)]
        self.assertEqual(only_line(records).lines_lost, 10)

    def test_a_round_in_which_nothing_was_answered_gives_no_figure(self):
        records = [record("sluice", 9.0, 1, done=0), record("sluice", 9.0, 2),
                   record("nginx", 10.0, 1), record("nginx", 10.0, 2)]
        self.assertEqual(only_line(records).us, 9.0)
        self.assertEqual(only_line(records).to_rival.high, 0.9)

    def test_blocks_come_in_the_order_of_the_rows_and_lines_in_that_of_the_proxies(self):
        records = [record("nginx", 1.0, row="kb10"), record("sluice", 1.0, row="kb10"),
                   record("nginx", 1.0)]
        blocks = stats.blocks(records, PROXIES)
        self.assertEqual([block.row.name for block in blocks], ["small64", "kb10"])
        self.assertEqual([line.proxy for line in blocks[1].lines], ["sluice", "nginx"])

    def test_the_best_rate_is_the_rivals_best_round_of_small64(self):
        records = [record("nginx", 1.0, 1), record("nginx", 1.0, 2, done=1200),
                   record("sluice", 1.0, 1, done=9000), record("nginx", 1.0, row="kb10", done=5000)]
        self.assertEqual(stats.best_rate(records), 1200.0)
        self.assertIsNone(stats.best_rate([]))


if __name__ == "__main__":
    unittest.main()
