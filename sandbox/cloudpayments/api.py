"""The API's door: credentials, limits, replay by X-Request-ID, envelopes.

An answer given under an X-Request-ID is kept for an hour and given again byte for byte, whatever is asked
then. The work and its kept answer are one transaction: a killed sandbox has both or none. A second call under
an id waits for the first.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Blueprint, Response, request

from sandbox.cloudpayments import chargebacks, orders, payments, receipts, registry, sites, wire
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.cloudpayments import Service

ANSWERS = "cloudpayments.answers"
ANSWERS_KEPT = 5000
REPLAY_LIFETIME = timedelta(seconds=3600)
PARALLEL_TEST, PARALLEL_LIVE = 5, 30

Handler = Callable[["Service", Document, wire.Parameters], Document]

HANDLERS: dict[str, Handler] = {
    "/test": lambda service, site, given: wire.envelope(message=str(uuid4())),
    "/orders/create": lambda service, site, given: orders.create(service.sandbox, site, given),
    "/orders/cancel": lambda service, site, given: orders.cancel(service.sandbox, site, given),
    "/payments/get": registry.get,
    "/payments/find": registry.find,
    "/payments/list": registry.list_day,
    "/v2/payments/find": registry.find_v2,
    "/v2/payments/list": registry.list_v2,
    "/payments/tokens/list": registry.list_tokens,
    "/chargebacks/list": chargebacks.listed,
    "/payments/confirm": payments.confirm,
    "/payments/void": payments.void,
    "/payments/refund": payments.refund,
    "/kkt/receipt": receipts.create,
    "/kkt/receipt/status/get": receipts.status,
    "/kkt/receipt/get": receipts.get,
}
CHARGE = "/payments/tokens/charge"


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    door = _Door(service)
    for path in (*HANDLERS, CHARGE):
        # A public client asks /test by GET; the documentation knows POST only.
        methods = ["POST", "GET"] if path == "/test" else ["POST"]
        blueprint.add_url_rule(path, f"api:{path.replace('.', '_')}", door.view(path), methods=methods)


class _Door:
    def __init__(self, service: "Service") -> None:
        self._service = service
        self._guard = threading.Lock()
        self._at_work: Counter[str] = Counter()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def view(self, path: str) -> Callable[[], Response]:
        def answer() -> Response:
            site = sites.authenticated(self._service.sandbox.store, request)
            if site is None:
                refusal = Response("Unauthorized", 401, mimetype="text/html")
                refusal.headers["WWW-Authenticate"] = "Basic"
                return refusal
            with self._place(site) as free:
                if not free:
                    return Response("Too Many Requests", 429)
                return Response(self._replayed(site, path), mimetype="application/json")

        return answer

    @contextmanager
    def _place(self, site: Document) -> Iterator[bool]:
        """One of the calls a site may have at work at the same time."""
        name, limit = site["public_id"], PARALLEL_TEST if site["test_mode"] else PARALLEL_LIVE
        with self._guard:
            free = self._at_work[name] < limit
            self._at_work[name] += free
        try:
            yield free
        finally:
            with self._guard:
                self._at_work[name] -= free

    def _replayed(self, site: Document, path: str) -> str:
        request_id = request.headers.get("X-Request-ID", "")
        if not request_id:
            return self._work(site, path, None)
        key = f"{site['public_id']}:{request_id}"
        with self._guard:
            lock = self._locks[key]
        with lock:
            kept = self._service.sandbox.store.get(ANSWERS, key)
            now = self._service.sandbox.clock.now()
            if kept and now - datetime.fromisoformat(kept["at"]) < REPLAY_LIFETIME:
                return str(kept["body"])
            return self._work(site, path, key)

    def _work(self, site: Document, path: str, key: str | None) -> str:
        """Do it and keep the answer, as one transaction; refusals are answers too."""
        try:
            given = wire.read(request)
            checked = payments.check_charge(self._service, site, given) if path == CHARGE else None
        except wire.Refused as refused:
            return self._kept(key, refused.envelope())
        with self._service.sandbox.store.transaction():
            try:
                answer = self._handle(path, site, given, checked)
            except wire.Refused as refused:
                # Handlers refuse before they write; committed, because a fault's used count must stay used.
                answer = refused.envelope()
            return self._kept(key, answer)

    def _handle(self, path: str, site: Document, given: wire.Parameters, checked: Any) -> Document:
        if checked is not None:
            return payments.charge(self._service, site, checked, given)
        return HANDLERS[path](self._service, site, given)

    def _kept(self, key: str | None, answer: Document) -> str:
        """The body to send, remembered under its X-Request-ID if there is one."""
        body, store = wire.dump(answer), self._service.sandbox.store
        if key is None:
            return body
        with store.transaction():
            # Deleted first, so that a renewed id counts as young when the oldest are dropped.
            store.delete(ANSWERS, key)
            store.put(ANSWERS, key, {"body": body, "at": self._service.sandbox.clock.now().isoformat()})
            if store.next_number("cloudpayments.answer") % 100 == 0:
                store.keep_last(ANSWERS, ANSWERS_KEPT)
        return body
