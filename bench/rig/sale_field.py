"""Who stands before the shop of a flash sale (bench/flashsale): nginx as it comes, nginx with the
limit that an operator who knows the shop's capacity would set, HAProxy with all it has for such a
day, and sluice. Each has one worker and one configuration for all ailments of the shop, and none
logs requests.

Sluice's has no number about the shop in it; with `limit` it has one, for the sweep that finds what
a limit that somebody guessed right could do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .origin import CONNECTIONS, nginx_temp_paths, nginx_user
from .process import Child, free_port
from .proxies import Nginx, Proxy

MODES = ("web", "database", "ceiling", "crash")
SERVERS = 4
# Pages a second that the shop can make while it is well.
CAPACITY = 350
# Of requests that come together; with `nodelay` none of them waits.
BURST = 100
# Limits worth trying in each mode; a shop of 32 workers has 8 at each server, its database 3 in all.
SWEEP = {"web": (6, 8, 10, 12), "database": (1, 2, 3), "ceiling": (6, 8, 10), "crash": (6, 8, 10)}


@dataclass(frozen=True)
class Way:
    """A proxy and how it is set up."""

    name: str     # in --ways and the JSON
    program: str  # sluice, nginx, haproxy
    how: str      # as tables show it
    room: bool = False  # a waiting room
    bots: bool = False  # some of the shoppers are programs


WAYS = (
    Way("nginx", "nginx", "defaults"),
    Way("nginx-limit", "nginx", f"global limit_req, {CAPACITY} r/s"),
    Way("haproxy", "haproxy", "maxconn 8, queue, priority classes"),
    Way("sluice", "sluice", "no number, no waiting room"),
    Way("sluice-room", "sluice", "no number, waiting room", room=True),
    Way("sluice-room-bots", "sluice", "the same; some are bots", room=True, bots=True),
)
BY_NAME = {way.name: way for way in WAYS}

# From the last page of a purchase to its first: who has come furthest goes first.
_CLASSES = (("/checkout", "critical"), ("/cart", "high"), ("/product/", "normal"), ("/", "low"))


def _sluice(way: Way, port: int, servers: list[int], work: Path, binary: str,
            limit: int | None) -> list[str]:
    names = ", ".join(f'"127.0.0.1:{server}"' for server in servers)
    routes = "".join(f"""
[[route]]
match = {{ path_prefix = "{prefix}" }}
pool = "shop"
priority = "{priority}"
{"ends_session = true" if way.room and prefix == "/checkout" else ""}
""" for prefix, priority in _CLASSES)
    room = """
[state]
dir = "off"
[[waiting_room]]
name = "sale"
routes = ["*"]
""" if way.room else ""
    (work / "sluice.toml").write_text(f"""
[[listener]]
address = "127.0.0.1:{port}"
[client_ip]
trusted_proxies = ["127.0.0.0/8"]
[[pool]]
name = "shop"
servers = [{names}]
{"" if limit is None else f"concurrency = {limit}"}
{routes}
{room}
[access_log]
output = "off"
[admin]
address = "127.0.0.1:{free_port()}"
socket = "off"
[process]
workers = 1
""")
    return [binary, "run", "--config", "sluice.toml"]


def _nginx(way: Way, port: int, servers: list[int], work: Path, binary: str,
           limit: int | None) -> list[str]:
    names = "\n    ".join(f"server 127.0.0.1:{server};" for server in servers)
    built_with = Nginx("nginx", "nginx", binary).built_with()
    zone, use = "", ""
    if way.name == "nginx-limit":
        zone = f"limit_req_zone all zone=all:1m rate={CAPACITY}r/s;"
        use = f"limit_req zone=all burst={BURST} nodelay;"
    (work / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
error_log stderr crit;
{nginx_user()}
pid {work}/pid;
events {{ worker_connections {CONNECTIONS}; }}
http {{
  access_log off;
  {zone}
  {nginx_temp_paths(work, built_with)}
  upstream shop {{
    {names}
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      {use}
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_pass http://shop;
    }}
  }}
}}
""")
    return [binary, "-p", str(work), "-e", "stderr", "-c", str(work / "nginx.conf")]


def _haproxy(way: Way, port: int, servers: list[int], work: Path, binary: str,
             limit: int | None) -> list[str]:
    # A lower class goes first.
    classes = "\n  ".join(f"http-request set-priority-class int({rank}) if {{ path_beg {prefix} }}"
                          for rank, (prefix, _) in reversed(list(enumerate(_CLASSES, 1))))
    names = "\n  ".join(f"server s{i} 127.0.0.1:{server} check"
                        for i, server in enumerate(servers))
    (work / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn {CONNECTIONS // 2}
  no strict-limits
defaults
  mode http
  no log
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout queue 2s
  timeout http-keep-alive 75s
  option forwardfor
  option abortonclose
  option redispatch
frontend front
  bind 127.0.0.1:{port} backlog 4096
  {classes}
  default_backend shop
backend shop
  balance leastconn
  default-server maxconn 8 inter 1s
  {names}
""")
    return [binary, "-db", "-f", "haproxy.cfg"]


_WRITE: dict[str, Callable[..., list[str]]] = {"sluice": _sluice, "nginx": _nginx,
                                               "haproxy": _haproxy}


def configure(way: Way, port: int, servers: list[int], work: Path, binary: str,
              limit: int | None) -> list[str]:
    """Writes the configuration into `work`; returns the command line."""
    return _WRITE[way.program](way, port, servers, work, binary, limit)


def start_way(way: Way, program: Proxy, servers: list[int], work: Path, core: int,
              limit: int | None = None) -> Child:
    port = free_port()
    argv = configure(way, port, servers, work, program.binary, limit)
    return Child(way.name, argv, work, core, port)
