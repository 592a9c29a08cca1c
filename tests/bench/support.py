"""What the tests of bench/compare share: the way to its parts, and made-up measurements."""

import sys
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
