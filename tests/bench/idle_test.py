"""Clients that asked once and stay, against a server in this process."""

import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import support  # noqa: F401

from rig import Trouble, idle


class Server(ThreadingHTTPServer):
    """Answers with `status`, and closes the connection then when it is told to."""

    daemon_threads = True

    def __init__(self, status: int = 200, close: bool = False):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802 (the base class calls it so)
                self.send_response(status)
                self.send_header("Content-Length", "12")
                if close:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"hello, shop\n")

            def log_message(self, *_):
                return

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class IdleTest(unittest.TestCase):
    def test_clients_that_were_answered_stay(self):
        with Server() as server, idle.IdleClients(server.server_port) as clients:
            self.assertEqual(clients.open(5), 0)
            self.assertEqual(clients.gone(), 0)

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
