"""The drill of a sluice that ends in the middle of a sale and is started again at once: killed, and
asked to. Three sales of a minute, one of them undisturbed, for the same shoppers. Who finds nobody
there, or is cut off, asks again after a second, as by a reload in his browser.

Whether somebody lost his place is said by his own tickets; whether somebody came in before others
who had come earlier, and by how much, is seen at the first page of the shop that each got.
"""

import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable

from .load import GRACE_S, last_json
from .process import Child, finish, free_port, start
from .stage import Stage, Verdict, ask

# The shop sells 88 a second; the line is empty 40 s after the last has come.
CALM_S, SPIKE_S, SPIKE_RATE, MOST_AFTER_S = 5, 12, 300, 90
END_AFTER_S = CALM_S + 20
RELOAD_S = 1.0
PATIENCE_S = 150            # as told to wait
STOP_S = 40.0               # longer than sluice takes to finish what runs
WATCH_S, LOOK_S = 2.0, 0.1
MOST_LATE_MS = 100.0
# Two sales are never alike, and who reloads comes up to a second late.
TIMES_CALM, PART_OF_LINE = 1.25, 0.01

_SHOP = """
[client_ip]
trusted_proxies = ["127.0.0.0/8"]
[state]
dir = "{state}"
[[waiting_room]]
name = "sale"
routes = ["*"]
[[route]]
match = {{ path_prefix = "/checkout" }}
pool = "farm"
priority = "critical"
ends_session = true
[[route]]
match = {{ path_prefix = "/cart" }}
pool = "farm"
priority = "high"
[[route]]
pool = "farm"
"""


def _room(admin: int) -> dict:
    return json.loads(ask(admin, "/rooms"))["rooms"][0]


def _watch(admin: int) -> tuple[dict, int]:
    """The room as it is after a while, and how many came in during the last second."""
    seen: deque[tuple[float, dict]] = deque()
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end:
        seen.append((time.monotonic(), _room(admin)))
        while seen[0][0] < seen[-1][0] - 1:
            seen.popleft()
        time.sleep(LOOK_S)
    return seen[-1][1], seen[-1][1]["entered"] - seen[0][1]["entered"]


def _kill(child: Child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    child.stop()


def _sale(stage: Stage, end: Callable[[Child], None] | None) -> dict:
    """What the shoppers saw, and with `end` what was there before and after it."""
    servers = [free_port() for _ in range(4)]
    state = stage.fresh("state")
    sluice, admin = stage.sluice(servers, 1, "", _SHOP.format(state=state))
    load = start([str(stage.build / "bench/load_sale"), "--mode", "web", "--servers",
                  ",".join(map(str, servers)), "--proxy", str(sluice.port), "--calm", str(CALM_S),
                  "--spike", str(SPIKE_S), "--spike-rate", str(SPIKE_RATE), "--after",
                  str(MOST_AFTER_S), "--patience", str(PATIENCE_S), "--reload", str(RELOAD_S),
                  "--room", "sale"], stage.load_core)
    seen = {}
    if end:
        time.sleep(END_AFTER_S - WATCH_S)
        before, last_second = _watch(admin)
        began = time.monotonic()
        end(sluice)
        sluice = stage.sluice_again(sluice.port)
        seen["down_s"] = time.monotonic() - began
        after = _room(admin)
        seen |= {"last_second": last_second, "active": before["active"],
                 "active_after": after["active"], "waiting": before["waiting"],
                 "waiting_after": after["waiting"]}
    said = last_json(finish(load, CALM_S + SPIKE_S + MOST_AFTER_S + GRACE_S))
    sluice.check_alive()
    sluice.stop(STOP_S)
    return {**said, **seen}


def restart(stage: Stage, verdict: Verdict) -> None:
    calm = _sale(stage, None)
    verdict.note("restart", f"undisturbed: {calm['shoppers']} shoppers, {calm['bought']} bought, "
                            f"{calm['affected']} affected; {calm['lined_up']} waited, "
                            f"{calm['most_line_s']:.0f} s at most; overtaken by up to "
                            f"{calm['most_overtaken_s']:.1f} s, beyond a poll interval "
                            f"{calm['overtaken']}")
    for name, end in (("restart-kill", _kill), ("restart-term", lambda child: child.stop(STOP_S))):
        seen = _sale(stage, end)
        if seen["late_ms"] > MOST_LATE_MS:
            verdict.note(name, f"the load itself was up to {seen['late_ms']:.0f} ms late")
        verdict.note(name, f"{seen['waiting']} waited and {seen['active']} were inside; "
                           f"{seen['waiting_after']} and {seen['active_after']} after the restart, "
                           f"which took {seen['down_s']:.1f} s; {seen['reloads']} reloads; "
                           f"{seen['bought']} of {seen['shoppers']} bought; {seen['saw_error']} "
                           f"saw an error, {seen['waited']} waited long for a page; "
                           f"{seen['most_line_s']:.0f} s in line at most")
        verdict.hold(name, "visitors who lost their place", seen["lost_place"],
                     seen["lost_place"] == 0, "none")
        lost = seen["gave_up"] + seen["unfinished"]
        verdict.hold(name, "visitors who did not get to the end", lost, lost == 0, "none")
        most = TIMES_CALM * calm["overtaken"] + PART_OF_LINE * seen["lined_up"]
        verdict.hold(name, "overtaken by more than a poll interval", seen["overtaken"],
                     seen["overtaken"] <= most,
                     f"{most:.0f}, {TIMES_CALM} of those undisturbed and {PART_OF_LINE:.0%} of all")
        verdict.note(name, f"overtaken by up to {seen['most_overtaken_s']:.1f} s")
        forgotten = seen["active"] - seen["active_after"]
        verdict.hold(name, "places inside that were forgotten", forgotten,
                     forgotten <= seen["last_second"],
                     f"{seen['last_second']}, the entries of the last second")


DRILLS = {"restart": restart}
