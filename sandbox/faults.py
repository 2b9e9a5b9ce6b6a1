"""What goes wrong on purpose, switched by the control page or `POST /_sandbox/faults`.

A fault is set for a service ("cloudpayments", "robokassa", "amocrm"), for the next `count` requests, for some
real seconds, or until it is switched off. `take` asks and uses up one. The faults in WIRE are worked by the
frame for every API call of a service (`guard`, `spoil`); the others are named by the service that knows what
they mean.
"""

import time
from collections.abc import Callable

from flask import Flask, Response, g, make_response, request

from sandbox.store import Document, Store

COLLECTION = "faults"
SLOW_SECONDS = 12.0
TIMEOUT_SECONDS = 35.0

WIRE = {
    "down": "Не отвечает (503)",
    "error_500": "Ошибка 500 до работы",
    "error_500_after_work": "Сделать и ответить 500",
    "timeout_after_create": "Создать и не ответить (35 с)",
    "slow": "Отвечать 12 секунд",
    "rate_limit": "Слишком много запросов (429)",
    "half_body": "Оборвать ответ посередине",
}


class Faults:
    def __init__(self, store: Store) -> None:
        self._store = store

    def switch(
        self, service: str, fault: str, *, count: int | None = None, seconds: float | None = None
    ) -> None:
        """Switch a fault on for `count` uses and/or real `seconds`; without both until `clear`."""
        until = time.time() + seconds if seconds is not None else None
        fault_row = {"service": service, "fault": fault, "count": count, "until": until}
        self._store.put(COLLECTION, f"{service}:{fault}", fault_row)

    def clear(self, service: str, fault: str) -> None:
        self._store.delete(COLLECTION, f"{service}:{fault}")

    def active(self) -> list[Document]:
        return [row for row in self._store.all(COLLECTION) if not _expired(row)]

    def take(self, service: str, fault: str) -> bool:
        """Is this fault on? Uses up one of its counts."""
        key = f"{service}:{fault}"
        if self._store.get(COLLECTION, key) is None:
            return False
        with self._store.transaction():
            row = self._store.get(COLLECTION, key)
            if row is None or _expired(row):
                self._store.delete(COLLECTION, key)
                return False
            if row["count"] is not None:
                row["count"] -= 1
                if row["count"] <= 0:
                    self._store.delete(COLLECTION, key)
                else:
                    self._store.put(COLLECTION, key, row)
            return True


def _expired(row: Document) -> bool:
    return row["until"] is not None and row["until"] <= time.time()


def install(app: Flask, faults: Faults, api_service: Callable[[str], str | None]) -> None:
    """Work the WIRE faults on every request whose path `api_service` gives to a service's API."""

    @app.before_request
    def guard() -> Response | None:
        g.api_service = service = api_service(request.path)
        if service is None:
            return None
        if faults.take(service, "down"):
            return make_response("Service Unavailable", 503)
        if faults.take(service, "rate_limit"):
            return make_response("Too Many Requests", 429)
        if faults.take(service, "error_500"):
            return make_response("Internal Server Error", 500)
        if faults.take(service, "slow"):
            time.sleep(SLOW_SECONDS)
        return None

    @app.after_request
    def spoil(response: Response) -> Response:
        service = g.get("api_service")
        if service is None or request.method == "GET" or response.status_code >= 300:
            return response
        if faults.take(service, "error_500_after_work"):
            return make_response("Internal Server Error", 500)
        if _creates(request.path) and faults.take(service, "timeout_after_create"):
            time.sleep(TIMEOUT_SECONDS)
        if faults.take(service, "half_body"):
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.headers["Content-Length"] = str(len(whole))
        return response


def _creates(path: str) -> bool:
    """At a payment provider only these calls make something; every write to amoCRM's API does."""
    made = (
        *("/orders/create", "/payments/refund", "/payments/tokens/charge", "/kkt/receipt"),
        *("/Refund/Create", "/Receipt/Attach", "/CreateInvoice"),
    )
    return path.endswith(made) if path.startswith(("/cloudpayments", "/robokassa")) else True
