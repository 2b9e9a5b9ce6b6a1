"""Every request in and out, the last 2000, so that a black-box check can count what really happened.

In: what came to an emulator. Out: what an emulator called (notices). Credentials are not kept.
"""

import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

from sandbox.store import Document, Store

COLLECTION = "journal"
KEPT = 2000
BODY_KEPT = 8000
_SKIPPED = ("/_sandbox", "/mail", "/static", "/favicon", "/amocrm/static")
# What an open deal page asks its own server every two seconds is no traffic between systems.
_PAGES_OWN = "/_ui/"


class Journal:
    def __init__(self, store: Store) -> None:
        self._store = store

    def write(
        self, *, direction: str, service: str, method: str, url: str, status: int | None, **more: Any
    ) -> None:
        """Add one line. `status` None: no answer came."""
        number = self._store.next_number("journal")
        line = {"number": number, "at": datetime.now(UTC).isoformat(), "direction": direction}
        line |= {"service": service, "method": method, "url": url, "status": status, **more}
        with self._store.transaction():
            self._store.put(COLLECTION, str(number), line)
            if number % 100 == 0:
                self._store.keep_last(COLLECTION, KEPT)

    def lines(
        self, *, service: str = "", path: str = "", direction: str = "", method: str = ""
    ) -> list[Document]:
        """Oldest first; `path` is a part of the address."""
        return [
            line
            for line in self._store.all(COLLECTION)[-KEPT:]
            if service in ("", line["service"])
            and path in line["url"]
            and direction in ("", line["direction"])
            and method in ("", line["method"])
        ]

    def clear(self) -> None:
        self._store.clear(COLLECTION)


def install(app: Flask, journal: Journal) -> None:
    """Write down every request that is not the sandbox's own house-keeping."""

    @app.before_request
    def start() -> None:
        g.started = time.monotonic()

    @app.after_request
    def write(response: Response) -> Response:
        page_own = request.path.startswith(_SKIPPED) or _PAGES_OWN in request.path
        if request.path != "/" and not page_own:
            journal.write(
                direction="in",
                service=request.path.strip("/").split("/")[0],
                method=request.method,
                url=request.full_path.rstrip("?"),
                status=response.status_code,
                milliseconds=round((time.monotonic() - g.get("started", time.monotonic())) * 1000),
                request_id=request.headers.get("X-Request-ID", ""),
                body=request.get_data(as_text=True)[:BODY_KEPT],
            )
        return response
