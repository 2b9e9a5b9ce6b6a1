"""The benchmarks (bin/benches), on private durable servers of their own in a temporary folder.

Absolute figures of a shared machine move by half from hour to hour, so each is given as a ratio to a
reference that does the least such work needs, measured in turns with it: 1.00 is as fast, 0.50 half as fast.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet

from _progress import say, stop_with
from _setup import ROOT
from benches import card, drain, issue, notice, notices, pair, save, schedule, verify, widget
from benches.measure import Figure, Size
from config import embedded

BENCHMARKS = {
    "schedule": schedule.run,
    "notice": notice.run,
    "answered": notices.answered,
    "applied": notices.applied,
    "slowest": notices.slowest,
    "duplicates": notices.duplicates,
    "links": pair.run,
    "save": save.run,
    "card": card.run,
    "verify": verify.run,
    "issue": issue.run,
    "widget": widget.run,
    "drain": drain.run,
}
INSTALLMENTS = 1_000_000
TURNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)} (default: all)"
    )
    parser.add_argument("--installments", type=int, default=INSTALLMENTS, help="rows of the large database")
    parser.add_argument("--turns", type=int, default=TURNS, help="how often each figure is taken")
    parser.add_argument("--share", type=float, default=1, help="of the usual repetitions in a turn")
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results", help="folder of the JSON")
    asked = parser.parse_args()
    names: list[str] = asked.names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        stop_with(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
    size = Size(installments=asked.installments, turns=asked.turns, share=asked.share)
    figures: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="grafik-bench-") as folder:
            figures.extend(_figures(Path(folder), names, size))
    finally:
        # A benchmark that fails takes no figure of the others with it.
        _report(figures, asked.results)


def _figures(data_dir: Path, names: list[str], size: Size) -> Iterator[Figure]:
    data_dir.chmod(0o711)  # PostgreSQL's user must be able to pass
    try:
        _start_django(data_dir)
        for name in names:
            yield BENCHMARKS[name](name, size)
    finally:
        embedded.stop(data_dir)
        embedded.erase(data_dir)


def _start_django(data_dir: Path) -> None:
    product = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "DEBUG")
    for name in product:
        os.environ.pop(name, None)
    os.environ |= {
        "DATA_DIR": str(data_dir),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    running = embedded.start(data_dir)
    # The benchmarks' own connections, and the commands they start, find the servers by their addresses.
    os.environ |= {"DATABASE_URL": running.database_url, "REDIS_URL": running.redis_url}
    os.environ |= {"SECRET_KEY": secrets.token_urlsafe(48), "FIELD_KEYS": Fernet.generate_key().decode()}

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("network", "apply", str(ROOT / "sandbox" / "demo" / "network.yaml"), stdout=sys.stderr)


def _report(figures: list[Figure], folder: Path) -> None:
    say(f"{'benchmark':<12}{'ms each':>12}{'reference':>12}{'times':>8}{'ratio':>8}   of")
    for figure in figures:
        each = f"{1000 / figure.rate:>12,.3f}{1000 / figure.reference_rate:>12,.3f}"
        say(f"{figure.name:<12}{each}{1 / figure.ratio:>8.2f}{figure.ratio:>8.3f}   {figure.reference}")
        if figure.goal:
            more = "".join(f", {name} {value:,.10g}" for name, value in figure.more.items())
            say(f"{'':<12}goal: {figure.goal}: {'kept' if figure.met else 'MISSED'}{more}")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}.json"
    target.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    say(f"\n{target}")
