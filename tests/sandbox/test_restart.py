"""kill -9 of the real process between a payment and its notice; the next start goes on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.sandbox.conftest import SITE, Product

AUTH = ("pk_test", "secret")


def free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, "did not come true in 15 seconds"
        time.sleep(0.05)


class Process:
    def __init__(self, data: Path, product_url: str) -> None:
        self.port, self.smtp_port = free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "sandbox", "--port", str(self.port)]
        self._command += [
            "--smtp-port",
            str(self.smtp_port),
            "--data",
            str(data),
            "--product-url",
            product_url,
        ]
        self.start()

    def start(self) -> None:
        root = Path(__file__).parents[2]
        self._child = subprocess.Popen(self._command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        assert "ready" in self._child.stdout.readline()

    def kill(self, number: int = signal.SIGKILL) -> int:
        os.kill(self._child.pid, number)
        code = self._child.wait(10)
        assert self._child.stdout is not None
        self._child.stdout.close()
        return code


@pytest.mark.processes
def test_a_killed_sandbox_goes_on_with_its_story(tmp_path: Path, product: Product) -> None:
    process = Process(tmp_path, product.url)
    site = SITE | {"notifications": {"pay": f"{product.url}/pay"}}
    requests.post(f"{process.url}/_sandbox/seed", json={"cloudpayments": {"sites": [site]}}, timeout=5)
    order = {"Amount": 10, "Description": "Курс", "InvoiceId": "INST-1"}
    created = requests.post(
        f"{process.url}/cloudpayments/orders/create",
        json=order,
        auth=AUTH,
        headers={"X-Request-ID": "order:1"},
        timeout=5,
    )
    page = f"{process.url}/cloudpayments/d/{created.json()['Model']['Id']}"
    product.answers["pay"] = (503, "")
    paid = requests.post(page, headers={"Accept": "application/json"}, timeout=5).json()
    wait_for(lambda: product.kinds() == ["pay"])
    process.kill()

    product.answers.clear()
    process.start()
    again = requests.post(
        f"{process.url}/cloudpayments/orders/create",
        json=order,
        auth=AUTH,
        headers={"X-Request-ID": "order:1"},
        timeout=5,
    )
    assert again.content == created.content
    requests.post(f"{process.url}/_sandbox/clock", json={"speed": 600}, timeout=5)
    wait_for(lambda: len(product.of("pay")) == 2)
    first, second = product.of("pay")
    assert first.body == second.body
    assert second.fields["TransactionId"] == str(paid["TransactionId"])
    found = requests.post(
        f"{process.url}/cloudpayments/payments/find", json={"InvoiceId": "INST-1"}, auth=AUTH, timeout=5
    )
    assert found.json()["Model"]["TransactionId"] == paid["TransactionId"]
    assert process.kill(signal.SIGTERM) == 0


@pytest.mark.processes
def test_an_answer_broken_in_the_middle_is_repeated_whole(tmp_path: Path, product: Product) -> None:
    process = Process(tmp_path, product.url)
    requests.post(f"{process.url}/_sandbox/seed", json={"cloudpayments": {"sites": [SITE]}}, timeout=5)
    broken = {"service": "cloudpayments", "fault": "half_body", "count": 1}
    requests.post(f"{process.url}/_sandbox/faults", json=broken, timeout=5)

    def create() -> requests.Response:
        return requests.post(
            f"{process.url}/cloudpayments/orders/create",
            json={"Amount": 10, "Description": "Курс"},
            auth=AUTH,
            headers={"X-Request-ID": "order:1"},
            timeout=5,
        )

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        create()
    assert create().json()["Success"] is True
    assert len(requests.get(f"{process.url}/_sandbox/cloudpayments/orders", timeout=5).json()) == 1
    process.kill()


@pytest.mark.processes
def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, (other, _) = str(taken.getsockname()[1]), free_ports()
        command = [
            sys.executable,
            "-m",
            "sandbox",
            "--port",
            port,
            "--smtp-port",
            str(other),
            "--data",
            str(tmp_path),
        ]
        ended = subprocess.run(
            command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=20, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"sandbox: cannot listen on 127.0.0.1:{port}")
    assert len(ended.stderr.strip().splitlines()) == 1
