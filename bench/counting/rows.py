"""What is counted: the table of rows. A row is one kind of request, many times the same."""

from dataclasses import dataclass

# What wrk sends, but for the version in its name.
_PLAIN = ("GET /12 HTTP/1.1", "Host: shop.example", "User-Agent: wrk", "Accept: */*")
_BROWSER = (
    "GET /category/shoes?sort=price&page=2 HTTP/1.1",
    "Host: shop.example",
    "Connection: keep-alive",
    'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Windows"',
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Referer: https://shop.example/category/shoes",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: de-DE,de;q=0.9,en;q=0.8",
    "Cookie: " + "session=0123456789abcdef; consent=all; basket=".ljust(300, "b"),
)


def _head(lines: tuple[str, ...]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    request: bytes = _head(_PLAIN)
    task: str = "forward"     # what sluice is set up for, as in rig/proxies.py: forward or refuse
    log: bool = False         # the access log goes to a file
    close: bool = False       # a connection for each request
    tls: bool = False         # the client comes over TLS
    h2: bool = False          # with HTTP/2 in clear text; `request` is then not what is sent
    most_allocations: float | None = None   # the bars, whatever is written down
    most_calls: float | None = None
    # Allocations that the clock brings and not the request: a log's writer is woken every so often
    # and may hold all spare blocks when it is.
    clock_allocations: float = 0.0

    @property
    def status(self) -> int:
        return 429 if self.task == "refuse" else 200


# Calls for a request: what comes must be read and what goes be written, on each side; the rest is
# its share of the waits for 64 connections.
_FORWARD_CALLS, _REFUSE_CALLS = 4.2, 2.1

ROWS = (
    Row("small", "a small request on a kept connection", most_allocations=0,
        most_calls=_FORWARD_CALLS),
    Row("browser", "a head as Chrome sends it, with 300 bytes of cookie", _head(_BROWSER),
        most_allocations=0, most_calls=_FORWARD_CALLS),
    Row("log", "small, with the access log on", log=True, most_allocations=0.02,
        most_calls=_FORWARD_CALLS, clock_allocations=0.02),
    Row("refused", "a 429 by a limit for each address", task="refuse", most_allocations=0,
        most_calls=_REFUSE_CALLS),
    Row("close", "small, a connection for each request", _head((*_PLAIN, "Connection: close")),
        close=True),
    Row("tls", "small, over TLS", tls=True),
    Row("h2", "small, over HTTP/2 in clear text, one stream at a time", h2=True,
        most_calls=_FORWARD_CALLS),
)

BY_NAME = {row.name: row for row in ROWS}
