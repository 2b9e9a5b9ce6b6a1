"""Tests of one module stay in one worker: what a module sets up once must not be set up in each."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import _test

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("tests/rules/test_allocation.py", "tests/rules/test_deposit.py", "tests/rules/test_charges.py")

pytestmark = pytest.mark.processes


def test_each_module_runs_in_one_worker_of_several() -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *_test.WORKERS, *MODULES]
    done = subprocess.run(command, cwd=ROOT, env=ours, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    workers = defaultdict(set)
    for worker, module in re.findall(r"^\[(gw\d)\] .* (tests/\S+?)::", done.stdout, re.MULTILINE):
        workers[module].add(worker)
    assert set(workers) == set(MODULES)
    assert all(len(seen) == 1 for seen in workers.values()), workers
    assert len(set.union(*workers.values())) > 1
