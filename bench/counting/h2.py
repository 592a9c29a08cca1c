"""As much of HTTP/2 as asking the same again and again takes. Pure: bytes in, bytes out.

The first request puts its lines into the table of the connection and the others point there, as
browsers do. Answers are not decoded beyond their status. Windows are never given back: a connection
takes 5,000 answers of 12 bytes.
"""

import struct

from rig import Trouble

from .origin import BODY
from .rows import Row

DATA, HEADERS, RESET, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_GET_HTTP = b"\x82\x86"            # the static table's :method GET and :scheme http
_STATUS_200 = b"\x88"
# Static names: :path, :authority, user-agent, accept; each value goes into the table.
_FIELDS = ((0x44, b"/12"), (0x41, b"shop.example"), (0x7A, b"wrk"), (0x53, b"*/*"))
# The same out of the table, where the newest is 62.
_AGAIN = bytes(0x80 | 62 + place for place in reversed(range(len(_FIELDS))))


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


class Http2:
    """One connection's side of a client, one request at a time."""

    def __init__(self, _row: Row):
        self._stream = -1
        self._pending = b""     # less than a frame
        self._said = _PREFACE + frame(SETTINGS, 0, 0)   # to go with the next request
        self._body = b""

    def ask(self) -> bytes:
        """What to send for the next request."""
        first = self._stream < 0
        self._stream += 2
        self._body = b""
        fields = (b"".join(bytes((name, len(value))) + value for name, value in _FIELDS)
                  if first else _AGAIN)
        before, self._said = self._said, b""
        return before + frame(HEADERS, _END_STREAM | _END_HEADERS, self._stream, _GET_HTTP + fields)

    def add(self, part: bytes) -> bool:
        """Whether the answer is done."""
        if not part:
            raise Trouble("the connection ended within an answer")
        self._pending += part
        done = False
        while len(self._pending) >= 9:
            word, flags, stream = struct.unpack(">IBI", self._pending[:9])
            end = 9 + (word >> 8)
            if len(self._pending) < end:
                break
            payload, self._pending = self._pending[9:end], self._pending[end:]
            done = self._take(word & 0xFF, flags, stream, payload) or done
        return done

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> bool:
        if kind in (RESET, GOAWAY):
            raise Trouble(f"a request was refused: frame {kind}, {payload!r}")
        if kind == SETTINGS and not flags & _ACK:
            self._said += frame(SETTINGS, _ACK, 0)
        if kind not in (HEADERS, DATA):
            return False
        if stream != self._stream or (kind == HEADERS and not payload.startswith(_STATUS_200)):
            raise Trouble(f"not the answer that was to come: stream {stream}, {payload[:200]!r}")
        self._body += payload if kind == DATA else b""
        if not flags & _END_STREAM:
            return False
        if self._body != BODY:
            raise Trouble(f"not the body that was to come: {self._body[:200]!r}")
        return True
