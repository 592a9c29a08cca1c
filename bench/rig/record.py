"""The JSON file: every round's raw numbers, and what one must know to judge them. All tables and
pictures are made from it, so that they can be made again without measuring.
"""

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path

from . import Trouble
from .proxies import Proxy, installed, said_version
from .rows import BY_NAME

FORMAT = 1


def cpu_model(cpuinfo: str) -> str:
    """Out of /proc/cpuinfo; not every architecture names a model there."""
    for line in cpuinfo.splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def machine() -> dict:
    return {
        "cpu": cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def commit(root: Path) -> str:
    """The checkout's commit, with a + when its code differs from that; "" outside of git."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True,
                                  timeout=20, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "--short=10", "HEAD")
    if not head:
        return ""
    # What this program writes itself does not count.
    changed = git("status", "--porcelain", "--untracked-files=no", "--",
                  ".", ":!docs", ":!README.md")
    return head + ("+" if changed else "")


def document(proxies: list[Proxy], settings: dict, root: Path) -> dict:
    """A new one, without records."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "format": FORMAT,
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit(root),
        "machine": machine(),
        "settings": settings,
        "wrk": said_version(["wrk", "-v"], r"(\d+\.\d+\.\d+)"),
        "h2load": (said_version(["h2load", "--version"], r"nghttp2/(\S+)")
                   if installed("h2load") else ""),
        "programs": [{"name": proxy.name, "title": proxy.title, "version": proxy.version(),
                      "floor": proxy.floor} for proxy in proxies],
        "records": [],
    }


def to_text(doc: dict) -> str:
    """JSON with one record a line, so that a diff shows which measurements changed."""
    head = {key: value for key, value in doc.items() if key != "records"}
    records = ",\n".join("    " + json.dumps(record) for record in doc["records"])
    text = json.dumps({**head, "records": []}, indent=2)
    return text.replace('"records": []', '"records": [\n' + records + "\n  ]") + "\n"


def from_text(text: str, where: str) -> dict:
    try:
        doc = json.loads(text)
    except json.JSONDecodeError as error:
        raise Trouble(f"{where} is not JSON: {error}") from None
    if not isinstance(doc, dict) or doc.get("format") != FORMAT:
        raise Trouble(f"{where} was not written by this version of bench/compare")
    strangers = {record["row"] for record in doc["records"]} - BY_NAME.keys()
    if strangers:
        raise Trouble(f"{where} has rows that are not known here: {', '.join(sorted(strangers))}")
    return doc


def titles(doc: dict) -> dict[str, str]:
    """What tables call the programs: "nginx 1.22.1"."""
    return {program["name"]: f"{program['title']} {program['version']}".strip()
            for program in doc["programs"]}
