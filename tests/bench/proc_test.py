"""Reading /proc: its texts, and this very process."""

import os
import unittest

import support  # noqa: F401

from rig import proc

STAT = ("42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 100 1000 10 "
        "18446744073709551615 0 0 0")


class ProcTest(unittest.TestCase):
    def test_a_name_with_brackets_and_spaces_does_not_shift_the_fields(self):
        self.assertEqual(proc.stat_parent(STAT), 7)
        self.assertEqual(proc.stat_cpu_us(STAT, ticks_per_s=100), 3_000_000)

    def test_schedstat_counts_nanoseconds(self):
        self.assertEqual(proc.schedstat_cpu_us("1234500 99 7\n"), 1234.5)

    def test_memory_is_the_proportional_set_in_bytes(self):
        text = ("5581-7ffc ---p 00000000 00:00 0  [rollup]\n"
                "Rss: 9000 kB\nPss: 12 kB\nPss_Anon: 3 kB\n")
        self.assertEqual(proc.rollup_pss_bytes(text), 12 * 1024)

    def test_a_rollup_without_memory_is_not_taken_for_zero(self):
        with self.assertRaises(ValueError):
            proc.rollup_pss_bytes("Rss: 9000 kB\n")

    def test_a_core_is_busy_with_all_but_idling_and_waiting(self):
        text = ("cpu  9 9 9 9 9 9 9 9 0 0\n"
                "cpu1 1 2 3 1000 1000 4 5 6 0 0\n"
                "cpu10 100 0 0 0 0 0 0 0 0 0\n")
        self.assertEqual(proc.core_busy_us(text, 1, ticks_per_s=100), 21 * 10_000)
        self.assertEqual(proc.core_busy_us(text, 10, ticks_per_s=100), 100 * 10_000)
        with self.assertRaises(ValueError):
            proc.core_busy_us(text, 3, ticks_per_s=100)

    def test_a_tree_is_the_process_and_all_below_it_and_nobody_else(self):
        parents = {2: 1, 3: 2, 4: 3, 5: 1, 6: 5, 2000: 20}
        self.assertEqual(sorted(proc.descendants(2, parents)), [2, 3, 4])

    def test_this_process_is_in_its_own_tree_and_has_time_and_memory(self):
        self.assertIn(os.getpid(), proc.tree(os.getpid()))
        self.assertGreater(proc.cpu_us([os.getpid()]), 0)
        self.assertGreater(proc.pss_bytes([os.getpid()]), 1_000_000)

    def test_a_process_that_is_gone_counts_as_nothing(self):
        child = os.spawnlp(os.P_NOWAIT, "true", "true")
        os.waitpid(child, 0)
        self.assertEqual(proc.cpu_us([child]), 0)
        self.assertEqual(proc.pss_bytes([child]), 0)


if __name__ == "__main__":
    unittest.main()
