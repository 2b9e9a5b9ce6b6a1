"""Operations: what became of a number. States as documented, and how to find one.

Written by payments.py and, from the seed, by history.py. One number may have several: a double payment that
went back, test payments.
"""

import secrets
from uuid import uuid4

from sandbox.store import Document, Store

COLLECTION = "robokassa.operations"
FIRST_NUMBER = 41000001
STARTED, CANCELLED, CREDITING, RETURNED, DONE = 5, 10, 50, 60, 100


def of_number(store: Store, login: str, inv_id: str) -> list[Document]:
    """The shop's operations with this number, oldest first, test ones too."""
    numbers = store.get(f"{COLLECTION}.of_number", f"{login}:{inv_id}") or {"numbers": []}
    found = (store.get(COLLECTION, number) for number in numbers["numbers"])
    return [operation for operation in found if operation]


def credited(store: Store, login: str, inv_id: str) -> bool:
    """Is there real money under this number, credited or on its way?"""
    return any(
        operation["state"] in (CREDITING, DONE) and not operation["test"]
        for operation in of_number(store, login, inv_id)
    )


def by_key(store: Store, op_key: str) -> Document | None:
    number = store.get(f"{COLLECTION}.of_key", op_key)
    return store.get(COLLECTION, number["number"]) if number else None


def unpaid(visit: Document) -> Document:
    """An operation that looks paid and is written nowhere: what a forger claims."""
    return {
        "number": "",
        "login": visit["login"],
        "inv_id": visit["inv_id"],
        "test": visit["test"],
        "out_sum": visit["out_sum"],
        "method": "BankCard",
        "label": "BankCardPSR",
        "email": visit["email"],
        "own": visit["own"],
        "op_key": str(uuid4()).upper(),
    }


def add(store: Store, operation: Document) -> None:
    """Give a new operation its number and make it findable; its state is put by the caller."""
    number = str(store.next_number("robokassa.operation", FIRST_NUMBER))
    operation |= {"number": number, "rrn": str(secrets.randbelow(10**12)).zfill(12), "refunded": "0.00"}
    index = f"{operation['login']}:{operation['inv_id']}"
    known = store.get(f"{COLLECTION}.of_number", index) or {"numbers": []}
    store.put(f"{COLLECTION}.of_number", index, {"numbers": [*known["numbers"], number]})
    store.put(f"{COLLECTION}.of_key", operation["op_key"], {"number": number})
