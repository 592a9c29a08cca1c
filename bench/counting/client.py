"""Those who ask. Each gets its answers whole and looks at them; a wrong one is Trouble, and so is
one that does not come within PATIENCE_S, or all of them not within RUN_S.
"""

import re
import selectors
import socket
import ssl
import time

from rig import Trouble

from .h2 import Http2
from .rows import Row

PATIENCE_S = 20.0
RUN_S = 120.0    # a run takes 1 to 3 s; this is for a machine that does much else
_READ_BYTES = 65536
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def whole_size(data: bytes) -> int | None:
    """How long the answer that begins here will be; None while its head is not whole. Pure."""
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    length = _LENGTH.search(data, 0, end + 2)
    if not length:
        raise Trouble(f"an answer without Content-Length: {data[:200]!r}")
    return end + len(_HEAD_END) + int(length[1])


def whole(data: bytes) -> bool:
    """Whether these bytes are one answer, of any status. Pure."""
    size = whole_size(data)
    return size is not None and len(data) >= size


def is_whole(data: bytes, status: int) -> bool:
    """Whether these bytes are one answer. Trouble when they can't become a good one. Pure."""
    size = whole_size(data)
    if size is None:
        return False
    if not data.startswith(b"HTTP/1.1 %d " % status):
        raise Trouble(f"not the {status} that was to come: {data[:200]!r}")
    if len(data) > size:
        raise Trouble(f"more than one answer to one request: {data[:500]!r}")
    return len(data) == size


def connect(port: int, row: Row) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not row.tls:
        return connection
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Made for this run, by whoever counts.
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return tls.wrap_socket(connection)


def _in_time(until: float) -> None:
    if time.monotonic() > until:
        raise Trouble(f"the requests of a run took longer than {RUN_S:.0f} s")


class Http1:
    """One connection's side of a client, one request at a time. An answer is done when it is whole,
    and where the row closes, when the connection has ended behind it."""

    def __init__(self, row: Row):
        self._row = row
        self._data = b""

    def ask(self) -> bytes:
        """What to send for the next request."""
        self._data = b""
        return self._row.request

    def add(self, part: bytes) -> bool:
        """Whether the answer is done. `part` is empty at the connection's end."""
        if not part and not (self._row.close and is_whole(self._data, self._row.status)):
            raise Trouble(f"the connection ended within an answer: {self._data[:200]!r}")
        self._data += part
        return is_whole(self._data, self._row.status) and not (self._row.close and part)


def side(row: Row) -> Http1 | Http2:
    return Http2(row) if row.h2 else Http1(row)


def use_up(port: int, row: Row) -> None:
    """Of those that a limit refuses it lets the first one pass: here it is, on a connection of its
    own and in every run."""
    if row.status != 429:
        return
    data = b""
    try:
        with connect(port, row) as connection:
            connection.sendall(row.request)
            while not whole(data):
                part = connection.recv(_READ_BYTES)
                if not part:
                    raise Trouble(f"the connection ended within an answer: {data[:200]!r}")
                data += part
    except OSError as error:
        raise Trouble(f"a request failed: {error!r}") from None


def one_by_one(port: int, row: Row, requests: int) -> None:
    """One connection (one after the other where the row closes) and one request at a time: what
    happens does not depend on who is faster."""
    use_up(port, row)
    until, connection = time.monotonic() + RUN_S, None
    try:
        for number in range(requests):
            _in_time(until)
            if row.close or number == 0:
                if connection:
                    connection.close()
                connection, ours = connect(port, row), side(row)
            connection.sendall(ours.ask())
            while not ours.add(connection.recv(_READ_BYTES)):
                pass
    except OSError as error:
        raise Trouble(f"a request failed: {error!r}") from None
    finally:
        if connection:
            connection.close()


def crowd(port: int, row: Row, requests: int, connections: int) -> None:
    """Many connections at once, each with a request under way, until so many are answered. Those
    that are kept stay to the end: one that left would be work that is not a request's."""
    use_up(port, row)
    selector = selectors.DefaultSelector()
    asking: dict[socket.socket, Http1 | Http2] = {}

    def enter() -> socket.socket:
        connection = connect(port, row)
        asking[connection] = side(row)
        selector.register(connection, selectors.EVENT_READ)
        return connection

    def leave(connection: socket.socket) -> None:
        selector.unregister(connection)
        del asking[connection]
        connection.close()

    asked = answered = 0
    until = time.monotonic() + RUN_S
    try:
        while asked < min(connections, requests):
            connection = enter()
            connection.sendall(asking[connection].ask())
            asked += 1
        while answered < requests:
            _in_time(until)
            ready = selector.select(PATIENCE_S)
            if not ready:
                raise Trouble(f"no answer within {PATIENCE_S:.0f} s")
            for key, _ in ready:
                connection = key.fileobj
                if not asking[connection].add(connection.recv(_READ_BYTES)):
                    continue
                answered += 1
                if row.close:
                    leave(connection)
                if asked < requests:
                    connection = enter() if row.close else connection
                    connection.sendall(asking[connection].ask())
                    asked += 1
    except OSError as error:
        raise Trouble(f"a request failed: {error!r}") from None
    finally:
        for connection in asking:
            connection.close()
        selector.close()
