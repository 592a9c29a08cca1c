"""Thousands of clients that each asked once and stay: what a shop has open between the clicks.

One request a connection, one after the other, so that no accept queue overflows. Costs this process
a descriptor and the kernel some 4 KiB for each; over TLS this process some 40 KiB more.
"""

import resource
import socket
import ssl
import time
from pathlib import Path

from . import Trouble
from .tls import HOST

# Less than any proxy lets a kept connection wait (nginx and sluice: 75 s).
OPENING_S = 50.0
# Beside the clients: ours and the proxy's own files, and the kept connections to the origin.
SPARE_DESCRIPTORS = 600


def raise_descriptors(needed: int) -> None:
    """Allows this process, and those it starts, as many descriptors as the system lets it have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Trouble(f"{needed} descriptors are needed and {hard} are allowed (ulimit -Hn): raise "
                      "the limit, or leave out the idle rows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class IdleClients:
    """Kept connections, over TLS where there is a certificate to trust. A context manager: all are
    closed at its end."""

    def __init__(self, port: int, path: str = "/12", pem: Path | None = None):
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
        self._tls = ssl.create_default_context(cafile=pem) if pem else None
        self._sockets: list[socket.socket] = []

    def open(self, count: int) -> int:
        """Opens `count` and asks once on each; returns how many got no good answer in time."""
        failed = 0
        deadline = time.monotonic() + OPENING_S
        for opened in range(count):
            if time.monotonic() > deadline:
                return failed + count - opened
            try:
                client = self._connect()
                self._sockets.append(client)
                client.sendall(self._request)
                failed += not _answered(client)
            except OSError:
                failed += 1
        return failed

    def _connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        return self._tls.wrap_socket(client, server_hostname=HOST) if self._tls else client

    def gone(self) -> int:
        """How many of them the other side has closed."""
        closed = 0
        for client in self._sockets:
            client.setblocking(False)
            try:
                closed += client.recv(1) == b""
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except OSError:
                closed += 1
        return closed

    def __enter__(self) -> "IdleClients":
        return self

    def __exit__(self, *_) -> None:
        for client in self._sockets:
            client.close()


def _answered(client: socket.socket) -> bool:
    """Reads a whole answer with Content-Length; whether it is a 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(4096)
        if not part:
            return False
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                   if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        part = client.recv(4096)
        if not part:
            return False
        body += part
    return head.startswith(b"HTTP/1.1 200")
