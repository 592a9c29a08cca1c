"""What the load programs print, and what becomes of it."""

import unittest

import support  # noqa: F401

from rig import Trouble, load

WRK = """Running 1s test @ http://127.0.0.1:8000/12
  64 threads and {other} things that wrk says
{"requests":2000,"duration_us":500000,"p50_us":120,"p99_us":900,"errors":{"connect":0,"read":3,\
"write":0,"status":%d,"timeout":0}}
"""


class LoadTest(unittest.TestCase):
    def test_the_last_json_line_is_what_counts(self):
        outcome = load.parse_wrk(WRK % 0, refused=False)
        self.assertEqual((outcome.done, outcome.seconds, outcome.rate), (2000, 0.5, 4000))
        self.assertEqual((outcome.p50_us, outcome.p99_us), (120, 900))

    def test_only_errors_that_were_are_told(self):
        self.assertEqual(load.parse_wrk(WRK % 0, refused=False).errors, {"read": 3})
        self.assertEqual(load.parse_wrk(WRK % 7, refused=False).errors, {"read": 3, "status": 7})

    def test_a_refusal_is_no_error_where_refusals_are_measured_and_all_else_is(self):
        self.assertEqual(load.parse_wrk(WRK % 2000, refused=True).errors, {"read": 3})
        self.assertEqual(load.parse_wrk(WRK % 1990, refused=True).errors,
                         {"read": 3, "not refused": 10})

    def test_a_steady_load_tells_its_own_lateness(self):
        outcome = load.parse_steady(
            '{"rate":100,"started":1000,"completed":998,"errors":2,"p50_us":80.5,"p90_us":100,'
            '"p99_us":300,"p999_us":2500,"max_us":4000,"seconds":10,"start_lag_p99_us":15}')
        self.assertEqual((outcome.done, outcome.p999_us, outcome.start_lag_p99_us), (998, 2500, 15))
        self.assertEqual(outcome.errors, {"lost": 2})

    def test_messages_are_what_a_tunnel_carries(self):
        outcome = load.parse_tunnel(
            '{"messages":600,"errors":0,"p50_us":9,"p99_us":30,"seconds":2}')
        self.assertEqual((outcome.rate, outcome.errors), (300, {}))

    def test_a_resumed_session_is_an_error_where_handshakes_are_to_be_full(self):
        outcome = load.parse_handshake('{"requests":600,"errors":1,"resumed":2,"p50_us":9,'
                                       '"p99_us":30,"seconds":2}')
        self.assertEqual((outcome.rate, outcome.errors), (300, {"lost": 1, "resumed": 2}))

    def test_h2load_tells_requests_and_failures_but_no_percentiles(self):
        said = ("finished in 2.00s, 100.00 req/s, 9.9MB/s\n"
                "requests: %d total, %d started, %d done, %d succeeded, %d failed, %d errored, "
                "%d timeout\nstatus codes: 200 2xx, 0 3xx, 0 4xx, 0 5xx\n")
        outcome = load.parse_h2load(said % (200, 200, 200, 200, 0, 0, 0), 2)
        self.assertEqual((outcome.done, outcome.rate, outcome.errors), (200, 100, {}))
        self.assertIsNone(outcome.p50_us)
        outcome = load.parse_h2load(said % (200, 200, 198, 190, 9, 1, 2), 2)
        self.assertEqual((outcome.done, outcome.errors), (190, {"failed": 9, "timeout": 2}))

    def test_a_load_that_says_nothing_is_told_as_what_it_said(self):
        with self.assertRaisesRegex(Trouble, "unable to connect"):
            load.parse_wrk("unable to connect\n", refused=False)
        with self.assertRaisesRegex(Trouble, "unable to connect"):
            load.parse_h2load("unable to connect\n", 1)


if __name__ == "__main__":
    unittest.main()
