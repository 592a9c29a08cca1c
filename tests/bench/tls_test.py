"""A certificate for one run, and what a client gets negotiated; by openssl and curl themselves."""

import stat
import tempfile
import unittest
from pathlib import Path

from support import Server

from rig import Trouble, tls

S_CLIENT = """CONNECTED(00000003)
Server Temp Key: X25519, 253 bits
---
New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256
Server public key is 256 bit
---
Post-Handshake New Session Ticket arrived:
Post-Handshake New Session Ticket arrived:
HTTP/1.1 200 OK
"""


class TlsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pem = tls.make_certificate(Path(folder.name))

    def test_what_is_negotiated_is_version_suite_group_and_tickets(self):
        self.assertEqual(tls.parse_s_client(S_CLIENT),
                         "TLSv1.3, TLS_AES_128_GCM_SHA256, X25519, 2 tickets")
        with self.assertRaisesRegex(Trouble, "no TLS"):
            tls.parse_s_client("New, (NONE), Cipher is (NONE)\n")

    def test_certificate_and_key_are_in_one_file_that_is_nobody_elses(self):
        text = self.pem.read_text()
        self.assertLess(text.index("BEGIN CERTIFICATE"), text.index("BEGIN PRIVATE KEY"))
        self.assertEqual(stat.S_IMODE(self.pem.stat().st_mode), 0o600)

    def test_a_server_is_asked_and_tells_what_it_negotiated(self):
        with Server(close=True, pem=self.pem) as server:
            self.assertRegex(tls.negotiated(server.server_port, self.pem),
                             r"^TLSv1\.3, TLS_\w+, X25519, 2 tickets$")
            self.assertEqual(tls.ask(server.server_port, "/12", self.pem, "1.1"),
                             (200, b"hello, shop\n"))

    def test_a_server_that_does_not_speak_http2_is_found_out(self):
        with Server(pem=self.pem) as server, self.assertRaisesRegex(Trouble, "not HTTP/2"):
            tls.ask(server.server_port, "/12", self.pem, "2")

    def test_a_server_without_tls_or_with_another_certificate_is_found_out(self):
        with tempfile.TemporaryDirectory() as other:
            for pem in (None, tls.make_certificate(Path(other))):
                with Server(close=True, pem=pem) as server:
                    with self.assertRaisesRegex(Trouble, "curl failed"):
                        tls.ask(server.server_port, "/12", self.pem, "1.1")
                    with self.assertRaisesRegex(Trouble, "openssl"):
                        tls.negotiated(server.server_port, self.pem)


if __name__ == "__main__":
    unittest.main()
