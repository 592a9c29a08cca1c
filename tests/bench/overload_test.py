"""What the drills of overload make of what the farm and sluice say."""

import io
import unittest
from contextlib import redirect_stdout

import support  # noqa: F401

from rig import overload
from rig.overload import Shop, work_and_crowd
from rig.stage import Verdict


def looked(worked: float, held: float) -> dict:
    return {"worked_s": worked, "held_s": held}


class Looks(unittest.TestCase):
    def test_workers_who_never_rest_with_a_fifth_as_much_waiting_did_all_at_a_crowd_of_1_2(self):
        before, after = [looked(10, 11), looked(0, 0)], [looked(18, 20.6), looked(8, 9.6)]
        work, crowd = work_and_crowd(before, after, 4, 4.0)
        self.assertAlmostEqual(work, 1.0)
        self.assertAlmostEqual(crowd, 1.2)

    def test_servers_that_did_nothing_meet_no_bar(self):
        work, crowd = work_and_crowd([looked(1, 1)], [looked(1, 1)], 4, 4.0)
        self.assertLess(work, overload.LEAST_WORK)
        self.assertGreater(crowd, overload.MOST_CROWD)

    def test_a_crowd_that_nobody_holds_back_misses_the_bar(self):
        for slots in (1, 8, 256):
            self.assertGreater(overload.crowd_for(slots) / slots, overload.MOST_CROWD)


class Left(unittest.TestCase):
    def test_are_told_by_their_cause_over_all_classes(self):
        left = 'sluice_pool_queue_left_total{pool="farm",priority="%s",why="%s"}'
        metrics = {left % ("low", "full"): 3.0, left % ("normal", "full"): 4.0,
                   left % ("low", "too_long"): 0.0, "sluice_pool_limit{}": 7.0}
        self.assertEqual(overload.left_queue(metrics), {"full": 7.0})


class Shops(unittest.TestCase):
    def test_the_first_server_may_differ_from_the_others(self):
        self.assertEqual(Shop(4, 8).slots(8), 32)
        self.assertEqual(Shop(4, 8).slots(16), 40)

    def test_a_shared_database_is_all_there_is(self):
        shop = Shop(4, 3, shared=True)
        self.assertEqual(shop.slots(6), 6)
        self.assertEqual([plan.text(8000) for plan in shop.plans()],
                         ["port=8000,slots=3,mean_us=80000"] + 3 * ["port=8000,slots_of=0"])


class Verdicts(unittest.TestCase):
    def test_counts_the_bars_that_were_missed(self):
        verdict = Verdict()
        with redirect_stdout(io.StringIO()) as said:
            verdict.hold("fair", "errors", 0, True, "none")
            verdict.hold("fair", "share", 1.3, False, "1.2")
        self.assertEqual(verdict.missed, 1)
        self.assertIn("MISSED: 1.2", said.getvalue())


if __name__ == "__main__":
    unittest.main()
