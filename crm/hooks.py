"""Our subscription to an account's web hooks: made by us, kept alive by us.

The unguessable part of its address is the account's own key, made here when nobody gave one. A subscription
that amoCRM has disabled (too many failures) is taken away and made anew, one with other events is replaced,
and one of an older key of ours is taken away. Hooks of other programs are never touched.
"""

import hashlib
import re
import secrets
from datetime import datetime

import structlog
from django.conf import settings

from crm import connection
from crm.client import Client, Priority
from crm.models import Account, Connection
from crm.records import Hook

log = structlog.get_logger("grafik.hooks")

KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")

EVENTS = (
    "add_lead",
    "update_lead",
    "status_lead",
    "delete_lead",
    "restore_lead",
    "responsible_lead",
    "update_contact",
    "delete_contact",
    "update_company",
    "delete_company",
)


def hash_of(webhook_key: str) -> str:
    """What Account.webhook_key_hash keeps of the unguessable part of the address."""
    return hashlib.sha256(webhook_key.encode("utf-8", "replace")).hexdigest()


def ensure(*, account: Account, at: datetime, priority: Priority = Priority.QUEUE) -> bool:
    """Make the account tell us what changes; true when something had to be made.

    Raises Unavailable, or Refused where the grant or the plan allows no web hooks. A second call makes none.
    """
    destination = address(key(account))
    return connection.run(
        account=account, at=at, work=lambda amocrm: _match(amocrm, destination), priority=priority
    )


def key(account: Account) -> str:
    """The unguessable part of the account's addresses, also what a pipeline trigger of the widget carries."""
    return account.webhook_key or _new_key(account)


def moved(*, account: Account) -> None:
    """The key was changed by a person or a file: the look that tells amoCRM (crm.upkeep) comes at once."""
    Connection.objects.filter(account=account).update(checked_at=None)


def works(hooks: list[Hook], account: Account) -> bool:
    """Is the account's subscription among these, enabled and complete?"""
    return bool(account.webhook_key) and _is_whole(hooks, address(account.webhook_key))


def address(webhook_key: str) -> str:
    """Where amoCRM sends the hooks of the account with this key."""
    return f"{_root()}{webhook_key}/"


def _root() -> str:
    return f"{settings.PUBLIC_URL}/webhooks/amocrm/"


def _new_key(account: Account) -> str:
    """An account whose key was stored as a fingerprint only gets a new one: nobody can tell the old."""
    account.webhook_key = secrets.token_urlsafe(32)
    account.webhook_key_hash = hash_of(account.webhook_key)
    account.save(update_fields=["webhook_key", "webhook_key_hash"])
    return account.webhook_key


def _is_whole(hooks: list[Hook], destination: str) -> bool:
    return any(
        hook.destination == destination and not hook.is_disabled and set(EVENTS) <= set(hook.events)
        for hook in hooks
    )


def _match(amocrm: Client, destination: str) -> bool:
    known = amocrm.hooks()
    ours = [hook for hook in known if hook.destination.startswith(_root())]
    for hook in ours:
        if hook.destination != destination or hook.is_disabled:
            amocrm.unsubscribe(destination=hook.destination)
            log.warning("web hook taken away", disabled=hook.is_disabled)
    if _is_whole(ours, destination):
        return False
    amocrm.subscribe(destination=destination, events=EVENTS)
    return True
