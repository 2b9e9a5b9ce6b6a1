"""Clients that others wrote, each in an environment of its own (made by bin/test)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"


def visit(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """Let the client of that name do what it is told; returns what it understood."""
    python = ROOT / "var" / "clients" / name / "bin" / "python"
    script = ROOT / "tests" / "clients" / f"{name.replace('-', '_')}_visit.py"
    if not python.exists():
        pytest.skip("its environment is made by bin/test")
    done = subprocess.run(
        [python, script], input=json.dumps(told), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
