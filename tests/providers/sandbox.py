"""Starts the real sandbox as a process of its own on free ports, with one CloudPayments site."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
START_SECONDS = 30
PUBLIC_ID, SECRET = "pk_contract", "contract-secret"


@dataclass(frozen=True)
class RunningSandbox:
    url: str

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.url}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def fault(self, name: str, count: int = 1) -> None:
        self.post("/_sandbox/faults", {"service": "cloudpayments", "fault": name, "count": count})

    def clear_faults(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=10).raise_for_status()

    def dump(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = requests.get(
            f"{self.url}/_sandbox/cloudpayments/{name}", timeout=10
        ).json()
        return rows

    def pay(self, order_url: str, **form: str) -> dict[str, Any]:
        """Press the button of an order's page as a program does."""
        answer = requests.post(
            order_url, data=form, headers={"Accept": "application/json"}, timeout=40, allow_redirects=False
        )
        answer.raise_for_status()
        outcome: dict[str, Any] = answer.json()
        return outcome


def site(public_id: str = PUBLIC_ID, notices: dict[str, str] | None = None) -> dict[str, Any]:
    """A site for the sandbox's seed; a site that it knows already is left as it is."""
    return {
        "public_id": public_id,
        "api_secret": SECRET,
        "inn": "7700000009",
        "name": "Школа",
        "url": "https://school.example.org",
        "taxation_systems": [1],
        "test_mode": False,
        "check_enabled": bool(notices),
        "notifications": notices or {},
    }


@contextlib.contextmanager
def running(data: Path) -> Iterator[RunningSandbox]:
    """A sandbox for as long as the block lasts."""
    port, smtp_port = _free_port(), _free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--smtp-port", str(smtp_port)]
    log = (data / "sandbox.log").open("wb")
    process = subprocess.Popen(
        [*command, "--data", str(data)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ)
    )
    try:
        found = RunningSandbox(f"http://127.0.0.1:{port}")
        _wait(found, process, data / "sandbox.log")
        found.post("/_sandbox/seed", {"cloudpayments": {"sites": [site()]}})
        yield found
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


def _wait(sandbox: RunningSandbox, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the sandbox did not start: {log.read_text()[-2000:]}")
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{sandbox.url}/_sandbox/health", timeout=2).ok:
                return
        time.sleep(0.1)
    raise RuntimeError("the sandbox does not answer")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
