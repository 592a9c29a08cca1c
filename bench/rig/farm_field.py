"""Who spreads the load over the farm (bench/farm): every proxy in each way it knows of choosing a
server, and the servers themselves.

All have one worker, keep their connections to the servers and to the clients, and log nothing;
beyond the choice of a server nothing is set up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .origin import CONNECTIONS, nginx_temp_paths, nginx_user
from .process import Child, free_port
from .proxies import Haproxy, IDLE_UPSTREAM, MANY, Nginx, Proxy, Sluice, built, on_path


@dataclass(frozen=True)
class ServerPlan:
    """One server of bench/load_farm; the words are those of its --server."""

    words: tuple[tuple[str, int], ...] = ()

    def text(self, port: int) -> str:
        return ",".join(f"{key}={value}" for key, value in (("port", port), *self.words))


# Of issue "Balance": eight slots each, a mean of 10 ms, one three times slower, one that stalls.
UNEVEN = (ServerPlan((("mean_us", 30_000),)),
          ServerPlan((("stall_ms", 300), ("stall_every_ms", 3000))),
          *(ServerPlan() for _ in range(4)))


def start_farm(build: Path, work: Path, core: int, plans: tuple[ServerPlan, ...],
               ports: list[int]) -> Child:
    """A load_farm; its `port` is the one that tells what it saw."""
    control = free_port()
    servers = [word for plan, port in zip(plans, ports)
               for word in ("--server", plan.text(port))]
    return Child("the farm", [str(build / "bench/load_farm"), "--control", str(control), *servers],
                 work, core, control)


@dataclass(frozen=True)
class Way:
    """A proxy and how it chooses."""

    name: str        # in --ways and the JSON
    program: str     # sluice, nginx, haproxy
    how: str         # in its own words, as tables show it
    settings: str    # of its configuration, in the pool
    once: bool = False  # measured in the first round only: no bar rests on it


WAYS = (
    Way("sluice", "sluice", "expected_delay (default)", ""),
    Way("sluice-hedge", "sluice", "expected_delay, hedging", "hedge = { percentile = 95 }"),
    Way("sluice-peak_ewma", "sluice", "peak_ewma", 'strategy = "peak_ewma"', once=True),
    Way("sluice-prequal", "sluice", "prequal", 'strategy = "prequal"', once=True),
    Way("sluice-least_request", "sluice", "least_request", 'strategy = "least_request"', once=True),
    Way("sluice-round_robin", "sluice", "round_robin", 'strategy = "round_robin"', once=True),
    Way("haproxy-leastconn", "haproxy", "leastconn", "balance leastconn"),
    Way("haproxy-random", "haproxy", "random(2)", "balance random(2)"),
    Way("haproxy-roundrobin", "haproxy", "roundrobin", "balance roundrobin", once=True),
    Way("nginx-least_conn", "nginx", "least_conn", "least_conn;"),
    Way("nginx-random", "nginx", "random two least_conn", "random two least_conn;"),
    Way("nginx-round_robin", "nginx", "round robin (default)", "", once=True),
)
BY_NAME = {way.name: way for way in WAYS}
DEFAULT, HEDGED, RIVAL = "sluice", "sluice-hedge", "haproxy-leastconn"


def _sluice(way: Way, port: int, servers: list[int], work: Path, workers: int,
            binary: str) -> list[str]:
    names = ", ".join(f'"127.0.0.1:{server}"' for server in servers)
    (work / "sluice.toml").write_text(f"""
[[listener]]
address = "127.0.0.1:{port}"
max_connections = {CONNECTIONS}
max_requests = 0
[[pool]]
name = "farm"
servers = [{names}]
max_idle = {IDLE_UPSTREAM}
{way.settings}
[access_log]
output = "off"
[admin]
address = "127.0.0.1:{free_port()}"
[process]
workers = {workers}
""")
    return [binary, "run", "--config", "sluice.toml"]


def _nginx(way: Way, port: int, servers: list[int], work: Path, workers: int,
           binary: str) -> list[str]:
    names = "\n    ".join(f"server 127.0.0.1:{server};" for server in servers)
    built_with = Nginx("nginx", "nginx", binary).built_with()
    (work / "nginx.conf").write_text(f"""
daemon off;
worker_processes {workers};
{nginx_user()}
pid {work}/pid;
events {{ worker_connections {CONNECTIONS}; }}
http {{
  access_log off;
  keepalive_requests {MANY};
  {nginx_temp_paths(work, built_with)}
  upstream farm {{
    zone farm 256k;
    {way.settings}
    {names}
    keepalive {IDLE_UPSTREAM};
    keepalive_requests {MANY};
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Connection "";
      proxy_pass http://farm;
    }}
  }}
}}
""")
    return [binary, "-p", str(work), "-e", "stderr", "-c", str(work / "nginx.conf")]


def _haproxy(way: Way, port: int, servers: list[int], work: Path, workers: int,
             binary: str) -> list[str]:
    names = "\n  ".join(f"server s{i} 127.0.0.1:{server}" for i, server in enumerate(servers))
    (work / "haproxy.cfg").write_text(f"""
global
  nbthread {workers}
  maxconn {CONNECTIONS}
  no strict-limits
defaults
  mode http
  no log
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{port} backlog 4096
  default_backend farm
backend farm
  {way.settings}
  {names}
""")
    return [binary, "-db", "-f", "haproxy.cfg"]


_WRITE: dict[str, Callable[..., list[str]]] = {"sluice": _sluice, "nginx": _nginx,
                                               "haproxy": _haproxy}


def programs(build: Path) -> dict[str, Proxy]:
    """Those that are there, by name."""
    found = {"sluice": Sluice("sluice", "sluice", built("sluice")(build)),
             "nginx": Nginx("nginx", "nginx", on_path("nginx")(build)),
             "haproxy": Haproxy("haproxy", "HAProxy", on_path("haproxy")(build))}
    return {name: proxy for name, proxy in found.items() if proxy.binary}


def start_way(way: Way, program: Proxy, servers: list[int], work: Path, core: int,
              workers: int = 1) -> Child:
    port = free_port()
    argv = _WRITE[way.program](way, port, servers, work, workers, program.binary)
    return Child(way.name, argv, work, core, port)
