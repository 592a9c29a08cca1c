"""The drill of a crowd that waits: a hundred thousand in line who do as they are told, and shoppers
inside beside them. The room lets in as many as there are shoppers and nobody else, so that the line
stays as long as it is. Then, while it is as long, what a visit costs that comes on a connection of
its own over TLS, with a session that is resumed.
"""

import urllib.request

from . import proc
from .farm_field import ServerPlan
from .load import GRACE_S, last_json
from .process import Child, finish, free_port, start
from .stage import Stage, Verdict
from .tls import make_certificate

WAITERS, CONNECTIONS, SHOPPERS, PAGES = 100_000, 1_000, 50, 200
POLL_S, FAR_S = 10, 120         # that newcomers are told, and who is far back at any later visit
ARRIVALS = 8_000                # a second
# Those who came together come together again, in waves: one whole turn of all is watched, from when
# each has come twice.
REST_S, SETTLE_S, WATCH_S = 8, 2 * POLL_S, 1.1 * FAR_S
MOST_VISITS = 1.1               # of one of each in FAR_S
MOST_BYTES, MOST_SHARE, MOST_P99 = 128, 0.30, 2.0
MOST_LATE_MS = 100.0
# Before the line forgets those who come no more, half a minute after they were due.
TLS_S, TLS_CONNECTIONS = 5, 4
USUAL_BUDGET = 500              # poll_budget where nothing is said of it

_SHOP = """
[[listener]]
address = "127.0.0.1:{port}"
tls.certificates = [{{ cert = "{pem}", key = "{pem}" }}]
[state]
dir = "off"
[[waiting_room]]
name = "sale"
routes = ["*"]
max_active = {shoppers}
poll_budget = {budget}
visitor_rate = "1000/s"
[[route]]
pool = "farm"
"""


def waiters(stage: Stage, verdict: Verdict) -> None:
    name, port = "waiters", free_port()
    stage.farm("farm", (ServerPlan((("slots", 8), ("mean_us", 2000))),), [port])
    tls_port = free_port()
    sluice, _ = stage.sluice([port], 1, "", _SHOP.format(
        port=tls_port, pem=make_certificate(stage.fresh("tls")), shoppers=SHOPPERS,
        budget=WAITERS // POLL_S))
    length = REST_S + WAITERS / ARRIVALS + SETTLE_S + WATCH_S
    said = last_json(finish(start(
        [str(stage.build / "bench/load_waiters"), "--port", str(sluice.port), "--watch",
         str(sluice.pid), "--waiters", str(WAITERS), "--connections", str(CONNECTIONS),
         "--arrivals", str(ARRIVALS), "--shoppers", str(SHOPPERS), "--pages", str(PAGES),
         "--rest", str(REST_S), "--settle", str(SETTLE_S), "--seconds", str(WATCH_S)],
        stage.load_core), length + GRACE_S))
    if said["late_ms"] > MOST_LATE_MS:
        verdict.note(name, f"the load itself was up to {said['late_ms']:.0f} ms late")
    verdict.note(name, "p99 of shoppers' pages, ms: "
                       f"{said['rest_p99_us'] / 1e3:.1f} at rest, "
                       f"{said['crowd_p99_us'] / 1e3:.1f} beside the crowd")
    asked = WAITERS / FAR_S
    verdict.hold(name, "visits a second", said["visits_per_s"],
                 said["visits_per_s"] <= MOST_VISITS * asked,
                 f"{MOST_VISITS * asked:.0f}: {MOST_VISITS} of what the room asks for")
    verdict.hold(name, "strays: not told to wait, or cut off", said["strays"],
                 said["strays"] == 0, "none")
    each = said["grown"] / WAITERS
    verdict.hold(name, "bytes of memory for each", each, each <= MOST_BYTES, f"{MOST_BYTES}")
    verdict.hold(name, "share of a core", said["share"], said["share"] <= MOST_SHARE,
                 f"{MOST_SHARE}")
    longer = said["crowd_p99_us"] / max(said["rest_p99_us"], 1)
    verdict.hold(name, "p99 of shoppers' pages over that at rest", longer, longer <= MOST_P99,
                 f"{MOST_P99}")
    _tell_cost_of_tls(stage, verdict, sluice, tls_port)


def _tell_cost_of_tls(stage: Stage, verdict: Verdict, sluice: Child, port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{sluice.port}/", timeout=5) as page:
        ticket = page.headers["Set-Cookie"].partition(";")[0]
    cpu = proc.cpu_us([sluice.pid])
    said = last_json(finish(start(
        [str(stage.build / "bench/load_handshake"), "--port", str(port), "--path",
         "/.sluice/waiting-room/sale", "--field", f"Cookie: {ticket}", "--resume", "--connections",
         str(TLS_CONNECTIONS), "--seconds", str(TLS_S)], stage.load_core), TLS_S + GRACE_S))
    cpu = proc.cpu_us([sluice.pid]) - cpu
    each = cpu / max(said["requests"], 1)
    verdict.note("waiters", f"over resumed TLS on new connections: {each:.0f} us of processor time a "
                            f"visit, {each * USUAL_BUDGET / 1e6:.1%} of a core for {USUAL_BUDGET} "
                            f"a second; seen at {said['requests'] / said['seconds']:.0f}/s, "
                            f"{said['resumed']} of {said['requests']} resumed")
    verdict.hold("waiters", "of these, errors", said["errors"], said["errors"] == 0, "none")


DRILLS = {"waiters": waiters}
