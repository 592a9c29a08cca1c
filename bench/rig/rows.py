"""What is measured: the table of rows. A row is one kind of work, done by every proxy in turn.

Answers come from the origin: /12 (12 bytes), /10k, /16k, /1m, and /upload, which reads the whole
body before it answers (origin.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    what: str                       # in tables, after "processor time per request:"
    connections: int
    path: str = "/12"
    # The function that loads: wrk, tunnel, handshake, h2, steady or idle.
    load: str = "wrk"
    tls: bool = False               # clients come over TLS
    streams: int = 1                # under way on each connection; more only over HTTP/2
    words: tuple[str, ...] = ()     # for wrk.lua
    task: str = "forward"           # what the proxy is set up for: forward, tunnel or refuse
    unit: str = "request"           # what is counted
    variants: tuple[str, ...] = ("",)  # each proxy is measured once for each, in the same rounds
    headline: str = "us"            # the figure compared: us, pss_bytes or p999_us
    floors: bool = True             # whether the relays can do this work
    least: bool = True              # whether a relay's work is the least that must be done
    note: str = ""
    # The bars, all for sluice: at most so many times the headline of nginx and of HAProxy, and the
    # time with the log at most so many times that without. None where there is no such bar.
    most_to_nginx: float | None = None
    most_to_haproxy: float | None = None
    most_to_off: float | None = None
    most_each_bytes: int | None = None   # of memory, for each connection

    def label(self, variant: str) -> str:
        return self.what.replace("{variant}", variant)


LOG_OFF, LOG_ON = "off", "on"

ROWS = (
    Row("small64", "12-byte answers, 64 kept connections", 64, most_to_nginx=0.93,
        most_to_haproxy=1.0),
    Row("small512", "12-byte answers, 512 kept connections", 512, most_to_nginx=0.80,
        most_to_haproxy=1.0),
    Row("kb10", "10 KiB answers, 64 kept connections", 64, "/10k", most_to_nginx=0.95,
        most_to_haproxy=1.0),
    Row("mib1", "1 MiB answers, 16 kept connections", 16, "/1m", least=False,
        note="a relay moves 64 KiB at a time, a proxy may move more",
        most_to_nginx=0.45, most_to_haproxy=1.0),
    Row("close", "a connection for each request, 64 at a time", 64, words=("close",), least=False,
        note="a relay connects to the origin each time, where a proxy keeps its connections",
        most_to_nginx=0.95, most_to_haproxy=1.0),
    Row("upload", "uploads of 64 KiB, 64 kept connections", 64, "/upload",
        words=("post=65536",), most_to_nginx=1.0),
    Row("websocket", "WebSocket messages of 128 bytes and their echo, 64 connections", 64,
        load="tunnel", task="tunnel", unit="message", most_to_nginx=1.0),
    Row("log", "12-byte answers with the access log {variant}, 64 kept connections", 64,
        variants=(LOG_OFF, LOG_ON), floors=False, most_to_off=1.08),
    Row("refused", "refusals (429) by a limit for each address, 64 kept connections", 64,
        task="refuse", most_to_nginx=0.95),
    # A relay would hold a connection to the origin for each of the clients'.
    Row("idle", "10,000 idle kept connections", 10_000, load="idle", unit="connection",
        headline="pss_bytes", floors=False, most_to_nginx=0.70,
        note="all are set up for 20,000 connections; nginx takes some 420 bytes for each at its "
             "start, used or not"),
    Row("tls", "12-byte answers over TLS, 64 kept connections", 64, tls=True, floors=False,
        most_to_nginx=0.93, most_to_haproxy=1.0),
    Row("tlsnew", "a TLS connection with a full handshake for each request, 64 at a time", 64,
        load="handshake", tls=True, floors=False, most_to_nginx=1.0, most_to_haproxy=1.0,
        note="a handshake costs the client more than the server, so the load is the limit and the "
             "proxies wait"),
    Row("h2", "12-byte answers over HTTP/2 and TLS, 16 connections of 16 streams each", 16,
        load="h2", tls=True, streams=16, floors=False, most_to_nginx=0.75, most_to_haproxy=1.0),
    Row("idletls", "5,000 idle TLS connections after an answer of 16 KiB each", 5000, "/16k",
        load="idle", tls=True, unit="connection", headline="pss_bytes", floors=False,
        most_each_bytes=22 * 1024),
    # The floors would take minutes more.
    Row("tail", "12-byte answers at {variant} % of nginx's best rate, 64 kept connections", 64,
        load="steady", variants=("50", "80"), headline="p999_us", floors=False,
        most_to_nginx=1.0),
)

BY_NAME = {row.name: row for row in ROWS}
