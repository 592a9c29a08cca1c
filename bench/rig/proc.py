"""Processor time and memory of processes, out of /proc. Linux only.

The functions that take text are pure; the others read files and take some 20 us for each process.
A process that ends while it is being read counts as nothing.
"""

import os
from pathlib import Path

PROC = Path("/proc")


def stat_fields(text: str) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces and brackets itself."""
    return text[text.rindex(")") + 1 :].split()


def stat_parent(text: str) -> int:
    return int(stat_fields(text)[1])


def stat_cpu_us(text: str, ticks_per_s: int) -> float:
    """User and system time of /proc/PID/stat, threads that ended included. A tick is 10 ms."""
    fields = stat_fields(text)
    return (int(fields[11]) + int(fields[12])) * 1e6 / ticks_per_s


def schedstat_cpu_us(text: str) -> float:
    """User and system time of /proc/PID/task/TID/schedstat, which counts in nanoseconds."""
    return int(text.split()[0]) / 1e3


def rollup_pss_bytes(text: str) -> int:
    """The proportional set size of /proc/PID/smaps_rollup: pages shared by n count 1/n each."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("smaps_rollup without a Pss line")


def status_peak_rss_bytes(text: str) -> int:
    """The most that /proc/PID/status saw resident at once."""
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("status without a VmHWM line")


def core_busy_us(text: str, core: int, ticks_per_s: int) -> float:
    """All that a core did, by /proc/stat: everything but idling and waiting for disks."""
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, words[1:9])
            return (user + nice + system + irq + softirq + steal) * 1e6 / ticks_per_s
    raise ValueError(f"/proc/stat knows no core {core}")


def descendants(root: int, parents: dict[int, int]) -> list[int]:
    """`root` and all below it, given each process's parent."""
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """`root` and all processes below it, as of now."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (text := _read(entry / "stat")) is not None:
            parents[int(entry.name)] = stat_parent(text)
    return descendants(root, parents)


def cpu_us(pids: list[int]) -> float:
    """Processor time of these processes since they began.

    By schedstat where the kernel has it: its nanoseconds make a measurement of one second good to
    0.1 %, where the ticks of stat would leave 1 %. Threads that ended are missing from it; no proxy
    here ends threads while it serves.
    """
    total = 0.0
    for pid in pids:
        try:
            tasks = list((PROC / str(pid) / "task").iterdir())
        except FileNotFoundError:
            continue
        texts = [_read(task / "schedstat") for task in tasks]
        if any(texts):
            total += sum(schedstat_cpu_us(text) for text in texts if text)
        elif text := _read(PROC / str(pid) / "stat"):
            total += stat_cpu_us(text, os.sysconf("SC_CLK_TCK"))
    return total


def pss_bytes(pids: list[int]) -> int:
    texts = [_read(PROC / str(pid) / "smaps_rollup") for pid in pids]
    return sum(rollup_pss_bytes(text) for text in texts if text)


def peak_rss_bytes(pid: int) -> int:
    text = _read(PROC / str(pid) / "status")
    return status_peak_rss_bytes(text) if text else 0


def busy_us(core: int) -> float:
    return core_busy_us((PROC / "stat").read_text(), core, os.sysconf("SC_CLK_TCK"))
