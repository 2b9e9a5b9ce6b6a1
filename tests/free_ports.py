"""Free ports that follow each other: the demo takes three in a row."""

import socket
from contextlib import ExitStack


def free_run(length: int) -> int:
    """Return the first of `length` consecutive free ports."""
    for first in range(18200, 28000, 10):
        with ExitStack() as stack:
            try:
                for offset in range(length):
                    one = stack.enter_context(socket.socket())
                    one.bind(("127.0.0.1", first + offset))
            except OSError:
                continue
            return first
    raise RuntimeError("no free ports")
