"""Shops the emulator knows: passwords, hash method, addresses."""

from typing import Any

from sandbox.robokassa import signing
from sandbox.store import Document, Store

COLLECTION = "robokassa.shops"
_METHODS = ("GET", "POST")


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add the shops that are not there yet; a known shop is left as it is."""
    for row in data.get("shops", []):
        login = row["login"]
        shop = _complete(row)
        if not {shop["algorithm"], shop["test_algorithm"]} <= set(signing.ALGORITHMS):
            raise ValueError(f"unknown algorithm of shop {login}")
        if not {shop["result_method"], shop["success_method"], shop["fail_method"]} <= set(_METHODS):
            raise ValueError(f"method of shop {login} is neither GET nor POST")
        if store.get(COLLECTION, login) is None:
            store.put(COLLECTION, login, row)


def _complete(row: Document) -> Document:
    """With what the seed left out; filled in when read, so that a story from an older seed goes on."""
    defaults = {
        "password3": "",
        "test_password1": "",
        "test_password2": "",
        "algorithm": "md5",
        "name": row["login"],
        "inn": "",
        "url": "https://shop.example.org",
        "result_url": "",
        "result_method": "POST",
        "success_url": "",
        "success_method": "GET",
        "fail_url": "",
        "fail_method": "GET",
        "active": True,
        "fiscal": True,
    }
    derived = {
        "legal_name": row.get("name", row["login"]),
        "test_algorithm": row.get("algorithm", "md5"),
        "password1": row["password1"],
        "password2": row["password2"],
    }
    return defaults | derived | row


def find(store: Store, login: str) -> Document | None:
    row = store.get(COLLECTION, login)
    return _complete(row) if row else None


def get(store: Store, login: str) -> Document:
    shop = find(store, login)
    if shop is None:
        raise LookupError(f"no shop {login}")
    return shop


def passwords(shop: Document, *, test: bool) -> tuple[str, str, str]:
    """Hash method, Password#1 and Password#2 of real or of test payments."""
    kind = "test_" if test else ""
    return shop[f"{kind}algorithm"], shop[f"{kind}password1"], shop[f"{kind}password2"]
