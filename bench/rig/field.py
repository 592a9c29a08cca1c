"""The table of all who could be measured, in the order of the printed tables. The last of each line
finds its program below the build directory or on this machine, and gives None where there is none.
"""

from pathlib import Path

from .guests import Caddy, Envoy, H2o
from .proxies import (Haproxy, Nginx, Proxy, Refuse, Relay, Sluice, built, named_by, on_path)

FIELD = (
    (Sluice, "sluice", "sluice", built("sluice")),
    (Nginx, "nginx", "nginx", on_path("nginx")),
    (Nginx, "nginx-new", "nginx", named_by("NGINX")),
    (Haproxy, "haproxy", "HAProxy", on_path("haproxy")),
    (Haproxy, "haproxy-new", "HAProxy", named_by("HAPROXY")),
    (Caddy, "caddy", "Caddy", on_path("caddy")),
    (H2o, "h2o", "h2o", on_path("h2o")),
    (Envoy, "envoy", "Envoy", on_path("envoy")),
    (Relay, "relay", "relay", built("bench/floor_relay")),
    (Relay, "uvrelay", "libuv relay", built("bench/floor_uvrelay")),
    (Refuse, "refuse", "bare refusal", built("bench/floor_refuse")),
)

NAMES = [name for _, name, _, _ in FIELD]


def all_proxies(build: Path) -> list[Proxy]:
    return [kind(name, title, find(build)) for kind, name, title, find in FIELD]
