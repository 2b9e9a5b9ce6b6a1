"""The door for amoCRM's web hooks: unsigned, repeated, out of order, at most two seconds of patience.

The unguessable part of the address names the account and the body must agree; what the body says about leads
is only a hint that they changed. Nothing is asked of amoCRM here, and no body makes a 500.
"""

import hmac
from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm import brackets, deals, kick
from crm.hooks import hash_of
from crm.models import Account

log = structlog.get_logger("grafik.webhooks")

LEADS_MAX = 500


@csrf_exempt
@require_POST
def receive(request: HttpRequest, webhook_key: str) -> HttpResponse:
    """200 once the hints are stored, 403 for a wrong key or another account's body, 400 for no form."""
    account = _account(webhook_key)
    if account is None:
        return _answer(403, "unknown address")
    try:
        told = brackets.parse(request.body)
    except RequestDataTooBig:
        return _answer(413, "too long")
    except (brackets.Malformed, UnreadablePostError) as error:
        return _answer(400, str(error))
    if not isinstance(told.get("account"), dict):
        return _answer(400, "names no account")
    if not _is_about(told["account"], account):
        log.warning("web hook of another account", account=account.key)
        return _answer(403, "another account")
    _remember(account, told, timezone.now())
    return _answer(200, "ok")


def _account(webhook_key: str) -> Account | None:
    given = hash_of(webhook_key)
    account = Account.objects.filter(webhook_key_hash=given).first()
    return account if account and hmac.compare_digest(account.webhook_key_hash, given) else None


def _is_about(named: dict[str, Any], account: Account) -> bool:
    """Old hooks named the subdomain only."""
    number = named.get("id")
    return (
        number == str(account.external_id)
        if number is not None
        else named.get("subdomain") == account.subdomain
    )


def _remember(account: Account, told: brackets.Nested, at: datetime) -> None:
    leads = _leads(told) | dict.fromkeys(_of_contacts(account, told), False)
    if leads:
        deals.hint(account=account, leads=dict(list(leads.items())[:LEADS_MAX]), at=at)
        kick.soon("crm.refresh_hinted_deals")
    log.info("web hook", account=account.key, leads=len(leads))


def _leads(told: brackets.Nested) -> dict[int, bool]:
    """Lead id -> was it deleted; several actions and leads may come in one body."""
    found = {}
    for action, item in _events(told.get("leads")):
        lead_id = _number(item.get("id"))
        if lead_id:
            found[lead_id] = action == "delete"
    return found


def _of_contacts(account: Account, told: brackets.Nested) -> list[int]:
    """The mirrored leads of which a contact or the company changed; amoCRM sends both as contacts.

    Also those that the contact says are its own: after two contacts became one, they knew the other one.
    """
    told_of = [*_events(told.get("contacts")), *_events(told.get("companies"))]
    ids = {_number(item.get("id")) for _, item in told_of} - {0}
    if not ids:
        return []
    linked = [item.get("linked_leads_id") for _, item in told_of]
    own = {_number(lead) for listed in linked if isinstance(listed, dict) for lead in listed} - {0}
    named = sorted(own)[:LEADS_MAX]
    return list(deals.with_people(account=account, ids=ids, leads=named)[:LEADS_MAX])


def _events(entity: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(entity, dict):
        return []
    return [
        (action, item)
        for action, listed in entity.items()
        if isinstance(listed, dict)
        for item in listed.values()
        if isinstance(item, dict)
    ]


def _number(value: Any) -> int:
    """A positive number that the database can keep; 0 for anything else."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 18:
        return 0
    return int(value)


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
