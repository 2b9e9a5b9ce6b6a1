"""Merchants ("sites", terminals) the emulator knows: keys, notice addresses, cash register."""

import hmac
from typing import Any

from flask import Request

from sandbox.store import Document, Store

COLLECTION = "cloudpayments.sites"
NOTICES = ("check", "pay", "fail", "confirm", "refund", "cancel", "receipt", "recurrent")


def seed(store: Store, data: dict[str, Any]) -> None:
    """Add the sites that are not there yet; a known site is left as it is."""
    for row in data.get("sites", []):
        unknown = set(row.get("notifications", {})) - set(NOTICES)
        if unknown:
            raise ValueError(
                f"unknown notifications of site {row['public_id']}: {', '.join(sorted(unknown))}"
            )
        if store.get(COLLECTION, row["public_id"]) is None:
            store.put(COLLECTION, row["public_id"], {"api_secret": row["api_secret"]} | row)


def _complete(row: Document) -> Document:
    """With what the seed left out; filled in when read, so that a story from an older seed goes on."""
    defaults = {
        "inn": "",
        "name": "Магазин",
        "url": "https://shop.example.org",
        "taxation_systems": [0, 1, 2, 4, 5],
        "notifications": {},
        "notification_format": "form",
        "check_enabled": True,
        "test_mode": True,
    }
    return defaults | {"legal_name": row.get("name", "Магазин")} | row


def get(store: Store, public_id: str) -> Document:
    site = store.get(COLLECTION, public_id)
    if site is None:
        raise LookupError(f"no site {public_id}")
    return _complete(site)


def authenticated(store: Store, request: Request) -> Document | None:
    """The site of the Basic credentials (Public ID and API secret), or None."""
    given = request.authorization
    if given is None or given.type != "basic" or not given.username:
        return None
    site = store.get(COLLECTION, given.username)
    secret = (given.password or "").encode()
    if site is None or not hmac.compare_digest(site["api_secret"].encode(), secret):
        return None
    return _complete(site)
