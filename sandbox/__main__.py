"""`python -m sandbox`: the HTTP emulators and the SMTP mailbox until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
from pathlib import Path

import waitress  # type: ignore[import-untyped]

from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.mailbox import smtp
from sandbox.store import Store

THREADS = 32


def main() -> None:
    options = _options()
    store = Store(Path(options.data) / "sandbox.sqlite3")
    public_url = options.public_url or f"http://{options.host}:{options.port}"
    app = create_app(store=store, clock=Clock(store), product_url=options.product_url, public_url=public_url)
    jobs = app.extensions["sandbox"].jobs
    try:
        smtp.start(store, host=options.host, port=options.smtp_port)
        server = waitress.create_server(
            app, host=options.host, port=options.port, threads=THREADS, channel_timeout=180
        )
    except OSError as error:
        sys.exit(f"sandbox: cannot listen on {options.host}:{options.port} or :{options.smtp_port} ({error})")
    # What is under way is a row and will be done again, so nobody has to wait for a slow notice.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    jobs.start()
    print(f"sandbox: ready at {public_url}, mail on port {options.smtp_port}", flush=True)
    server.run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--smtp-port", type=int, default=8002)
    parser.add_argument("--data", default="var/sandbox", help="folder of the sandbox's database")
    parser.add_argument("--product-url", default="http://127.0.0.1:8000")
    parser.add_argument("--public-url", default="", help="where browsers reach the sandbox")
    return parser.parse_args()


if __name__ == "__main__":
    main()
