"""Questions that amoCRM's documentation leaves open, asked of a technical account; answers go into a file.

Each question is one small call whose answer is written down as it came (status, type, the beginning of the
body), never a token or a person's data. Most read only; those that write do so on the deal that was named and
put the old value back. Two are rough, and therefore only for a technical account: a burst above the limit,
and a second use of a refresh token, after which the account may have to be connected again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crm import connection, hooks, limits, transport
from crm.client import CrmError, Priority, Refused
from crm.models import Account, Connection, Deal, DealHint, Integration
from crm.token_claims import claims_of
from crm.transport import Line

BURST = 16
SNIPPET = 300
PAUSE_AFTER_BURST = 5.0
HOOK_SECONDS = 10.0
UNKNOWN_LEAD = 1
NAMES = ("entity_merged", "outgoing_chat_message")


@dataclass(frozen=True)
class Answer:
    """What was asked, in the words of the documentation's gap, and what came back."""

    question: str
    answer: str


@dataclass(frozen=True)
class _Asked:
    """The account that is asked, and the deal that may be written to."""

    account: Account
    line: Line
    lead_id: int | None
    at: datetime

    def call(self, method: str, path: str, **more: Any) -> str:
        """Status, type and the beginning of the body of one call."""
        return _words(self.line.raw(method, path, **more))


def ask(*, account: Account, lead_id: int | None, at: datetime) -> list[Answer]:
    """Ask everything; a question that cannot be put says why. Raises NeedsReconnect before any."""
    token = connection.access_token(account, at)
    line = Line(
        subdomain=account.subdomain, token=token, priority=Priority.PERSON, patience=transport.READ_SECONDS
    )
    asked = _Asked(account, line, lead_id, at)
    answers = []
    for question, put in QUESTIONS.items():
        try:
            answers.append(Answer(question, put(asked)))
        except CrmError as error:
            answers.append(Answer(question, f"not answered: {error}"))
    return answers


def write(folder: Path, *, account: Account, answers: list[Answer], at: datetime) -> Path:
    """Keep the answers as JSON beside those of other days; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{account.key}-{at:%Y%m%dT%H%M%SZ}.json"
    document = {"account": account.key, "at": at.isoformat(), "answers": [asdict(one) for one in answers]}
    target.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return target


def _words(response: Any) -> str:
    kind = response.headers.get("Content-Type", "no type")
    after = response.headers.get("Retry-After")
    text = response.content[:SNIPPET].decode("utf-8", "replace")
    return f"{response.status_code} {kind}" + (f", Retry-After {after}" if after else "") + f": {text}"


def _version(asked: _Asked) -> str:
    found = asked.line.call("GET", "/api/v4/account", query={"with": "version,drive_url,invoices_settings"})
    wanted = ("version", "drive_url", "invoices_settings", "currency")
    return json.dumps({name: found.get(name, "absent") for name in wanted}, ensure_ascii=False)


def _scopes(asked: _Asked) -> str:
    claims = claims_of(asked.line.token)
    return f"scopes {claims.get('scopes', 'not said')}, api_domain {claims.get('api_domain', 'not said')}"


def _types(asked: _Asked) -> str:
    found = asked.call("GET", "/api/v4/events/types")
    whole = asked.line.call("GET", "/api/v4/events/types") if found.startswith("200") else {}
    listed = json.dumps(whole)
    return f"{found[:60]}; " + ", ".join(f"{name}: {'yes' if name in listed else 'no'}" for name in NAMES)


def _hooks_seen(asked: _Asked) -> str:
    """The status only: addresses of other programs' hooks are their secrets."""
    response = asked.line.raw("GET", "/api/v4/webhooks?limit=1")
    return f"{response.status_code} {response.headers.get('Content-Type', 'no type')}"


def _catalog_hooks(asked: _Asked) -> str:
    destination = hooks.address("probe")
    body = {"destination": destination, "settings": ["add_catalog_element", "update_catalog_element"]}
    told = asked.call("POST", "/api/v4/webhooks", body=body)
    if told.startswith("201"):
        asked.call("DELETE", "/api/v4/webhooks", body={"destination": destination})
    return told


def _minor_units(asked: _Asked) -> str:
    if asked.lead_id is None:
        return "not asked: name a deal"
    found = asked.line.call("GET", f"/api/v4/leads/{asked.lead_id}") or {}
    return str(found.get("price_with_minor_units", "absent"))


def _date_zone(asked: _Asked) -> str:
    """What a date reads back as, when it was written as midnight of the account's zone."""
    field = next(
        (asked.account.fields[name] for name in ("next_due_on",) if name in asked.account.fields), None
    )
    if asked.lead_id is None or field is None:
        return "not asked: name a deal, map next_due_on"
    path = f"/api/v4/leads/{asked.lead_id}"
    before = _value(asked.line.call("GET", path), field)
    deal = Deal(account=asked.account, external_id=asked.lead_id)
    day = deal.local_day(asked.at)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=deal.zone).timestamp())
    try:
        asked.line.call("PATCH", path, body=_patch(field, midnight))
        after = _value(asked.line.call("GET", path), field)
    finally:
        asked.line.call("PATCH", path, body=_patch(field, before))
    return f"wrote {midnight} ({asked.account.time_zone} midnight), read {after}"


def _own_hook(asked: _Asked) -> str:
    """Our own write of the question before: does a hook come for it? A worker reads the deal then."""
    if asked.lead_id is None:
        return "not asked: name a deal"
    known = Deal.objects.of(asked.account, asked.lead_id)
    hinted = DealHint.objects.filter(account=asked.account, lead_id=asked.lead_id, created_at__gte=asked.at)
    until = time.monotonic() + HOOK_SECONDS
    while not (hinted.exists() or known.filter(fetched_at__gte=asked.at).exists()):
        if time.monotonic() >= until:
            return f"no hook came in {HOOK_SECONDS:g} s (is the web server reachable, the deal known?)"
        time.sleep(0.2)
    return "a hook came"


def _burst(asked: _Asked) -> str:
    """More calls at once than the limit permits: what the refusal looks like. Then the account rests."""
    refusals = []
    for _number in range(BURST):
        response = asked.line.raw("GET", "/api/v4/account", within_limit=False)
        if response.status_code != 200:
            refusals.append(_words(response))
            break
    limits.pause(asked.account.subdomain, at_least=PAUSE_AFTER_BURST)
    return refusals[0] if refusals else f"{BURST} calls in a row were all answered"


def _family(asked: _Asked) -> str:
    """Does the second use of a refresh token kill the newer pair too?"""
    row = Connection.objects.get(account=asked.account)
    own = Integration.objects.filter(account=asked.account, purpose=Integration.Purpose.API).first()
    if not row.refresh_token or own is None:
        return "not asked: a long-lived token has no refresh token"
    used = row.refresh_token
    connection.renew(asked.account, failed=row.access_token, at=asked.at)
    try:
        connection.exchanged(
            asked.account.subdomain, own, {"grant_type": "refresh_token", "refresh_token": used}
        )
        second = "the used refresh token worked again"
    except Refused as error:
        second = f"the used one was refused ({error})"
    newer = Connection.objects.get(account=asked.account).access_token
    line = Line(
        subdomain=asked.account.subdomain,
        token=newer,
        priority=Priority.PERSON,
        patience=PAUSE_AFTER_BURST * 2,
    )
    return f"{second}; the newer access token answers {line.raw('GET', '/api/v4/account').status_code}"


def _value(lead: Any, field: int) -> Any:
    for item in (lead or {}).get("custom_fields_values") or []:
        if item.get("field_id") == field:
            return item["values"][0]["value"]
    return None


def _patch(field: int, value: Any) -> dict[str, Any]:
    values = None if value is None else [{"value": value}]
    return {"custom_fields_values": [{"field_id": field, "values": values}]}


def _get(path: str) -> Callable[[_Asked], str]:
    return lambda asked: asked.call("GET", path)


# In the order in which they are put: the rough ones last.
QUESTIONS: dict[str, Callable[[_Asked], str]] = {
    "which version of the API, where is the drive": _version,
    "which scopes does the grant have": _scopes,
    "GET of an unknown lead": _get(f"/api/v4/leads/{UNKNOWN_LEAD}"),
    "PATCH of an unknown lead": lambda asked: asked.call(
        "PATCH", f"/api/v4/leads/{UNKNOWN_LEAD}", body={"price": 1}
    ),
    "limit=250 of custom fields": _get("/api/v4/leads/custom_fields?limit=250"),
    "are web hooks allowed by the plan": _hooks_seen,
    "codes of web hooks of lists": _catalog_hooks,
    "GET /api/v4/bots": _get("/api/v4/bots?limit=1"),
    "POST /api/v4/bots/run": lambda asked: asked.call("POST", "/api/v4/bots/run", body={}),
    "POST /api/v2/salesbot/run": lambda asked: asked.call("POST", "/api/v2/salesbot/run", body=[]),
    "types of events": _types,
    "price_with_minor_units": _minor_units,
    "time zone of a date field": _date_zone,
    "a hook for our own write": _own_hook,
    "second use of a refresh token": _family,
    "answer above the limit": _burst,
}
