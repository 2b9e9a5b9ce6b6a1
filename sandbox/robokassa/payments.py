"""What a payer decided on a visit: an operation in its state, with notice and receipt.

A number is credited once. A second real payment of it goes back to the payer (state 60) and nobody is told;
a test number may be paid again and is told again, as documented.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.robokassa import fiscal, operations, shops
from sandbox.robokassa.notices import HONEST, Delivery
from sandbox.store import Document, Store

if TYPE_CHECKING:
    from sandbox.robokassa import Service

CREDIT_JOB = "robokassa.credit"
CREDIT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One decision of a payer. `card` is empty for the fast payment system (СБП)."""

    card: str = ""
    email: str = ""
    state: int = operations.DONE
    amount: Decimal | None = None
    delivery: Delivery = HONEST


def pay(service: "Service", visit: Document, attempt: Attempt) -> Document:
    """Write the outcome of an attempt as one operation, with notice and receipt if the money is credited.

    A declined or cancelled attempt of a real number is continued by the next one: same operation, new state.
    """
    store = service.sandbox.store
    with store.transaction():
        taken = not visit["test"] and operations.credited(store, visit["login"], visit["inv_id"])
        operation = _begun(store, visit) or _new(service, visit)
        operation |= {
            "email": attempt.email or visit["email"],
            "description": visit["description"],
            "own": visit["own"],
            "out_sum": str(attempt.amount or visit["out_sum"]),
            # The lines of the link fit only its own sum.
            "receipt": None if attempt.amount else visit["receipt"],
            "free_sale": visit["free_sale"],
            "method": "BankCard" if attempt.card else "SBP",
            "label": "BankCardPSR" if attempt.card else "SBPPSR",
            "account": f"{attempt.card[:6]}******{attempt.card[-4:]}" if attempt.card else "",
        }
        pays = attempt.state in (operations.CREDITING, operations.DONE)
        _move(service, operation, operations.RETURNED if pays and taken else attempt.state)
        if operation["state"] == operations.DONE:
            _credited(service, visit["result_url2"], operation, attempt.delivery)
        elif operation["state"] == operations.CREDITING:
            due_at = service.sandbox.clock.now() + timedelta(seconds=CREDIT_SECONDS)
            payload = {"number": operation["number"], "result_url2": visit["result_url2"]}
            service.sandbox.jobs.add(CREDIT_JOB, payload, due_at)
    return operation


def credit(service: "Service", payload: dict[str, Any]) -> None:
    """The job of a payment that was being credited."""
    store = service.sandbox.store
    with store.transaction():
        operation = store.get(operations.COLLECTION, payload["number"])
        if operation is None or operation["state"] != operations.CREDITING:
            return
        _move(service, operation, operations.DONE)
        _credited(service, payload["result_url2"], operation, HONEST)


def _begun(store: Store, visit: Document) -> Document | None:
    """The operation that an earlier attempt under this number left without money."""
    left = [
        operation
        for operation in operations.of_number(store, visit["login"], visit["inv_id"])
        if operation["state"] in (operations.STARTED, operations.CANCELLED)
        and operation["test"] == visit["test"]
    ]
    return left[-1] if left else None


def _new(service: "Service", visit: Document) -> Document:
    operation = operations.unpaid(visit) | {"created_at": service.sandbox.clock.now().isoformat()}
    operations.add(service.sandbox.store, operation)
    return operation


def _move(service: "Service", operation: Document, state: int) -> None:
    operation |= {"state": state, "state_at": service.sandbox.clock.now().isoformat()}
    service.sandbox.store.put(operations.COLLECTION, operation["number"], operation)


def _credited(service: "Service", result_url2: str, operation: Document, delivery: Delivery) -> None:
    shop = shops.get(service.sandbox.store, operation["login"])
    service.notices.make(shop, operation, result_url2, delivery)
    fiscal.of_payment(service.sandbox.store, shop, operation, operation["state_at"])
