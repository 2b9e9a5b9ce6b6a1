"""Free ports that follow each other: the demo takes three in a row."""

import os
import socket
from contextlib import ExitStack


def free_run(length: int) -> int:
    """Return the first of `length` consecutive free ports; workers of one run look in ranges of their own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = 18200 + worker % 4 * 2400
    for first in range(start, start + 2400, 10):
        with ExitStack() as stack:
            try:
                for offset in range(length):
                    one = stack.enter_context(socket.socket())
                    one.bind(("127.0.0.1", first + offset))
            except OSError:
                continue
            return first
    raise RuntimeError("no free ports")
