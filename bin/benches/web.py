"""The web server under load: gunicorn as bin/serve starts it, and senders that cost the machine little."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from _progress import Failed
from _setup import ROOT
from config.embedded.ports import free_port, is_listening

START_SECONDS = 60
PROCESSES, THREADS = 2, 8


@dataclass(frozen=True)
class Load:
    """What a storm of requests came to: how many a second, and the seconds that each answer took."""

    rate: float
    seconds: list[float]

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[max(0, round(len(self.seconds) * 0.99) - 1)]


@contextmanager
def running() -> Iterator[int]:
    """The product's server with the bare door; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "benches.bare:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(PROCESSES), "--threads", str(THREADS)]
    command += ["--keep-alive", "5", "--no-control-socket", "--preload"]
    environment = os.environ | {"BENCH_SERVER": "1", "PYTHONPATH": f"{ROOT / 'bin'}{os.pathsep}{ROOT}"}
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        until = time.monotonic() + START_SECONDS
        while not is_listening(port):
            if server.poll() is not None or time.monotonic() > until:
                raise Failed("The web server of the benchmark did not start.")
            time.sleep(0.1)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def storm(port: int, requests: Sequence[bytes], *, senders: int) -> Load:
    """Send all of them by so many connections at once; every answer must be 200."""
    parts = [requests[number::senders] for number in range(senders)]
    start = threading.Barrier(senders + 1)
    taken: list[float] = []
    failures: list[str] = []
    threads = [threading.Thread(target=_send, args=(port, part, start, taken, failures)) for part in parts]
    for thread in threads:
        thread.start()
    start.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise Failed(f"The web server answered {failures[0]}.")
    return Load(len(requests) / (time.perf_counter() - started), taken)


def _send(
    port: int,
    requests: Sequence[bytes],
    start: threading.Barrier,
    taken: list[float],
    failures: list[str],
) -> None:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start.wait()
    for request in requests:
        began = time.perf_counter()
        connection.sendall(request)
        status, keeps = _answer(connection)
        taken.append(time.perf_counter() - began)
        if status != b"200":
            failures.append(status.decode())
            break
        if not keeps:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.close()


def _answer(connection: socket.socket) -> tuple[bytes, bool]:
    """The status, once the whole answer is here, and whether the connection stays."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b"nothing", False
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    left = int(headers.get(b"content-length", b"0")) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))
    return head.split(b" ", 2)[1], headers.get(b"connection") != b"close"
