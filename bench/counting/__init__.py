"""The parts of bench/counts: what one request costs, counted instead of timed.

    rows       what is counted: the table of rows
    origin     what stands behind sluice: a program of its own
    client     those who ask: one connection, or many kept busy
    h2         what they say where it is HTTP/2
    callgrind  instructions and allocations, out of callgrind's file
    strace     system calls, out of strace's table
    runs       one start of sluice under a counter, so many requests, an orderly end
    slope      two runs give what one request costs
    built      who compiled the sluice that is counted
    record     bench/counts.json
    verdict    what grew, what fell
    table      all of it in words

Python 3.11 and its standard library only, with bench/rig for starting and stopping. A count has no
unit but its name; everything is for one request.
"""
