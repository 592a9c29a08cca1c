"""What the tests of bench/compare share: the way to its parts, made-up measurements, a server."""

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))


def record(proxy: str, us: float, round_number: int = 1, row: str = "small64", variant: str = "",
           **more) -> dict:
    """A measurement of 1000 requests in a second, at `us` of processor time each."""
    return {"row": row, "variant": variant, "proxy": proxy, "round": round_number, "done": 1000,
            "seconds": 1.0, "cpu_us": us * 1000, "core": 0.99, "others": 0.0, "p50_us": 100,
            "p99_us": 200, "pss_bytes": 4_000_000, "errors": {}, **more}


def document(records: list[dict], whole: bool = True) -> dict:
    return {
        "format": 1, "date": "2026-01-02T03:04:05Z", "commit": "0123456789", "wrk": "4.1.0",
        "machine": {"cpu": "A Processor", "cores": 2, "kernel": "6.1", "load_average_before": 0.1},
        "settings": {"rounds": 5, "seconds": 3, "warmup_s": 1, "tail_seconds": 10, "whole": whole},
        "programs": [{"name": name, "title": title, "version": version, "floor": not version}
                     for name, title, version in (("sluice", "sluice", "0.1.0"),
                                                  ("nginx", "nginx", "1.22.1"),
                                                  ("relay", "relay", ""))],
        "records": records,
    }


class Server(ThreadingHTTPServer):
    """Answers with `status`, and closes the connection then when it is told to; over TLS with the
    certificate in `pem`."""

    daemon_threads = True

    def __init__(self, status: int = 200, close: bool = False, pem: Path | None = None):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802 (the base class calls it so)
                self.send_response(status)
                self.send_header("Content-Length", "12")
                if close:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"hello, shop\n")

            def log_message(self, *_):
                return

        super().__init__(("127.0.0.1", 0), Handler)
        self._tls = None
        if pem:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(pem)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        # In the client's own thread: one that is slow to shake hands holds nobody up.
        if not self._tls:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True) as over_tls:
            super().finish_request(over_tls, client_address)
            over_tls.unwrap()

    def handle_error(self, *_):
        return

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
