"""bin/test: sets up what only tests need, then every check and test there is; a line with its time for each.

A failed check does not hide the ones after it; the exit code is that of the worst. Given pytest arguments,
pytest runs alone with them.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import _checks
from _catalogues import compile_catalogues
from _checks import Result
from _progress import Failed, elapsed, say, stop_with
from _setup import ROOT, apt, beside

OLDEST_NODE = 20
# Programs that others wrote: they prove the emulators (tests/clients), each in an environment of its own.
CLIENTS = (
    "aioamocrm",
    "robokassa",
    "aiorobokassa",
    "cloudpayments",
    "cloudpayments-sdk",
    "aiocloudpayments",
)
# What stays together and what begins is tests/conftest.py's.
WORKERS = ("--numprocesses=2", "--dist=loadscope", "--no-loadscope-reorder")
_PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")


def main() -> None:
    arguments = sys.argv[1:]
    try:
        _system_packages()
        for client in CLIENTS:
            beside(client)
    except Failed as error:
        stop_with(error)
    compile_catalogues(ROOT)
    if arguments:
        sys.exit(_pytest(arguments).returncode)
    results = [_checks.run(name, command) for name, command in _checks.commands().items()]
    results += _widget()
    started = time.monotonic()
    # Last, because the reader of the output looks for pytest's closing line.
    tests = _pytest(WORKERS)
    results.append(Result("pytest", time.monotonic() - started, tests.returncode == 0))
    say("")
    for result in results:
        say(_checks.line(result))
    failed = [result.name for result in results if not result.passed]
    say(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'All passed'} after {elapsed():.0f} s")
    sys.exit(1 if failed else 0)


def _system_packages() -> None:
    """Chromium, fonts for its pictures and what WeasyPrint loads; the servers come as wheels (demo.lock)."""
    wanted: list[str] = []
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        wanted += ["chromium", "fonts-liberation"]
    known = _loadable_libraries()
    wanted += [package for package in _PANGO if _library_of(package) not in known]
    if wanted:
        apt(wanted, why="What the browser and document tests need")


def _library_of(package: str) -> str:
    return {
        "libpango-1.0-0": "libpango-1.0.so.0",
        "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
        "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
    }[package]


def _loadable_libraries() -> set[str]:
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return {_library_of(package) for package in _PANGO}
    shown = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^\s+(\S+) \(", shown, re.MULTILINE))


def _pytest(arguments: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False)


def _widget() -> list[Result]:
    """The widget's own tests and the proof that the built file is current; both need Node."""
    folder = ROOT / "widget_js"
    if not _node_is_new_enough():
        say(f"-       widget: Node {OLDEST_NODE} or newer is not here, its tests did not run")
        return []
    prepared = []
    if not _packages_are_current(folder):
        prepared = [_npm("packages", ["npm", "ci", "--no-audit", "--no-fund"])]
    return [
        *prepared,
        _npm("widget", ["npm", "test", "--silent"]),
        _npm("widget build", ["npm", "run", "check"]),
    ]


def _packages_are_current(folder: Path) -> bool:
    """npm writes its note of what it installed; a lock file that is newer has more or others."""
    installed = folder / "node_modules" / ".package-lock.json"
    wanted = folder / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime


def _npm(name: str, command: Sequence[str]) -> Result:
    return _checks.run(name, ["env", "-C", str(ROOT / "widget_js"), *command])


def _node_is_new_enough() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", shown)
    return bool(found) and int(found.group(1)) >= OLDEST_NODE if found else False
