"""The drill of the waiting page in a real browser: four visitors in Chromium at 320 px, with
JavaScript and without it, in English and in German, before a room whose one place is taken. Then
there are more places, by a reload of the configuration, and nobody touches anything: the browser
goes into the shop by itself.
"""

import os
import signal
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .chromium import Chromium, Page
from .farm_field import ServerPlan
from .process import free_port
from .stage import Stage, Verdict

WIDTH, HEIGHT = 320, 640
LOOK_S, HELD_S = 0.1, 4.0
SHOWS_S, ENTERS_S = 10.0, 60.0

_ROOM = """
[state]
dir = "off"
[[waiting_room]]
name = "sale"
routes = ["*"]
max_active = {places}
[[route]]
pool = "farm"
"""


@dataclass(frozen=True)
class Visitor:
    name: str
    reads: str      # Accept-Language
    language: str   # of the page that he gets
    title: str
    scripts: bool


VISITORS = (
    Visitor("browser-en", "en-GB,en;q=0.8", "en", "You are in line", True),
    Visitor("browser-de", "de-AT,de;q=0.9,en;q=0.5", "de", "Sie sind in der Warteschlange", True),
    Visitor("browser-en-plain", "en-GB,en;q=0.8", "en", "You are in line", False),
    Visitor("browser-de-plain", "de-AT,de;q=0.9,en;q=0.5", "de", "Sie sind in der Warteschlange", False),
)


def _visit(chromium: Chromium, visitor: Visitor, url: str) -> Page:
    page = chromium.page()
    for domain in ("Page", "Network", "Log", "Runtime"):
        page.call(f"{domain}.enable")
    page.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT,
              deviceScaleFactor=2, mobile=True)
    page.call("Emulation.setScriptExecutionDisabled", value=not visitor.scripts)
    page.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": visitor.reads})
    page.call("Page.navigate", url=url)
    return page


def _asked(page: Page) -> list[str]:
    return [event["request"]["url"] for event in page.events("Network.requestWillBeSent")]


def _await(page: Page, expression: str, wanted, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while page.value(expression) != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


def _look(page: Page, visitor: Visitor, url: str, verdict: Verdict) -> None:
    """At the waiting page."""
    shows = _await(page, "document.querySelector('h1')?.textContent", visitor.title, SHOWS_S)
    verdict.hold(visitor.name, f"says \"{visitor.title}\"", shows, shows, "yes")
    language = page.value("document.documentElement.lang")
    verdict.hold(visitor.name, f"its language is {visitor.language}",
                 language == visitor.language, language == visitor.language, "yes")
    wide = page.value("document.documentElement.scrollWidth") or 0
    verdict.hold(visitor.name, "px wide", wide, 0 < wide <= WIDTH, f"{WIDTH}, no scrolling")
    outside = [asked for asked in _asked(page) if not asked.startswith((url, "data:"))]
    verdict.hold(visitor.name, "things asked for elsewhere", len(outside), not outside, "none")
    wrong = [event["entry"]["text"] for event in page.events("Log.entryAdded")
             if event["entry"]["level"] == "error"] + [
                 event["exceptionDetails"]["text"]
                 for event in page.events("Runtime.exceptionThrown")]
    verdict.hold(visitor.name, "errors that the browser tells of", len(wrong), not wrong, "none")
    for text in wrong:
        verdict.note(visitor.name, text)


def _open(config: Path, pid: int) -> None:
    text = config.read_text()
    config.write_text(text.replace(_ROOM.format(places=1), _ROOM.format(places=100)))
    os.kill(pid, signal.SIGHUP)


def browser(stage: Stage, verdict: Verdict) -> None:
    port = free_port()
    stage.farm("farm", (ServerPlan((("slots", 8), ("mean_us", 2000))),), [port])
    sluice, _ = stage.sluice([port], 1, "", _ROOM.format(places=1))
    url = f"http://127.0.0.1:{sluice.port}/"
    with urllib.request.urlopen(url, timeout=5) as first:
        shop = first.read().decode().strip()
    with Chromium() as chromium:
        pages = [(visitor, _visit(chromium, visitor, url)) for visitor in VISITORS]
        for visitor, page in pages:
            _look(page, visitor, url, verdict)
        time.sleep(HELD_S)
        _open(stage.work / "sluice/sluice.toml", sluice.pid)
        opened = time.monotonic()
        for visitor, page in pages:
            left = max(0.0, ENTERS_S - (time.monotonic() - opened))
            is_in = _await(page, "document.body?.innerText.trim()", shop, left)
            verdict.hold(visitor.name, "s until it is in the shop, untouched",
                         time.monotonic() - opened, is_in, f"within {ENTERS_S:.0f} s")
            quiet = sum("/.sluice/" in asked for asked in _asked(page))
            verdict.hold(visitor.name, "visits by a script", quiet,
                         (quiet > 0) == visitor.scripts, "some" if visitor.scripts else "none")


DRILLS = {"browser": browser}
