"""ResultURL and ResultUrl2: what the shop is told about money, and how often.

ResultURL goes by GET or POST as the shop is set, signed with Password#2, and comes again every minute with
the same bytes until the answer is `OK<InvId>` and nothing else. How many times is undocumented: 100 here.
ResultUrl2 is asked for by the link, is never sent for a test payment, and is repeated at most five times
until any 2xx.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests

from sandbox.jobs import Retry
from sandbox.robokassa import jws, shops, signing
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.app import Sandbox

COLLECTION = "robokassa.notices"
JOB = "robokassa.notice"
RETRY_SECONDS = 60
MAX_ATTEMPTS = {"result": 100, "result2": 6}
TIMEOUT_SECONDS = 30
NOTICES_KEPT = 2000
ATTEMPTS_KEPT = 20
_FEE = Decimal("0.039")
LATE_SECONDS = 30
FORM = "application/x-www-form-urlencoded"
FAULTS = {
    "lose_notice": "Потерять уведомление",
    "notice_twice": "Уведомить дважды",
    "late_notice": f"Уведомить через {LATE_SECONDS} секунд",
    "forged_notice": "Подписать уведомление неверно (повтор будет верным)",
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How a notice is sent; the defaults are the honest way. `early_jws`: ResultUrl2 does not wait."""

    delay_seconds: float = 0
    copies: int = 1
    forged: bool = False
    lost: bool = False
    early_jws: bool = False


HONEST = Delivery()


def out_sum(operation: Document) -> str:
    """The sum as notices and redirects write it: six decimals, in tests two."""
    amount = Decimal(operation["out_sum"])
    return f"{amount:.2f}" if operation["test"] else f"{amount:.6f}"


def result_fields(operation: Document, algorithm: str, password2: str) -> dict[str, str]:
    """The fields of ResultURL in the order they are sent; the old names come beside the new ones."""
    total, inv_id = out_sum(operation), operation["inv_id"]
    own: dict[str, str] = operation["own"]
    signature = signing.digest(algorithm, signing.notice_text(total, inv_id, password2, own)).upper()
    fields = {
        "out_summ": total,
        "OutSum": total,
        "inv_id": inv_id,
        "InvId": inv_id,
        "crc": signature,
        "SignatureValue": signature,
        "PaymentMethod": operation["method"],
        "IncSum": total,
        "IncCurrLabel": operation["label"],
        "Fee": _fee(operation),
        "EMail": "" if operation["test"] else operation["email"],
    }
    return fields | ({"IsTest": "1"} if operation["test"] else {}) | own


def _fee(operation: Document) -> str:
    if operation["test"]:
        return "0.0"
    return str((Decimal(operation["out_sum"]) * _FEE).quantize(Decimal("0.01")))


class Notices:
    """Makes, sends and remembers the notices of one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        sandbox.jobs.register(JOB, self._deliver)

    def make(
        self, shop: Document, operation: Document, result_url2: str, delivery: Delivery = HONEST
    ) -> None:
        """Remember the notices of credited money and their jobs, in the transaction of the money."""
        delivery = self._spoilt(delivery)
        algorithm, _, password2 = shops.passwords(shop, test=operation["test"])
        if shop["result_url"]:
            right, wrong = (
                urlencode(result_fields(operation, algorithm, password))
                for password in (password2, f"not-{password2}")
            )
            self._keep(operation, "result", shop["result_url"], right, wrong, delivery)
        if result_url2 and not operation["test"]:
            token = jws.notification(self._store, operation, self._sandbox.clock.now())
            self._keep(operation, "result2", result_url2, token, jws.tampered(token), delivery)

    def forge(self, shop: Document, operation: Document, *, password: str) -> None:
        """A stranger's ResultURL about money that never was: one attempt, signed with `password`."""
        algorithm, _, _ = shops.passwords(shop, test=operation["test"])
        body = urlencode(result_fields(operation, algorithm, password))
        if shop["result_url"]:
            self._send(shop["result_method"], shop["result_url"], body, FORM, "forged result")

    def _keep(
        self, operation: Document, kind: str, address: str, body: str, wrong_body: str, delivery: Delivery
    ) -> None:
        number = str(self._store.next_number("robokassa.notice"))
        notice = {
            "number": number,
            "login": operation["login"],
            "kind": kind,
            "address": address,
            "body": body,
            "wrong_body": wrong_body,
            "about": operation["inv_id"],
            "made_at": self._sandbox.clock.now().isoformat(),
            "state": "lost" if delivery.lost else "waiting",
            "attempts": [],
        }
        self._store.put(COLLECTION, number, notice)
        if int(number) % 100 == 0:
            self._store.keep_last(COLLECTION, NOTICES_KEPT)
        if delivery.lost:
            return
        delay_seconds = 0 if delivery.early_jws and kind == "result2" else delivery.delay_seconds
        for _ in range(delivery.copies):
            _plan(self._sandbox, number, delay_seconds, forged=delivery.forged)

    def _spoilt(self, delivery: Delivery) -> Delivery:
        """The delivery after the switched-on faults had their say."""
        on = {fault for fault in FAULTS if self._sandbox.faults.take("robokassa", fault)}
        return Delivery(
            delay_seconds=delivery.delay_seconds + (LATE_SECONDS if "late_notice" in on else 0),
            copies=max(delivery.copies, 2 if "notice_twice" in on else 1),
            forged=delivery.forged or "forged_notice" in on,
            lost=delivery.lost or "lose_notice" in on,
            early_jws=delivery.early_jws,
        )

    def _deliver(self, payload: dict[str, Any]) -> None:
        notice = self._store.get(COLLECTION, payload["number"])
        if notice is None:
            return
        kind = notice["kind"]
        body = notice["wrong_body"] if payload["forged"] else notice["body"]
        method = "POST"
        if kind == "result":
            method = shops.get(self._store, notice["login"])["result_method"]
        content_type = FORM if kind == "result" else "application/json"
        answer = self._send(method, notice["address"], body, content_type, kind)
        accepted = answer is not None and _accepted(notice, answer)
        gives_up = not accepted and payload["attempt"] >= MAX_ATTEMPTS[kind]
        state = "delivered" if accepted else "gave up" if gives_up else "waiting"
        self._remember(notice["number"], answer, state)
        if not accepted and not gives_up:
            again = payload | {"attempt": payload["attempt"] + 1, "forged": False}
            raise Retry(RETRY_SECONDS, again)

    def _remember(self, number: str, answer: requests.Response | None, state: str) -> None:
        with self._store.transaction():
            notice = self._store.get(COLLECTION, number)
            if notice is None:
                return
            attempt = {
                "at": self._sandbox.clock.now().isoformat(),
                "status": answer.status_code if answer is not None else None,
                "answer": answer.text[:200] if answer is not None else "нет ответа",
            }
            notice["attempts"] = [*notice["attempts"], attempt][-ATTEMPTS_KEPT:]
            # A copy that fails after another one was accepted does not make the notice undelivered.
            if notice["state"] != "delivered":
                notice["state"] = state
            self._store.put(COLLECTION, number, notice)

    def _send(
        self, method: str, address: str, body: str, content_type: str, note: str
    ) -> requests.Response | None:
        """One request without redirects (they break real deliveries); None when no answer came."""
        answer: requests.Response | None = None
        url, data = address, body.encode()
        if method == "GET":
            url, data = f"{address}{'&' if '?' in address else '?'}{body}", b""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    method,
                    url,
                    data=data or None,
                    headers={"Content-Type": content_type} if data else {},
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException:
            answer = None
        self._sandbox.journal.write(
            direction="out",
            service="robokassa",
            method=method,
            url=url,
            status=answer.status_code if answer is not None else None,
            note=note,
            body=data.decode(),
        )
        return answer


def send_again(sandbox: "Sandbox", number: str) -> None:
    """Deliver a remembered notice once more. Raises LookupError."""
    if sandbox.store.get(COLLECTION, number) is None:
        raise LookupError(f"no notice {number}")
    _plan(sandbox, number, 0, forged=False)


def _accepted(notice: Document, answer: requests.Response) -> bool:
    if notice["kind"] == "result2":
        return 200 <= answer.status_code < 300
    return answer.status_code == 200 and answer.content == f"OK{notice['about']}".encode()


def _plan(sandbox: "Sandbox", number: str, delay_seconds: float, *, forged: bool) -> None:
    due_at = sandbox.clock.now() + timedelta(seconds=delay_seconds)
    sandbox.jobs.add(JOB, {"number": number, "attempt": 1, "forged": forged}, due_at)
