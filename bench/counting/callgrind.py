"""Instructions and allocations out of a file that callgrind wrote. Pure: text in, numbers out.

The file names a function once, `fn=(7) malloc`, and then calls it (7). The cost of a call stands in
a line of its own below `calls=`, which belongs to no one: what the callee spent is counted where it
was spent. So the sum of all other cost lines is what `totals:` says, and that is taken.
"""

import re
from dataclasses import dataclass

from rig import Trouble

# Each of these is one allocation for the caller, whatever it calls below.
_ALLOCATOR = re.compile(
    r"(malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign|valloc|pvalloc"
    r"|__libc_(malloc|calloc|realloc|memalign)|operator new(\[\])?\(.*\)|_Zn[wa]m\w*)"
    r"('\d+)?(@.*)?$")
_NAME = re.compile(r"(c?fn)=\((\d+)\)(?: (.*))?$")
_CALLS = re.compile(r"calls=(\d+) ")


@dataclass(frozen=True)
class Profile:
    """What all threads of one run did together."""

    instructions: int
    allocations: int


def allocates(function: str) -> bool:
    return _ALLOCATOR.match(function) is not None


def parse(text: str) -> Profile:
    names: dict[str, str] = {}
    instructions, allocations = None, 0
    caller = callee = ""
    for line in text.splitlines():
        if line.startswith("calls="):
            # operator new calls malloc: one allocation, not two.
            if allocates(callee) and not allocates(caller):
                allocations += int(_CALLS.match(line)[1])
        elif found := _NAME.match(line):
            kind, number, name = found.groups()
            if name is not None:
                names[number] = name
            elif number not in names:
                raise Trouble(f"callgrind's file calls a function ({number}) that it did not name")
            if kind == "fn":
                caller = names[number]
            else:
                callee = names[number]
        elif line.startswith("events:") and line.split() != ["events:", "Ir"]:
            raise Trouble(f"callgrind counted something else than instructions: {line}")
        elif line.startswith("totals:"):
            instructions = int(line.split()[1])
    if instructions is None:
        raise Trouble("callgrind's file has no totals: it was not written to its end")
    return Profile(instructions, allocations)
