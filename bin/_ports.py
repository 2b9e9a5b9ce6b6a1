"""Ports on the loopback address: free or not, and whether an address answers."""

import socket
import urllib.error
import urllib.request

from _progress import Failed


def must_be_free(port: int, *, option: str, offset: int = 0) -> None:
    """Failed with one sentence when `port` is taken or none; `option` chose `port - offset`."""
    if not 0 < port < 65536:
        raise Failed(f"{port} is not a port: choose one from 1024 to 65000, for example {option} 8000.")
    with socket.socket() as probe:
        # As servers do: the port of a server that has just stopped is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = port - offset + 100
            raise Failed(
                f"Port {port} is busy: stop what listens there, or choose another with {option} {other}."
            ) from error


def answers(url: str) -> bool:
    """Whether `url` says 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
