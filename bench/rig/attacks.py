"""The attacks of bench/attack, in the order of its table. What each says is in
bench/load/attack/script.cc under the same name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    name: str
    label: str
    connections: int = 64
    tls: bool = False


ATTACKS = (
    Attack("rapid-reset", "rapid reset: requests, each cancelled at once"),
    Attack("made-reset", "made reset: requests that the server must cancel"),
    Attack("continuation", "a head that never ends (CONTINUATION)"),
    Attack("settings", "SETTINGS flood"),
    Attack("ping", "PING flood"),
    Attack("empty-data", "empty DATA frames"),
    Attack("empty-headers", "empty HEADERS and CONTINUATION frames"),
    Attack("window-update", "WINDOW_UPDATE flood"),
    Attack("priority", "PRIORITY flood"),
    Attack("priority-update", "PRIORITY_UPDATE flood"),
    Attack("hpack-bomb", "HPACK bomb: 16 KiB that unpack to 48 MB"),
    Attack("hpack-repeat", "HPACK: 16 KB of fields for 50 bytes, then cancelled"),
    Attack("zero-window", "1 MiB asked for on 1,600 streams, and no window", 16),
    Attack("tiny-window", "the same, a byte of window a second", 16),
    Attack("half-handshake", "TLS handshakes left half-way", 1000, True),
    Attack("slow-hello", "TLS hellos at 10 bytes/s", 1000, True),
    Attack("hello-flood", "TLS hellos as fast as they are answered", 64, True),
)

BY_NAME = {attack.name: attack for attack in ATTACKS}
