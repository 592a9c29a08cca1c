"""The parts of bench/compare: sluice beside other proxies, on one machine, by the same work.

    command    signals, complaints, exit codes: bench/counts uses it too
    rows       what is measured: the table of rows, and the bars of each
    field      who is measured: the table of proxies
    proxies    how each kind of them is configured
    guests     the same for those that are measured only where they are installed
    origin     what stands behind them
    cores      which core is whose
    tls        a certificate for them, and what they negotiate
    process    starting, pinning, awaiting and stopping a program
    proc       processor time and memory, out of /proc
    load       the programs that make the load, and what they say
    idle       thousands of connections that do nothing
    probe      is the work really equal
    arena      one row: everything it needs started, each measurement, everything stopped
    stats      medians and ratios out of the rounds
    notes      what was wrong, what the figures can't say, which aims were missed
    record     the JSON file: all of the raw numbers
    table      the same in words: terminal and README
    svg        the same as a picture
    stage      of a drill (bench/drill): its farm, its sluice, its loads, its verdict
    overload   the drills in which sluice finds what servers carry

Python 3.11 and its standard library only. Units are in the names: `_us`, `_bytes`, `_s`.
"""


class Trouble(Exception):
    """Something the user can do something about. The text says what; bench/compare exits with 1."""
