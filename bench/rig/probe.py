"""Is the work really equal? A few requests through each proxy before it is measured: Host and
X-Forwarded-For arrive, the connection to the origin is kept, answers have the right size. A proxy
that does less is not measured, for its figures would be a lie.
"""

import http.client
from pathlib import Path

from . import Trouble, tls
from .origin import SIZES
from .rows import Row

_HOST = tls.HOST


def _ask(row: Row, port: int, path: str, pem: Path | None) -> tuple[int, bytes]:
    """Status and body, by the protocol of the row."""
    if pem:
        return tls.ask(port, path, pem, "2" if row.load == "h2" else "1.1")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": _HOST})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def check_seen(first: str, second: str) -> str | None:
    """What is wrong, given what the origin saw of two requests from two clients: `host|client|n`,
    n being the how manieth request it was on its connection."""
    if first.count("|") != 2 or second.count("|") != 2:
        return f"the origin was not asked: {first[:80]!r}"
    host, client, _ = first.split("|")
    if host != _HOST:
        return f"the origin got Host {host!r}, not {_HOST!r}"
    if client != "127.0.0.1":
        return f"the origin got X-Forwarded-For {client!r}, not the client's address"
    if int(second.split("|")[2]) < 2:
        return "the connection to the origin was not kept"
    return None


def check_same(row: Row, negotiated: dict[str, str]) -> None:
    """Raises Trouble when two proxies negotiate differently with the same client: one would do less
    than the other."""
    if len(set(negotiated.values())) > 1:
        each = "; ".join(f"{name} {said}" for name, said in negotiated.items())
        raise Trouble(f"{row.name} can't be compared, the proxies negotiate differently: {each}")


def check(row: Row, name: str, port: int, floor: bool, pem: Path | None) -> None:
    """Raises Trouble when the proxy on `port` does not do what the row measures."""
    try:
        wrong = _wrong(row, port, floor, pem)
    except (OSError, http.client.HTTPException) as error:
        wrong = f"a request failed: {error!r}"
    except Trouble as trouble:
        wrong = str(trouble)
    if wrong:
        raise Trouble(f"{name} does not do the work of {row.name}: {wrong}")


def _wrong(row: Row, port: int, floor: bool, pem: Path | None) -> str | None:
    if row.task == "tunnel":
        return None  # load_tunnel checks the handshake and every echo itself
    if row.task == "refuse":
        # A limit lets the first one pass; the floor refuses that too.
        _ask(row, port, row.path, pem)
        status, _ = _ask(row, port, row.path, pem)
        return None if status == 429 else f"the status is {status}, not 429"
    if not floor:
        seen = [_ask(row, port, "/seen", pem)[1].decode(errors="replace") for _ in range(2)]
        if wrong := check_seen(*seen):
            return wrong
    if (size := SIZES.get(row.path)) is not None:
        status, body = _ask(row, port, row.path, pem)
        if (status, len(body)) != (200, size):
            return f"{row.path} gave {status} and {len(body)} bytes, not 200 and {size}"
    return None
