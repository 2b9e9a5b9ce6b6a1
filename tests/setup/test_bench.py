"""bin/bench at the smallest size: every benchmark runs, checks what it made, and writes its figures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.long]


def bench(results: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    small = ["--installments", "240", "--turns", "1", "--share", "0.02", "--results", str(results)]
    return subprocess.run(
        [sys.executable, "bin/bench", *small, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_benchmark_writes_its_figure(tmp_path: Path) -> None:
    done = bench(tmp_path)
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.glob("*.json")
    figures = {figure["name"]: figure for figure in json.loads(written.read_text())}
    assert {"schedule", "notice", "save", "card", "verify"} <= set(figures)
    assert all(figure["ratio"] > 0 and figure["name"] in done.stdout for figure in figures.values())
    assert figures["verify"]["more"]["installments"] == 240


def test_an_unknown_benchmark_is_named(tmp_path: Path) -> None:
    done = bench(tmp_path, "nonsense")
    assert done.returncode == 1
    assert "nonsense" in done.stderr
    assert not list(tmp_path.iterdir())
