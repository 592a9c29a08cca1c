"""Drills of a sluice that was told no number: more is asked than the servers can do, and it finds
what they carry (`strength`), lets the important through (`priority`) and lets none take all
(`fair`).

How crowded a server is, is told by the farm itself: the time that requests spent there over the
time that they needed, 1 where none waits in the server's queue. So chance in what is asked for
moves neither that nor the work done.
"""

import functools
import json
import time
from dataclasses import dataclass

from .farm_field import ServerPlan
from .load import GRACE_S, last_json
from .process import finish, free_port
from .siege import parse_metrics
from .stage import Stage, Verdict, ask

FIND_S = 10             # within which it has found what servers carry, cold or after a change
WINDOW_S = 4
MEAN_MS = 80
TAME = ("--deviation", "0.55")      # of what pages take, over the mean
LEAST_WORK, MOST_CROWD = 0.9, 1.5
LEAST_CHECKOUTS, MOST_P99 = 0.995, 2.0
MOST_SHARE = 1.2


@dataclass(frozen=True)
class Shop:
    """Servers with so many workers each, or all before one database that has them."""

    servers: int
    workers: int
    shared: bool = False
    wild: bool = False  # times are exponential: they vary by as much as their mean

    def plans(self) -> tuple[ServerPlan, ...]:
        own = ServerPlan((("slots", self.workers), ("mean_us", MEAN_MS * 1000)))
        return (own, *(ServerPlan((("slots_of", 0),)) if self.shared else own
                       for _ in range(self.servers - 1)))

    def loads(self) -> tuple[str, ...]:
        """Words of the programs that make the load."""
        return () if self.wild else TAME

    def slots(self, first: int) -> int:
        """Of all, when the first server has so many."""
        return first if self.shared else first + self.workers * (self.servers - 1)


SHOPS = {"strength-1x1": Shop(1, 1), "strength-1x8": Shop(1, 8), "strength-1x64": Shop(1, 64),
         "strength-4x1": Shop(4, 1), "strength-4x8": Shop(4, 8), "strength-4x64": Shop(4, 64),
         "strength-shared": Shop(4, 3, shared=True), "strength-wild": Shop(4, 8, wild=True)}


def crowd_for(slots: int) -> int:
    """Clients who always ask: twice what can be worked on, so that all of them at the servers would
    be a crowd of two; but who waits for a place here waits about the time of one answer, which is
    no standing queue, and nobody is to be refused."""
    return 2 * slots + 1


def work_and_crowd(before: list[dict], after: list[dict], slots: int,
                   seconds: float) -> tuple[float, float]:
    """Of the work that can be done the part that was, and how crowded it was, out of two looks at
    the farm's servers."""
    worked, held = (sum(late[key] - early[key] for early, late in zip(before, after))
                    for key in ("worked_s", "held_s"))
    return worked / (slots * seconds), held / worked if worked > 0 else float("inf")


def watch(port: int, slots: int, seconds: int) -> tuple[float, float]:
    """Work and crowd of so long, out of the farm's control port."""
    begun, before = time.monotonic(), json.loads(ask(port, "/stats"))
    time.sleep(seconds)
    after = json.loads(ask(port, "/stats"))
    return work_and_crowd(before, after, slots, time.monotonic() - begun)


def limits(admin: int) -> str:
    """As sluice has found them, as a text."""
    pool = json.loads(ask(admin, "/status"))["pools"][0]
    each = " ".join(str(server["limit"]) for server in pool["servers"])
    return f"limits {each}, of all {pool['limit'] or '-'}"


def left_queue(metrics: dict[str, float]) -> dict[str, float]:
    """How many requests did not get to a server as yet, by the cause."""
    of_cause: dict[str, float] = {}
    for name, count in metrics.items():
        if name.startswith("sluice_pool_queue_left_total{") and count > 0:
            why = name.partition('why="')[2].partition('"')[0]
            of_cause[why] = of_cause.get(why, 0) + count
    return of_cause


def found(admin: int) -> str:
    left = left_queue(parse_metrics(ask(admin, "/metrics")))
    causes = ", ".join(f"{why} {count:.0f}" for why, count in left.items()) or "none"
    return f"{limits(admin)}; left the queue as yet: {causes}"


def strength(name: str, shop: Shop, stage: Stage, verdict: Verdict) -> None:
    ports = [free_port() for _ in range(shop.servers)]
    farm = stage.farm("farm", shop.plans(), ports)
    sluice, admin = stage.sluice(ports, 2, "")
    step_s = FIND_S + WINDOW_S
    length = 3 * step_s + 1
    loads = [stage.clients(sluice.port, crowd_for(shop.slots(shop.workers)), length,
                           *shop.loads())]
    for what, workers in (("cold", shop.workers), ("doubled", 2 * shop.workers),
                          ("halved", shop.workers)):
        if what != "cold":
            ask(farm.port, f"/slots?slots={workers}")
        slots = shop.slots(workers)
        if what == "doubled":
            more = crowd_for(slots) - crowd_for(shop.slots(shop.workers))
            loads.append(stage.clients(sluice.port, more, step_s, "--seed", "2", *shop.loads()))
        way = " ".join(f"{watch(farm.port, slots, 1)[0]:.2f}" for _ in range(FIND_S))
        work, crowd = watch(farm.port, slots, WINDOW_S)
        verdict.note(name, f"{what}: work done in each of the {FIND_S} s before: {way}")
        verdict.note(name, f"{what}: {slots} workers; {found(admin)}")
        verdict.hold(name, f"{what}: work done, of what the workers can", work, work >= LEAST_WORK,
                     f"{LEAST_WORK}")
        verdict.hold(name, f"{what}: time at the server over that at rest", crowd,
                     crowd <= MOST_CROWD, f"{MOST_CROWD}")
    errors = sum(last_json(finish(load, length + GRACE_S))["errors"] for load in loads)
    verdict.hold(name, "errors", errors, errors == 0, "none")


# Four servers of eight workers, at 80 ms: 400 requests/s at best.
CAPACITY = 4 * 8 * 1000 // MEAN_MS
_CLASSES = """
[[route]]
match = { path_prefix = "/checkout" }
pool = "farm"
priority = "critical"
[[route]]
match = { path_prefix = "/search" }
pool = "farm"
priority = "low"
[[route]]
pool = "farm"
"""


def priority(stage: Stage, verdict: Verdict) -> None:
    name, seconds, rate = "priority", 15, CAPACITY * 4 // 10
    ports = [free_port() for _ in range(4)]
    stage.farm("farm", Shop(4, 8).plans(), ports)
    sluice, admin = stage.sluice(ports, 2, "", _CLASSES)

    def checkouts() -> dict:
        load = stage.steady(sluice.port, rate, seconds, 1000, "/checkout", "--warmup", str(FIND_S),
                            *TAME)
        return last_json(finish(load, FIND_S + seconds + GRACE_S))

    rest = checkouts()
    others = [stage.steady(sluice.port, 5 * CAPACITY, FIND_S + seconds, 4000, path, *TAME)
              for path in ("/item", "/search")]
    crowded = checkouts()
    said = [last_json(finish(load, FIND_S + seconds + GRACE_S)) for load in others]
    lag = crowded["start_lag_p99_us"] / 1e3
    verdict.note(name, f"checkouts p50/p99 ms: {rest['p50_us'] / 1e3:.0f}/{rest['p99_us'] / 1e3:.0f}"
                       f" at rest, {crowded['p50_us'] / 1e3:.0f}/{crowded['p99_us'] / 1e3:.0f} in "
                       f"the crowd; the load was {lag:.1f} ms late at p99; {found(admin)}")
    verdict.note(name, "answered of normal and low: "
                 + " and ".join(f"{one['completed']} of {one['started']}" for one in said))
    good = crowded["completed"] / crowded["started"]
    verdict.hold(name, "checkouts that succeed", good, good >= LEAST_CHECKOUTS,
                 f"{LEAST_CHECKOUTS}")
    longer = crowded["p99_us"] / rest["p99_us"]
    verdict.hold(name, "their p99 over that at rest", longer, longer <= MOST_P99, f"{MOST_P99}")
    errors = sum(one["errors"] for one in said)
    verdict.hold(name, "others that were refused", errors, errors > 0, "some, or no drill")


def fair(stage: Stage, verdict: Verdict) -> None:
    name, seconds, others = "fair", 20, 99
    ports = [free_port() for _ in range(4)]
    plan = ServerPlan((("slots", 4), ("mean_us", 10_000)))
    stage.farm("farm", (plan,) * 4, ports)
    sluice, admin = stage.sluice(ports, 2, "")
    loads = (stage.clients(sluice.port, 100, seconds, "--first-host", "2", *TAME),
             stage.clients(sluice.port, others, seconds, "--first-host", "3", "--hosts",
                           str(others), "--seed", "2", *TAME))
    hog, each = (last_json(finish(load, seconds + GRACE_S)) for load in loads)
    share = hog["answered"] / max(each["answered"] / others, 1)
    verdict.note(name, f"answered: {hog['answered']} of the one with 100 connections, "
                       f"{each['answered'] / others:.0f} of each other; errors {hog['errors']} and "
                       f"{each['errors']}; {found(admin)}")
    verdict.hold(name, "what 100 connections get, of one's mean share", share,
                 share <= MOST_SHARE, f"{MOST_SHARE}")


DRILLS = {**{name: functools.partial(strength, name, shop) for name, shop in SHOPS.items()},
          "priority": priority, "fair": fair}
