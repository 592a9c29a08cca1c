"""Proxies that are measured where they are on PATH: Caddy, h2o, Envoy. By the same rules as in
proxies.py; the syntax is that of the versions named at each. Minimal on purpose: they are not
among Debian 12's packages that packaging/bench installs. They take no part in the rows over TLS.
"""

import json

from .origin import CONNECTIONS
from .proxies import IDLE_UPSTREAM, REFUSAL, Job, Proxy, said_version


class Caddy(Proxy):
    """Caddyfile of Caddy 2.6 and later. One worker is Go's GOMAXPROCS; reverse_proxy sends Host and
    X-Forwarded-* by itself."""

    env = {"GOMAXPROCS": "1", "HOME": ".", "XDG_CONFIG_HOME": ".", "XDG_DATA_HOME": "."}

    def version(self) -> str:
        return said_version([self.binary, "version"], r"v?(\d+\.[\w.]+)")

    def prepare(self, job: Job) -> list[str]:
        log = f"""log {{
    output file {job.work / self.log_file} {{
      roll_disabled
    }}
  }}"""
        proxy = f"""reverse_proxy 127.0.0.1:{job.origin} {{
    transport http {{
      compression off
      keepalive_idle_conns {IDLE_UPSTREAM}
      keepalive_idle_conns_per_host {IDLE_UPSTREAM}
    }}
  }}"""
        (job.work / "Caddyfile").write_text(f"""{{
  admin off
  auto_https off
}}
http://:{job.port} {{
  bind 127.0.0.1
  {log if job.log else ""}
  {f'respond "{REFUSAL}" 429' if job.task == "refuse" else proxy}
}}
""")
        return [self.binary, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]


class H2o(Proxy):
    """YAML of h2o 2.2 (Debian's); 2.3 says proxy.tunnel for proxy.websocket. A 429 needs mruby."""

    def version(self) -> str:
        return said_version([self.binary, "--version"], r"version (\S+)")

    def prepare(self, job: Job) -> list[str]:
        tunnel = "proxy.websocket" if self.version().startswith("2.2") else "proxy.tunnel"
        paths = f"""proxy.reverse.url: "http://127.0.0.1:{job.origin}/"
        proxy.preserve-host: ON
        {tunnel}: {"ON" if job.task == "tunnel" else "OFF"}"""
        if job.task == "refuse":
            paths = f"""mruby.handler: |
          Proc.new do |env|
            [429, {{"content-type" => "text/plain"}}, ["{REFUSAL}"]]
          end"""
        log = f"access-log: {job.work / self.log_file}" if job.log else ""
        (job.work / "h2o.yaml").write_text(f"""num-threads: 1
max-connections: {CONNECTIONS}
listen:
  host: 127.0.0.1
  port: {job.port}
{log}
hosts:
  default:
    paths:
      /:
        {paths}
""")
        return [self.binary, "-m", "worker", "-c", "h2o.yaml"]


class Envoy(Proxy):
    """Bootstrap of the v3 API (Envoy 1.18 and later), as JSON; no admin listener."""

    def version(self) -> str:
        return said_version([self.binary, "--version"], r"/(\d+\.\d+\.\d+)")

    def prepare(self, job: Job) -> list[str]:
        def typed(name: str, **fields) -> dict:
            return {"@type": f"type.googleapis.com/envoy.extensions.{name}", **fields}

        def address(port: int) -> dict:
            return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

        route: dict = {"match": {"prefix": "/"}}
        if job.task == "refuse":
            body = {"inline_string": REFUSAL}
            route["direct_response"] = {"status": 429, "body": body}
        else:
            route["route"] = {"cluster": "origin", "timeout": "0s"}
        http = typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix="bench", use_remote_address=True, generate_request_id=False,
            upgrade_configs=[{"upgrade_type": "websocket"}] if job.task == "tunnel" else [],
            http_filters=[{"name": "envoy.filters.http.router",
                           "typed_config": typed("filters.http.router.v3.Router")}],
            route_config={"virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [route]}]})
        if job.log:
            http["access_log"] = [{
                "name": "envoy.access_loggers.file",
                "typed_config": typed("access_loggers.file.v3.FileAccessLog",
                                      path=str(job.work / self.log_file))}]
        listener = {"name": "front", "address": address(job.port), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": http}]}]}
        cluster = {"name": "origin", "type": "STATIC", "load_assignment": {
            "cluster_name": "origin", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": address(job.origin)}}]}]}}
        (job.work / "envoy.json").write_text(json.dumps(
            {"static_resources": {"listeners": [listener], "clusters": [cluster]}}, indent=1))
        return [self.binary, "--concurrency", "1", "--disable-hot-restart", "-l", "warning",
                "-c", "envoy.json"]
