"""System calls by name, out of the table that `strace -c` writes. Pure: text in, numbers out.

    % time     seconds  usecs/call     calls    errors syscall
    ------ ----------- ----------- --------- --------- ----------------
     43.18    0.000098           2        40         3 read

`errors` is empty where there were none, so a line has five or six words.
"""

from rig import Trouble


def parse(text: str) -> dict[str, int]:
    calls: dict[str, int] = {}
    inside = ended = False
    for line in text.splitlines():
        words = line.split()
        if words and set(line) <= {"-", " "}:
            ended, inside = inside, True
        elif inside and not ended and words:
            if len(words) not in (5, 6) or not words[3].isdigit():
                raise Trouble(f"a line of strace's table that can't be read: {line!r}")
            calls[words[-1]] = calls.get(words[-1], 0) + int(words[3])
    if not ended:
        raise Trouble("strace wrote no table, or only a part of it")
    return calls
