"""The origin of bench/counts: `origin.py PORT` serves 127.0.0.1 until it is ended.

It gives every request the same bytes, the Date too, so that two runs differ in nothing but their
number. Connections are kept. Bodies are not understood: a request ends with its head. Costs some
20 us a request, less than sluice under a tracer.
"""

import selectors
import socket
import sys

BODY = b"hello, shop\n"  # the 12 bytes
ANSWER = (b"HTTP/1.1 200 OK\r\n"
          b"Server: shop\r\n"
          b"Date: Fri, 27 Nov 2026 09:00:00 GMT\r\n"
          b"Content-Type: text/plain; charset=utf-8\r\n"
          b"Content-Length: 12\r\n"
          b"Cache-Control: private, max-age=0\r\n"
          b'ETag: "5f3c-18a2b3c4d5e"\r\n'
          b"\r\n") + BODY
HEAD_END = b"\r\n\r\n"
_BACKLOG = 1024


def answers(pending: bytes) -> tuple[int, bytes]:
    """How many whole heads these bytes hold, and the part of one that is left. Pure."""
    heads, _, left = pending.rpartition(HEAD_END)
    return (heads.count(HEAD_END) + 1, left) if len(left) < len(pending) else (0, pending)


def serve(port: int) -> None:
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    selector.register(listener, selectors.EVENT_READ)
    pending: dict[socket.socket, bytes] = {}
    while True:
        for key, _ in selector.select():
            connection = key.fileobj
            if connection is listener:
                connection = listener.accept()[0]
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pending[connection] = b""
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                data = connection.recv(65536)
                count, pending[connection] = answers(pending[connection] + data)
                connection.sendall(ANSWER * count)
            except OSError:
                data = b""
            if not data:
                selector.unregister(connection)
                del pending[connection]
                connection.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
