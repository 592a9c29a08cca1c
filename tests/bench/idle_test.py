"""Clients that asked once and stay, against a server in this process."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support import Server

from rig import Trouble, idle, tls


class IdleTest(unittest.TestCase):
    def test_clients_that_were_answered_stay(self):
        with Server() as server, idle.IdleClients(server.server_port) as clients:
            self.assertEqual(clients.open(5), 0)
            self.assertEqual(clients.gone(), 0)

    def test_clients_over_tls_stay_too_and_are_found_gone(self):
        with tempfile.TemporaryDirectory() as work:
            pem = tls.make_certificate(Path(work))
            for close, gone in ((False, 0), (True, 3)):
                with (Server(close=close, pem=pem) as server,
                      idle.IdleClients(server.server_port, "/16k", pem) as clients):
                    self.assertEqual(clients.open(3), 0)
                    for client in clients._sockets if close else ():
                        client.settimeout(10)
                        idle.socket.socket.recv(client, 1, idle.socket.MSG_PEEK)
                    self.assertEqual(clients.gone(), gone)

    def test_clients_that_do_not_trust_the_certificate_count_as_failed(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            trusted = tls.make_certificate(Path(other))
            with (Server(pem=tls.make_certificate(Path(one))) as server,
                  idle.IdleClients(server.server_port, "/12", trusted) as clients):
                self.assertEqual(clients.open(2), 2)

    def test_clients_that_were_refused_count_as_failed(self):
        with Server(status=503) as server, idle.IdleClients(server.server_port) as clients:
            self.assertEqual(clients.open(3), 3)

    def test_clients_that_nobody_listens_to_count_as_failed(self):
        with Server() as server:
            port = server.server_port
        with idle.IdleClients(port) as clients:
            self.assertEqual(clients.open(3), 3)

    def test_clients_that_were_sent_away_are_found_gone(self):
        with Server(close=True) as server, idle.IdleClients(server.server_port) as clients:
            self.assertEqual(clients.open(4), 0)
            for client in clients._sockets:
                client.settimeout(10)
                client.recv(1, idle.socket.MSG_PEEK)  # until the end has arrived
            self.assertEqual(clients.gone(), 4)

    def test_opening_takes_no_longer_than_a_proxy_lets_connections_wait(self):
        with Server() as server, idle.IdleClients(server.server_port) as clients:
            with mock.patch("rig.idle.OPENING_S", -1.0):
                self.assertEqual(clients.open(7), 7)

    def test_too_few_descriptors_are_told_with_both_numbers(self):
        with mock.patch("rig.idle.resource.getrlimit", return_value=(1024, 4096)):
            with self.assertRaisesRegex(Trouble, "10600 descriptors are needed and 4096"):
                idle.raise_descriptors(10_600)


if __name__ == "__main__":
    unittest.main()
