"""A class for each kind of proxy: how it is found, configured and started.

All do equal work: one worker, room for 20,000 connections, those to the origin are kept (512 idle
ones), Host goes through and X-Forwarded-For is added, no access log but in the row about it, and
nothing else. Over TLS all have the same certificate, versions 1.2 and 1.3, one cipher suite, HTTP/2
for those who ask, and the tickets of their defaults; tls.py looks whether it came out the same.
Where a default would end a kept connection after so many requests, or write a body to
a disk, it is raised: both would measure something else than the row says. Other defaults stay.

What this cannot make equal: sluice by default also sends X-Forwarded-Proto, X-Forwarded-Host, Via
and X-Request-Id and counts for its /metrics; that work is in its figures.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import Trouble
from .origin import CONNECTIONS, nginx_temp_paths, nginx_user
from .process import free_port
from .tls import SUITE

MANY = 1_000_000_000  # requests on one connection: never reached
IDLE_UPSTREAM = 512
REFUSAL = "Too many requests"


@dataclass(frozen=True)
class Job:
    """What one start of a proxy is for."""

    port: int            # where it listens, on 127.0.0.1
    origin: int          # the origin's port
    work: Path           # its own directory
    task: str            # forward, tunnel (WebSocket) or refuse (429 to all but the first of a client)
    log: bool = False    # write an access log
    pem: Path | None = None  # speak TLS, with the certificate and the key in this file


class Proxy:
    """One program. `binary` is its path, or None where it is not installed."""

    tasks: tuple[str, ...] = ("forward", "tunnel", "refuse")
    speaks_tls = False
    floor = False        # parses nothing: what any proxy must pay, not a rival
    env: dict[str, str] = {}
    log_file = "access.log"

    def __init__(self, name: str, title: str, binary: str | None):
        self.name = name      # in --proxies and the JSON
        self.title = title    # in tables, with the version behind it
        self.binary = binary

    def version(self) -> str:
        return said_version([self.binary, "-v"], r"(\d+\.[\w.]+)")

    def prepare(self, job: Job) -> list[str]:
        """Writes the configuration into job.work; returns the command line."""
        raise NotImplementedError


def said_version(argv: list[str], pattern: str) -> str:
    """The first group of `pattern` in what the program says about itself, on either stream."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(f"{argv[0]} does not tell its version: {error}") from None
    found = re.search(pattern, done.stdout + done.stderr)
    if not found:
        raise Trouble(f"{' '.join(argv)} does not tell a version")
    return found.group(1)


class Sluice(Proxy):
    """Its defaults, but for the workers and what the top of this file says. Of the suites it takes
    the same first."""

    speaks_tls = True

    def version(self) -> str:
        return said_version([self.binary, "version"], r"sluice (\S+)")

    def prepare(self, job: Job) -> list[str]:
        route = ""
        if job.task == "refuse":
            route = """
[[limit]]
name = "one"
rate = "1/h"
routes = ["*"]"""
        output = job.work / self.log_file if job.log else "off"
        tls = (f'tls.certificates = [{{ cert = "{job.pem}", key = "{job.pem}" }}]'
               if job.pem else "")
        (job.work / "sluice.toml").write_text(f"""
[[listener]]
address = "127.0.0.1:{job.port}"
max_connections = {CONNECTIONS}
max_requests = 0
{tls}
[[pool]]
name = "origin"
servers = ["127.0.0.1:{job.origin}"]
max_idle = {IDLE_UPSTREAM}
{route}
[access_log]
output = "{output}"
format = "combined"
[admin]
address = "127.0.0.1:{free_port()}"
[process]
workers = 1
""")
        return [self.binary, "run", "--config", "sluice.toml"]


class Nginx(Proxy):
    """The usual way to keep upstream connections. client_body_buffer_size holds the upload: by
    default nginx writes 64 KiB to a file first, 111 us instead of 30. proxy_max_temp_file_size 0
    keeps answers off the disk too. The other buffers are the defaults. Before 1.23.4 TLS 1.3 is
    none."""

    speaks_tls = True

    def built_with(self) -> str:
        return said_version([self.binary, "-V"], r"(?s)configure arguments:(.*)")

    def prepare(self, job: Job) -> list[str]:
        what = {
            "forward": 'proxy_pass http://origin; proxy_set_header Connection "";',
            "tunnel": "proxy_pass http://origin; proxy_set_header Upgrade $http_upgrade; "
                      'proxy_set_header Connection "upgrade";',
            "refuse": "limit_req zone=one; limit_req_status 429; proxy_pass http://origin;",
        }[job.task]
        # Without it each refusal is a line of the error log.
        limit = ("error_log stderr crit; limit_req_zone $binary_remote_addr zone=one:10m rate=1r/m;"
                 if job.task == "refuse" else "")
        log = f"{job.work / self.log_file} combined" if job.log else "off"
        tls = (f"ssl_certificate {job.pem}; ssl_certificate_key {job.pem}; "
               f"ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command Ciphersuites {SUITE};"
               if job.pem else "")
        (job.work / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
{nginx_user()}
pid {job.work}/pid;
events {{ worker_connections {CONNECTIONS}; }}
http {{
  access_log {log};
  default_type text/plain;
  {limit}
  keepalive_requests {MANY};
  client_body_buffer_size 128k;
  proxy_max_temp_file_size 0;
  {nginx_temp_paths(job.work, self.built_with())}
  upstream origin {{
    server 127.0.0.1:{job.origin};
    keepalive {IDLE_UPSTREAM};
    keepalive_requests {MANY};
  }}
  server {{
    listen 127.0.0.1:{job.port}{" ssl http2" if job.pem else ""};
    {tls}
    location / {{
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      {what}
    }}
  }}
}}
""")
        return [self.binary, "-p", str(job.work), "-e", "stderr", "-c",
                str(job.work / "nginx.conf")]


class Haproxy(Proxy):
    """It has no defaults for timeouts and does not write files: its log goes to stdout, which is
    a file here. Without `no strict-limits` it would not start where descriptors are fewer than two
    for each of maxconn."""

    speaks_tls = True
    log_file = "stdout"

    def prepare(self, job: Job) -> list[str]:
        refuse = ("""stick-table type ip size 100k expire 1h store http_req_rate(1h)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1 }"""
                  if job.task == "refuse" else "")
        log = "log stdout format raw local0 info\n  option httplog" if job.log else "no log"
        tls = f" ssl crt {job.pem} alpn h2,http/1.1 ciphersuites {SUITE}" if job.pem else ""
        (job.work / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn {CONNECTIONS}
  no strict-limits
defaults
  mode http
  {log}
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  timeout tunnel 10m
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{job.port}{tls}
  {refuse}
  default_backend origin
backend origin
  server origin 127.0.0.1:{job.origin}
""")
        return [self.binary, "-db", "-f", "haproxy.cfg"]


class Relay(Proxy):
    """bench/floor: bytes in, bytes out."""

    tasks = ("forward", "tunnel")
    floor = True

    def version(self) -> str:
        return ""

    def prepare(self, job: Job) -> list[str]:
        return [self.binary, str(job.port), str(job.origin)]


class Refuse(Relay):
    """bench/floor: the same 429 to whatever is read."""

    tasks = ("refuse",)

    def prepare(self, job: Job) -> list[str]:
        return [self.binary, str(job.port)]


def installed(program: str) -> str | None:
    """On PATH, or where Debian has daemons and PATH of a plain user may not point."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


def on_path(program: str):
    return lambda build: installed(program)


def built(file: str):
    return lambda build: str((build / file).resolve()) if (build / file).exists() else None


def named_by(variable: str):
    """The program that an environment variable names. A name that leads nowhere is Trouble, not a
    proxy less."""

    def find(build: Path) -> str | None:
        value = os.environ.get(variable)
        if not value:
            return None
        found = shutil.which(value)
        if found is None:
            raise Trouble(f"${variable} is {value}, which is not a program")
        return str(Path(found).resolve())

    return find
