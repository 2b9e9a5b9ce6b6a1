"""The benchmarks, on private durable servers of their own in a temporary folder.

Absolute figures of a shared machine move by half from hour to hour, so each is given as a ratio to a
reference that does the least such work needs, measured in turns with it: 1.00 is as fast, 0.50 half as fast.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from _progress import Failed, say, stop_with
from _setup import ROOT
from config import embedded

TURNS = 5
_NUMBERS = count(1)


@dataclass(frozen=True)
class Figure:
    """What one benchmark came to; both rates are medians per second."""

    name: str
    reference: str
    rate: float
    reference_rate: float
    ratio: float


@dataclass(frozen=True)
class Benchmark:
    """A piece of work, the least that it needs, and how often each is done in one turn."""

    reference: str
    work: Callable[[], None]
    least: Callable[[], None]
    times: int


def main() -> None:
    known = ("schedule", "notice")
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)} (default: all)"
    )
    names: list[str] = parser.parse_args().names or list(known)
    unknown = sorted(set(names) - set(known))
    if unknown:
        stop_with(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.")
    with tempfile.TemporaryDirectory(prefix="grafik-bench-") as folder:
        figures = list(_figures(Path(folder), names))
    _report(figures)


def _figures(data_dir: Path, names: list[str]) -> Iterator[Figure]:
    data_dir.chmod(0o711)  # PostgreSQL's user must be able to pass
    try:
        _start_django(data_dir)
        made = {"schedule": _schedule, "notice": _notice}
        for name in names:
            yield _measure(name, made[name]())
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
    embedded.start(data_dir)

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("network", "apply", str(ROOT / "sandbox" / "demo" / "network.yaml"), stdout=sys.stderr)


def _schedule() -> Benchmark:
    """Twelve rows with working days, against twelve equal amounts on twelve dates."""
    from billing import workdays
    from billing.rules import schedule

    terms = schedule.Terms(total=Decimal("160000"), first_due_on=date(2026, 1, 31), count=12)
    calendar = workdays.calendar()

    def work() -> None:
        schedule.plan(terms, kept=Decimal(0), on=date(2026, 1, 1), calendar=calendar)

    def least() -> None:
        each = terms.total / 12
        [(date(2026, month, 28), each.quantize(Decimal("0.01"))) for month in range(1, 13)]

    return Benchmark("twelve equal amounts", work, least, times=2000)


def _notice() -> Benchmark:
    """A signed payment notice verified and stored by the inbox, against one committed INSERT of its bytes."""
    from django.db import connection

    from billing import inbox
    from billing.models import MerchantAccount
    from billing.providers.base import Delivery, NoticeKind

    merchant = MerchantAccount.objects.get(key="school-cloud")
    secret = json.loads(merchant.secrets_json)["api_secret"]
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE reference (id bigint PRIMARY KEY, body text NOT NULL)")

    def body(number: int) -> bytes:
        fields = {"TransactionId": number, "Amount": "1000.00", "Currency": "RUB", "OperationType": "Payment"}
        rest = {"InvoiceId": f"bench-{number}", "Status": "Completed", "DateTime": "2026-11-22 08:59:05"}
        return urlencode({**fields, **rest, "TestMode": 0, "Data": ""}).encode()

    def work() -> None:
        signed = body(next(_NUMBERS))
        mac = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        delivery = Delivery(
            method="POST",
            body=signed,
            query=b"",
            headers={"Content-HMAC": mac},
            content_type="application/x-www-form-urlencoded",
        )
        answer = inbox.take(
            provider=merchant.provider,
            merchant_key=merchant.key,
            kind=NoticeKind.PAY,
            delivery=delivery,
            at=at,
        )
        if answer.status != 200:
            raise Failed(f"The inbox answered {answer.status} {answer.body}.")

    def least() -> None:
        number = next(_NUMBERS)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO reference VALUES (%s, %s)", [number, body(number).decode()])

    return Benchmark("one committed INSERT", work, least, times=200)


def _measure(name: str, benchmark: Benchmark) -> Figure:
    """In turns, so that a slow minute of the machine is slow for both."""
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(_rate(benchmark.work, benchmark.times))
        theirs.append(_rate(benchmark.least, benchmark.times))
    ratio = statistics.median(mine / reference for mine, reference in zip(ours, theirs, strict=True))
    return Figure(name, benchmark.reference, statistics.median(ours), statistics.median(theirs), ratio)


def _rate(do: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        do()
    return times / (time.perf_counter() - started)


def _report(figures: list[Figure]) -> None:
    say(f"{'benchmark':<12}{'per second':>12}{'reference':>14}{'ratio':>10}   of")
    for figure in figures:
        rates = f"{figure.rate:>12,.0f}{figure.reference_rate:>14,.0f}{figure.ratio:>10.4f}"
        say(f"{figure.name:<12}{rates}   {figure.reference}")
    folder = ROOT / "bench-results"
    folder.mkdir(exist_ok=True)
    target = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    target.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    say(f"\n{target.relative_to(ROOT)}")
