"""What is measured: the table of rows. A row is one kind of work, done by every proxy in turn.

Answers come from the origin: /12 (12 bytes), /10k, /1m, and /upload, which reads the whole body
before it answers (origin.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    what: str                       # in tables, after "processor time per request:"
    connections: int
    path: str = "/12"
    load: str = "wrk"               # wrk, tunnel, steady or idle: the function that loads
    words: tuple[str, ...] = ()     # for wrk.lua
    task: str = "forward"           # what the proxy is set up for: forward, tunnel or refuse
    unit: str = "request"           # what is counted
    variants: tuple[str, ...] = ("",)  # each proxy is measured once for each, in the same rounds
    headline: str = "us"            # the figure compared: us, pss_bytes or p99_us
    floors: bool = True             # whether the relays can do this work
    least: bool = True              # whether a relay's work is the least that must be done
    note: str = ""

    def label(self, variant: str) -> str:
        return self.what.replace("{variant}", variant)


LOG_OFF, LOG_ON = "off", "on"

ROWS = (
    Row("small64", "12-byte answers, 64 kept connections", 64),
    Row("small512", "12-byte answers, 512 kept connections", 512),
    Row("kb10", "10 KiB answers, 64 kept connections", 64, "/10k"),
    Row("mib1", "1 MiB answers, 16 kept connections", 16, "/1m", least=False,
        note="a relay moves 64 KiB at a time, a proxy may move more"),
    Row("close", "a connection for each request, 64 at a time", 64, words=("close",), least=False,
        note="a relay connects to the origin each time, where a proxy keeps its connections"),
    Row("upload", "uploads of 64 KiB, 64 kept connections", 64, "/upload",
        words=("post=65536",)),
    Row("websocket", "WebSocket messages of 128 bytes and their echo, 64 connections", 64,
        load="tunnel", task="tunnel", unit="message"),
    Row("log", "12-byte answers with the access log {variant}, 64 kept connections", 64,
        variants=(LOG_OFF, LOG_ON), floors=False),
    Row("refused", "refusals (429), 64 kept connections", 64, task="refuse"),
    # A relay would hold a connection to the origin for each of the clients'.
    Row("idle", "10,000 idle kept connections", 10_000, load="idle", unit="connection",
        headline="pss_bytes", floors=False),
    Row("tail", "12-byte answers at {variant} % of nginx's best rate, 64 kept connections", 64,
        load="steady", variants=("50", "80"), headline="p99_us"),
)

BY_NAME = {row.name: row for row in ROWS}
