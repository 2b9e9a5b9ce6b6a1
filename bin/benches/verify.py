"""`manage.py verify_ledger` beside a million installments, against one reading of every row that it must see.

Memory is the most that the command's process held at any moment, as the system counted it at its end.
"""

import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import psycopg2

from _progress import Failed
from _setup import ROOT
from benches import large
from benches.measure import Figure, Size

SECONDS, MEGABYTES = 60, 500
READ = """
    SELECT (SELECT sum(total) FROM billing_schedule), (SELECT sum(amount) FROM billing_installment),
           (SELECT sum(amount) FROM billing_payment), (SELECT sum(amount) FROM billing_allocation),
           (SELECT count(state) FROM billing_receipt), (SELECT count(*) FROM billing_scheduleversion)
"""


def run(name: str, size: Size) -> Figure:
    large.make(size.installments)
    seconds, megabytes = _verify()
    least = _read()
    figure = Figure(name, "one sum over every table", 1 / seconds, 1 / least, least / seconds)
    return replace(
        figure,
        goal=f"at most {SECONDS} s and {MEGABYTES} MB",
        met=seconds <= SECONDS and megabytes <= MEGABYTES,
        more={"seconds": round(seconds, 1), "megabytes": round(megabytes), "installments": size.installments},
    )


def _verify() -> tuple[float, float]:
    """Run the command on the large database; return how long it took and the most memory it held."""
    environment = {**os.environ, "DATABASE_URL": large.url(large.NAME)}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "verify_ledger"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with closing(process.stdout) as output:  # type: ignore[type-var]
        said = output.read().decode()  # type: ignore[union-attr]
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"verify_ledger found the copies broken:\n{said[-1000:]}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return time.perf_counter() - started, kilobytes / 1024


def _read() -> float:
    with closing(psycopg2.connect(large.url(large.NAME))) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(READ)
        return time.perf_counter() - started
