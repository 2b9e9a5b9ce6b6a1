"""The widget in a real browser on a demo of its own: opening a deal until its card can be read, and the click
until both links stand there.

Counted by the page's own clock, without and with 200 ms of added network. The reference is the least that a
browser can do here: a page of one word from the same product. Everything is the 95th percentile.
"""

import itertools
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _setup import ROOT
from benches.measure import Figure, Size
from config import embedded
from config.embedded.ports import free_port, is_listening

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEALS = "demoschool/leads/"
ROW = 'a[href*="/leads/detail/"]'
BOOKING = "demoquests/leads/detail/8800104"
CARD_GOAL, LINKS_GOAL = 700.0, 500.0
ADDED_MS = 200
OPENINGS, CLICKS = 30, 30
STUDENTS = 300
START_SECONDS = 600
PATIENCE_MS = 30_000
# Ours: whatever tells the benchmark's own servers apart must not reach the demo.
OWN = (
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "SECRET_KEY",
    "FIELD_KEYS",
    "PUBLIC_URL",
    "DJANGO_SETTINGS_MODULE",
)
OPEN = """(lead) => new Promise((resolve) => {
  const started = performance.now();
  const seen = () => {
    if (!document.querySelector('[data-figure]')) return;
    watcher.disconnect();
    resolve(performance.now() - started);
  };
  const watcher = new MutationObserver(seen);
  watcher.observe(document, { childList: true, subtree: true });
  document.querySelector(`a[href$="/leads/detail/${lead}"]`).click();
})"""
CLICK = """() => new Promise((resolve) => {
  const button = document.querySelector('[data-action="links"]');
  const started = performance.now();
  const done = () => {
    const again = document.querySelector('[data-action="links"]');
    if (!again || again.hasAttribute('aria-busy')) return;
    if (document.querySelectorAll('[data-link]').length !== 2) return;
    watcher.disconnect();
    resolve(performance.now() - started);
  };
  const watcher = new MutationObserver(done);
  watcher.observe(document.querySelector('.js-grafik'), { childList: true, subtree: true });
  button.click();
})"""


def run(name: str, size: Size) -> Figure:
    from playwright.sync_api import sync_playwright

    found: dict[str, float] = {}
    with _demo(size.times(STUDENTS)) as (product, sandbox), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for added, word in ((0, ""), (ADDED_MS, f" +{ADDED_MS} ms")):
            found[f"bare{word}"] = _loads(browser, f"{product}/healthz", added, size)
            found[f"card{word}"] = _openings(browser, f"{sandbox}/amocrm/{DEALS}", added, size)
            found[f"links{word}"] = _clicks(browser, f"{sandbox}/amocrm/{BOOKING}", added, size)
        browser.close()
    met = found["card"] < CARD_GOAL and found["links"] < LINKS_GOAL
    goal = f"p95 in ms: card under {CARD_GOAL:g}, links under {LINKS_GOAL:g}"
    rate, bare = 1000 / found["card"], 1000 / found["bare"]
    reference = "a page of one word in the same browser"
    return Figure(
        name, reference, rate, bare, rate / bare, goal, met, {k: round(v) for k, v in found.items()}
    )


def _loads(browser: "Browser", address: str, added: int, size: Size) -> float:
    """From the start of a navigation until the bare page is there."""
    page = _page(browser, added)
    taken = []
    for _ in range(size.times(OPENINGS)):
        page.goto(address)
        taken.append(
            float(page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart"))
        )
    page.context.close()
    return _p95(taken)


def _openings(browser: "Browser", address: str, added: int, size: Size) -> float:
    """From the click on a deal in amoCRM's list until its card can be read, another deal each time."""
    page = _page(browser, added)
    page.goto(address)
    page.wait_for_selector(ROW, timeout=PATIENCE_MS)
    leads = page.eval_on_selector_all(ROW, "rows => rows.map((row) => row.href.split('/').pop())")
    taken = []
    for lead in itertools.islice(itertools.cycle(leads), size.times(OPENINGS)):
        page.wait_for_selector(f'a[href$="/leads/detail/{lead}"]', timeout=PATIENCE_MS)
        taken.append(float(page.evaluate(OPEN, lead)))
        page.go_back()
    page.context.close()
    return _p95(taken)


def _clicks(browser: "Browser", address: str, added: int, size: Size) -> float:
    """From the click until both links stand there; the button makes them anew each time."""
    page = _page(browser, added)
    page.goto(address)
    page.wait_for_selector('[data-action="links"]', timeout=PATIENCE_MS)
    taken = [float(page.evaluate(CLICK)) for _ in range(size.times(CLICKS))]
    page.context.close()
    return _p95(taken)


def _page(browser: "Browser", added: int) -> "Page":
    page = browser.new_context(locale="ru-RU").new_page()
    if added:
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        slow = {"offline": False, "latency": added, "downloadThroughput": -1, "uploadThroughput": -1}
        wire.send("Network.emulateNetworkConditions", slow)
    return page


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]


@contextmanager
def _demo(students: int) -> Iterator[tuple[str, str]]:
    """A demo with a history of so many students, on ports and in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="grafik-bench-demo-") as folder:
        data = Path(folder)
        data.chmod(0o711)
        port = _free_pair()
        command = [sys.executable, "bin/demo", "--port", str(port), "--data", folder, "--no-browser"]
        command += ["--students", str(students)]
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        with (data / "demo.out").open("wb") as out:
            running = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=environment)
        try:
            _wait(running, data / "demo.out")
            yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=60)
            embedded.erase(data)


def _wait(running: "subprocess.Popen[bytes]", out: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while "Ready after" not in out.read_text():
        if running.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the demo did not start:\n{out.read_text()[-2000:]}")
        time.sleep(0.5)


def _free_pair() -> int:
    """A port whose neighbours are free too: product, sandbox and its mailbox."""
    while True:
        port = free_port()
        if port < 65_000 and not any(is_listening(port + step) for step in (1, 2)):
            return port


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("Chromium is not installed: bin/test installs it")
