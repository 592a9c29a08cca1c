"""TLS for the rows that speak it: a certificate for one run, and what a client gets negotiated.

The certificate is ECDSA P-256 as shops have it, signed by itself, so that it is all a client must
trust. Clients offer what OpenSSL offers by default. Which suite of that is taken is set up in
proxies.py, and here it is seen whether they all took the same. Needs openssl and curl.
"""

import re
import subprocess
from pathlib import Path

from . import Trouble

HOST = "shop.example"
SUITE = "TLS_AES_128_GCM_SHA256"   # the one that browsers name first
PATIENCE_S = 10
_REQUEST = f"GET /12 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"


def make_certificate(work: Path) -> Path:
    """A file with the certificate for HOST and its key. Takes some 10 ms."""
    pem = work / "shop.pem"
    # Both into one file: HAProxy takes no other, and the rest don't mind.
    _run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
          "-noenc", "-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
          "-keyout", str(work / "key"), "-out", str(work / "certificate")])
    pem.write_text((work / "certificate").read_text() + (work / "key").read_text())
    pem.chmod(0o600)
    return pem


def negotiated(port: int, pem: Path) -> str:
    """What the proxy on `port` and a client agree on, in words. Asks once over HTTP/1.1, since
    tickets come behind the handshake."""
    text = _run(["openssl", "s_client", "-ign_eof", "-connect", f"127.0.0.1:{port}", "-servername",
                 HOST, "-CAfile", str(pem), "-verify_return_error"], _REQUEST)
    return parse_s_client(text)


def parse_s_client(text: str) -> str:
    """ "TLSv1.3, TLS_AES_128_GCM_SHA256, X25519, 2 tickets", out of what s_client says. Pure."""
    version = re.search(r"^New, (\S+), Cipher is (\S+)$", text, re.MULTILINE)
    group = re.search(r"^Server Temp Key: (\w+)", text, re.MULTILINE)
    if not version or not group:
        raise Trouble(f"openssl s_client tells of no TLS:\n    {text.strip()[-500:]}")
    tickets = text.count("New Session Ticket arrived")
    return f"{version[1]}, {version[2]}, {group[1]}, {tickets} tickets"


def ask(port: int, path: str, pem: Path, http: str) -> tuple[int, bytes]:
    """Status and body of one request, by curl; `http` is "1.1" or "2", and nothing else will do."""
    body, _, said = _run(
        ["curl", "--silent", "--show-error", "--max-time", str(PATIENCE_S), "--cacert", str(pem),
         f"--http{http}", "--connect-to", f"{HOST}:443:127.0.0.1:{port}", "--write-out",
         r"\n%{http_version} %{http_code}", f"https://{HOST}{path}"]).rpartition("\n")
    spoken, status = said.split()
    if spoken != http:
        raise Trouble(f"it speaks HTTP/{spoken}, not HTTP/{http}")
    return int(status), body.encode()


def _run(argv: list[str], given: str = "") -> str:
    try:
        done = subprocess.run(argv, input=given, capture_output=True, text=True,
                              timeout=2 * PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise Trouble(f"{argv[0]} did not end within {2 * PATIENCE_S} s") from None
    if done.returncode != 0:
        raise Trouble(f"{argv[0]} failed (exit code {done.returncode}):\n    "
                      + done.stderr.strip()[-500:])
    return done.stdout
