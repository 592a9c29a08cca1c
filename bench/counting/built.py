"""Who compiled the sluice in a build directory: counts of two compilers are different numbers. Read
out of the files that CMake leaves there; nothing is run.
"""

import re
from pathlib import Path

from rig import Trouble

_BUILD_TYPE = re.compile(r"^CMAKE_BUILD_TYPE:\w+=(\w+)$", re.MULTILINE)
_SET = r'^set\(CMAKE_CXX_COMPILER_%s "([^"]+)"\)$'


def compiler(described: str) -> str:
    """ "GNU 12.2.0", out of CMakeCXXCompiler.cmake. Pure."""
    said = [re.search(_SET % key, described, re.MULTILINE) for key in ("ID", "VERSION")]
    if not all(said):
        raise Trouble("CMakeCXXCompiler.cmake does not tell which compiler it is about")
    return " ".join(found[1] for found in said)


def made_by(build: Path) -> str:
    """Trouble if it is no Release build: its numbers would say nothing."""
    binary, cache = build / "sluice", build / "CMakeCache.txt"
    described = sorted(build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"))
    if not binary.exists() or not cache.exists() or not described:
        raise Trouble(f"{binary} is missing: cmake --preset release && "
                      "cmake --build --preset release, or name another --build")
    kind = _BUILD_TYPE.search(cache.read_text())
    if not kind or kind[1] != "Release":
        raise Trouble(f"{build} is no Release build ({kind[1] if kind else 'no type'}), and only "
                      "such are counted")
    return compiler(described[-1].read_text())
