"""What is made ready before a measurement: cores, configurations, turns; and is the work equal."""

import re
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

import support  # noqa: F401

from rig import Trouble, arena, cores, origin, probe, proxies, rows
from rig.guests import Caddy, Envoy, H2o


def makes(name: str) -> proxies.Proxy:
    """A proxy whose binary is never run but to tell what it is."""
    kinds = {"sluice": proxies.Sluice, "nginx": proxies.Nginx, "haproxy": proxies.Haproxy,
             "caddy": Caddy, "envoy": Envoy, "h2o": H2o, "relay": proxies.Relay,
             "refuse": proxies.Refuse}
    proxy = kinds[name](name, name, "/bin/true")
    proxy.version = lambda: "2.2"
    proxy.built_with = lambda: ""
    return proxy


REAL = ("sluice", "nginx", "haproxy", "caddy", "envoy", "h2o")


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def configuration(self, name: str, task: str = "forward", log: bool = False,
                      pem: Path | None = None) -> str:
        """The text of all files that `name` is started with."""
        work = Path(tempfile.mkdtemp(dir=self.work))
        makes(name).prepare(proxies.Job(1234, 5678, work, task, log, pem))
        return "\n".join(path.read_text() for path in work.iterdir())

    def test_the_load_and_the_proxy_never_share_a_core(self):
        alone = lambda core: {core}
        self.assertEqual(cores.choose({0, 1}, alone), (0, 1))
        self.assertEqual(cores.choose({2, 5, 7}, alone), (2, 7))
        pairs = lambda core: {core % 2, core % 2 + 2}
        self.assertEqual(cores.choose({0, 1, 2}, pairs), (0, 1))

    def test_one_core_with_two_threads_is_too_little(self):
        with self.assertRaisesRegex(Trouble, "two cores"):
            cores.choose({0, 1}, lambda core: {0, 1})

    def test_lists_of_cores_are_read_as_the_kernel_writes_them(self):
        self.assertEqual(cores.siblings("0,4\n"), {0, 4})
        self.assertEqual(cores.siblings("2-3\n"), {2, 3})
        self.assertEqual(cores.siblings("1\n"), {1})

    def test_every_configuration_listens_and_forwards_on_this_machine_only(self):
        for name in REAL:
            with self.subTest(name):
                text = self.configuration(name)
                self.assertIn("1234", text)
                self.assertIn("5678", text)
                addresses = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text))
                self.assertEqual(addresses, {"127.0.0.1"})

    def test_a_refusal_is_that_of_a_limit(self):
        limits = {"sluice": "[[limit]]", "nginx": "limit_req_status 429",
                  "haproxy": "deny_status 429"}
        for name in REAL:
            with self.subTest(name):
                # The guests refuse by a fixed answer.
                refusal = limits.get(name, proxies.REFUSAL)
                self.assertIn(refusal, self.configuration(name, "refuse"))
                self.assertNotIn(refusal, self.configuration(name))

    def test_an_access_log_is_written_only_when_it_is_asked_for(self):
        for name in REAL:
            with self.subTest(name):
                place = "log stdout" if name == "haproxy" else "access.log"
                self.assertNotIn(place, self.configuration(name))
                self.assertIn(place, self.configuration(name, log=True))

    def test_who_speaks_tls_does_so_with_the_runs_certificate_and_only_when_it_is_asked_for(self):
        for name in REAL:
            if makes(name).speaks_tls:
                with self.subTest(name):
                    pem = Path("/run/shop.pem")
                    self.assertIn(str(pem), self.configuration(name, pem=pem))
                    self.assertNotRegex(self.configuration(name), r"tls\.|ssl")

    def test_modules_that_nginx_lacks_are_not_configured(self):
        self.assertIn("scgi_temp_path", origin.nginx_temp_paths(self.work, ""))
        self.assertNotIn("scgi_temp_path",
                         origin.nginx_temp_paths(self.work, "--without-http_scgi_module"))

    def test_the_origin_answers_with_as_many_bytes_as_the_rows_promise(self):
        self.assertEqual(len(origin.ANSWER), 12)
        for row in rows.ROWS:
            if row.task == "forward" and row.path != "/upload":
                self.assertIn(row.path, origin.SIZES)

    def test_who_can_do_the_work_takes_part_once_for_each_variant(self):
        everybody = [makes("sluice"), makes("caddy"), makes("relay"), makes("refuse")]

        def names(row: str) -> list[str]:
            return [entrant.name for entrant in arena.entrants(rows.BY_NAME[row], everybody)]

        self.assertEqual(names("small64"), ["sluice", "caddy", "relay"])
        self.assertEqual(names("refused"), ["sluice", "caddy", "refuse"])
        self.assertEqual(names("idle"), ["sluice", "caddy"])
        self.assertEqual(names("log"), ["sluice (off)", "sluice (on)", "caddy (off)", "caddy (on)"])
        self.assertEqual(names("tls"), ["sluice"])

    def test_everybody_begins_a_round_in_their_turn(self):
        taking_part = arena.entrants(rows.BY_NAME["small64"],
                                     [makes("sluice"), makes("nginx"), makes("relay")])
        rounds = [arena.turns(taking_part, number) for number in range(4)]
        self.assertEqual([order[0].name for order in rounds],
                         ["sluice", "nginx", "relay", "sluice"])
        for order in rounds:
            self.assertEqual(set(order), set(taking_part))

    def test_log_lines_are_counted_from_where_the_last_count_ended(self):
        log = self.work / "access.log"
        log.write_text("warm-up\n")
        lines = arena.LogLines(log)
        with open(log, "a") as file:
            file.write("a\nb\n")
        self.assertEqual(lines.count(expected=2), 2)
        with open(log, "a") as file:
            file.write("c\nhalf a line")
        self.assertEqual(lines.count(expected=1), 1)

    def test_lines_of_the_warm_up_that_come_late_do_not_make_up_for_lost_ones(self):
        log = self.work / "access.log"
        log.touch()
        lines = arena.LogLines(log)

        def write(text: str) -> None:
            with open(log, "a") as file:
                file.write(text)

        write("counted\n")
        late = threading.Timer(0.1, write, ["not counted any more\n"])
        late.start()
        self.addCleanup(late.join)
        self.assertEqual(lines.settle(expected=1), 2)
        with mock.patch("rig.arena.LOG_PATIENCE_S", 0.05):
            self.assertEqual(lines.count(expected=1), 0)

    def test_a_log_that_never_has_all_lines_is_not_awaited_for_ever(self):
        lines = arena.LogLines(self.work / "access.log")
        with mock.patch.multiple("rig.arena", LOG_PATIENCE_S=0.05, LOG_QUIET_S=0.05):
            self.assertEqual(lines.settle(expected=1), 0)

    def test_proxies_that_negotiate_differently_are_not_compared(self):
        row = rows.BY_NAME["tls"]
        probe.check_same(row, {"sluice": "TLSv1.3, A, 2 tickets", "nginx": "TLSv1.3, A, 2 tickets"})
        with self.assertRaisesRegex(Trouble, "sluice TLSv1.3, A; nginx TLSv1.3, B"):
            probe.check_same(row, {"sluice": "TLSv1.3, A", "nginx": "TLSv1.3, B"})

    def test_work_that_is_less_is_found_out(self):
        good = ("shop.example|127.0.0.1|1", "shop.example|127.0.0.1|2")
        self.assertIsNone(probe.check_seen(*good))
        for first, second, complaint in (
                ("127.0.0.1:80|127.0.0.1|1", good[1], "Host"),
                ("shop.example||1", good[1], "X-Forwarded-For"),
                (good[0], "shop.example|127.0.0.1|1", "not kept"),
                ("hello, shop\n", good[1], "was not asked")):
            self.assertIn(complaint, probe.check_seen(first, second))


if __name__ == "__main__":
    unittest.main()
