"""What stands behind the proxies: an nginx that answers at once, and an echo for WebSocket.

The origin shares its core with the load, so all it does costs the load, never the proxy. It must
not be what closes connections: keepalive_requests is out of reach.
"""

import os
from pathlib import Path

from . import Trouble
from .process import Child, free_port

ANSWER = "hello, shop\n"  # the 12 bytes
FILES = {"/10k": 10 * 1024, "/16k": 16 * 1024, "/1m": 1024 * 1024}
SIZES = {"/12": len(ANSWER), **FILES}
CONNECTIONS = 20_000

# /seen tells a probe what arrived here. /upload goes through a second hop over a Unix socket:
# that is nginx's way of reading a whole body before it answers.
_CONFIG = """
daemon off;
worker_processes 1;
{user}
pid {work}/pid;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  default_type text/plain;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 128k;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  {temp_paths}
  upstream second_hop {{
    server unix:{work}/second_hop;
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "hello, shop\\n"; }}
    {files}
    location /seen {{ return 200 "$http_host|$http_x_forwarded_for|$connection_requests"; }}
    location /upload {{
      proxy_pass http://second_hop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}
  server {{
    listen unix:{work}/second_hop;
    location / {{ return 200 "hello, shop\\n"; }}
  }}
}}
"""


def nginx_user() -> str:
    """nginx as root would otherwise leave for a user who may not enter the work directory."""
    return "user root;" if os.geteuid() == 0 else ""


def nginx_temp_paths(work: Path, built_with: str) -> str:
    """Debian's nginx makes its folders below /var, which only root may; ours are in the work
    directory. A build without a module does not know that module's directive."""
    names = ["client_body", "proxy"]
    names += [name for name in ("fastcgi", "uwsgi", "scgi")
              if f"--without-http_{name}_module" not in built_with]
    return "\n  ".join(f"{name}_temp_path {work}/{name};" for name in names)


def start_origin(nginx: str, built_with: str, work: Path, core: int) -> Child:
    for path, size in FILES.items():
        (work / path[1:]).write_bytes(b"x" * size)
    port = free_port()
    config = work / "origin.conf"
    config.write_text(_CONFIG.format(
        work=work, port=port, user=nginx_user(), connections=CONNECTIONS,
        temp_paths=nginx_temp_paths(work, built_with),
        files="\n    ".join(f"location {path} {{ alias {work}{path}; }}" for path in FILES)))
    return Child("the origin (nginx)", [nginx, "-p", str(work), "-e", "stderr", "-c", str(config)],
                 work, core, port)


def start_echo(build: Path, work: Path, core: int) -> Child:
    program = build / "bench/load_echo"
    if not program.exists():
        raise Trouble(f"{program} is missing: build with -DSLUICE_BENCH=ON")
    port = free_port()
    return Child("the WebSocket origin", [str(program), str(port)], work, core, port)
