"""What amoCRM's pipelines and bots ask of us: stored before the answer, done by a worker.

Owns CrmRequest. Promises: a trigger is genuine by the account's own key, a bot by its signed token; a
repeated call is the same request; each kind is one verb that changes nothing when called again; what cannot
be done is parked with its reason and told on the deal. Never: believes what the body says of the deal.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    bot_steps,
    deposits,
    invoices,
    lead_terms,
    ledger,
    network,
    projection,
    schedule_templates,
    stops,
    workdays,
    zones,
)
from billing.models import CrmRequest
from billing.rules.schedule import InvalidTerms
from crm import auth, deals, hooks, kick, outbox, queues, setup_fields, transport
from crm.client import Refused, Unavailable
from crm.models import Account, Deal

log = structlog.get_logger("grafik.requests_of_crm")

Kind = CrmRequest.Kind
# The words of a trigger's form; the shorter ones are what older archives of the widget say.
ACTIONS = {
    "schedule": Kind.SCHEDULE,
    "create_schedule": Kind.SCHEDULE,
    "links": Kind.LINKS,
    "link": Kind.LINKS,
    "make_links": Kind.LINKS,
    "invoice": Kind.INVOICE,
    "send_invoice": Kind.INVOICE,
    "stop_reminders": Kind.STOP_REMINDERS,
    "stop": Kind.STOP_REMINDERS,
}
# What asks somebody for money: not for a deal that is lost or deleted.
COLLECTING = (Kind.SCHEDULE, Kind.LINKS, Kind.INVOICE)
AUTHOR = "pipeline"
LEAD = "2"
BATCH, RUN_SECONDS = 100, 40.0


class Forged(Exception):
    """Nothing proves that amoCRM says this."""


class Unreadable(Exception):
    """Genuine, but it asks for nothing that we know."""


class CannotBeDone(Exception):
    """A person must look; the text says why, in words."""


def take_trigger(told: Mapping[str, Any], *, at: datetime) -> CrmRequest:
    """Store what a pipeline's trigger asks; raises Forged or Unreadable."""
    settings = _at(told, "action", "settings", "widget", "settings")
    account = _account(told.get("account_id"), settings)
    event = _at(told, "event")
    data = _at(event, "data")
    kind = ACTIONS.get(_word(settings.get("action")))
    lead_id = _number(data.get("id"))
    if kind is None or not lead_id or _word(data.get("element_type")) not in ("", LEAD):
        raise Unreadable
    # amoCRM names no event: the same deal, action and second is the same call.
    moment = _word(event.get("time")) or f"{at:%Y%m%d%H%M}"
    return _store(account, lead_id, kind, f"{moment}", {}, at=at)


def take_bot(told: Mapping[str, Any], *, at: datetime) -> CrmRequest:
    """Store the step of a waiting bot; raises Forged or Unreadable."""
    try:
        caller = auth.verify_bot(_word(told.get("token")), at=at)
    except auth.InvalidToken as error:
        log.warning("bot refused", reason=str(error))
        raise Forged from error
    return_url = _word(told.get("return_url"))
    if not transport.is_of_account(caller.account.subdomain, return_url):
        log.warning("bot's way back leads elsewhere", account=caller.account.key)
        raise Forged
    lead_id: int | None = caller.entity_id
    if caller.entity == "contact":
        lead_id = bot_steps.lead_of_contact(account=caller.account, contact_id=caller.entity_id, at=at)
    if lead_id is None:
        raise Unreadable
    asked = _at(told, "data") or _first(told.get("data"))
    data = {"return_url": return_url, "what": _word(asked.get("what"))}
    return _store(caller.account, lead_id, Kind.BOT, return_url, data, at=at)


def apply_waiting(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Do what was asked, oldest first; returns how many requests were settled.

    `ignore_not_before` is the drain by hand: a request that failed a moment ago is tried again, once.
    """
    started, settled, busy = time.monotonic(), 0, set[int]()
    while settled < BATCH and time.monotonic() - started < RUN_SECONDS:
        now = at + timedelta(seconds=time.monotonic() - started)
        rows = queues.claim(
            CrmRequest, at=now, where=~Q(account__in=busy), ignore_not_before=ignore_not_before
        )
        if not rows:
            break
        try:
            _apply(rows[0], now)
        except Unavailable as error:
            busy.add(rows[0].account_id)
            queues.retry(rows[0], at=now, error=str(error))
        else:
            settled += 1
    return settled


def _apply(row: CrmRequest, at: datetime) -> None:
    try:
        deal = deals.refresh(account=row.account, lead_id=row.lead_id, at=at)
    except deals.NoSuchDeal:
        queues.park(row, error=_("There is no deal %(lead)s in this account.") % {"lead": row.lead_id})
        return
    try:
        if deal.state != Deal.State.LIVE and row.kind in COLLECTING:
            raise CannotBeDone(_("the deal is lost or deleted."))
        row.outcome = _DO[Kind(row.kind)](row, deal, at)
    except Unavailable:
        raise
    except (CannotBeDone, Refused) as error:
        queues.park(row, error=str(error))
        text = _("What the pipeline asked was not done: %(reason)s") % {"reason": error}
        outbox.note(deal=deal, key=f"deal:request:{row.pk}", text=text, at=at)
        return
    row.save(update_fields=["outcome"])
    queues.finish(row, at=at)


def _schedule(row: CrmRequest, deal: Deal, at: datetime) -> str:
    """From the deal's fields and the account's templates; a booking gets its two rows.

    A deal that has a schedule keeps it.
    """
    if deposits.is_deposit(deal):
        return _links(row, deal, at)
    try:
        lead_terms.apply(deal=deal, at=at, author=AUTHOR)
    except schedule_templates.NoSum as error:
        raise CannotBeDone(_("the deal has no budget.")) from error
    except schedule_templates.NoTemplate as error:
        raise CannotBeDone(_("no schedule template fits the deal's programme and sum.")) from error
    except lead_terms.Unreadable as error:
        words = {"field": setup_fields.SPECS[error.ours].name, "typed": error.typed}
        raise CannotBeDone(
            _("the deal's field “%(field)s” holds no such number: “%(typed)s”.") % words
        ) from error
    except InvalidTerms as error:
        raise CannotBeDone(_("these terms do not fit the deal's sum.")) from error
    return "schedule"


def _links(row: CrmRequest, deal: Deal, at: datetime) -> str:
    """A booking's deposit and full link; in instalments the addresses go into the mapped fields."""
    if not deposits.is_deposit(deal):
        projection.push(deal, standing=ledger.standing(deal, on=deal.local_day(at)), at=at)
        return "links"
    try:
        deposits.prepare(deal=deal, author=AUTHOR, at=at)
    except deposits.NoPrice as error:
        raise CannotBeDone(_("the deal has no budget.")) from error
    except (network.NoReceiver, network.OwnerDiffers) as error:
        raise CannotBeDone(str(error) or _("nobody knows who takes the money.")) from error
    return "links"


def _invoice(row: CrmRequest, deal: Deal, at: datetime) -> str:
    """The invoice of the first open row, mailed once a day at most and at no hour at which people sleep."""
    try:
        invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author=AUTHOR, at=at)
        leaves_at = zones.opening(deal, at=at, is_working=workdays.calendar().is_working)
        invoices.mail(invoice=invoice, at=at, leaves_at=leaves_at)
    except (invoices.NothingToInvoice, invoices.NoSuchRow, invoices.AlreadyPaid):
        return "nothing_owed"
    except invoices.AlreadyVoid as error:
        raise CannotBeDone(_("the invoice of this payment is void.")) from error
    except invoices.NoAddress as error:
        raise CannotBeDone(_("the contact has no e-mail.")) from error
    except network.NoReceiver as error:
        raise CannotBeDone(str(error) or _("nobody knows who takes the money.")) from error
    return "invoice"


def _stop(row: CrmRequest, deal: Deal, at: datetime) -> str:
    stops.stop(deal=deal, of=stops.Of.REMINDERS, reason=_("By the pipeline's trigger."), author=AUTHOR, at=at)
    return "stopped"


def _bot(row: CrmRequest, deal: Deal, at: datetime) -> str:
    return bot_steps.answer(
        deal=deal, return_url=row.data["return_url"], what=row.data.get("what", ""), at=at
    )


_DO = {
    Kind.SCHEDULE: _schedule,
    Kind.LINKS: _links,
    Kind.INVOICE: _invoice,
    Kind.STOP_REMINDERS: _stop,
    Kind.BOT: _bot,
}


def _store(
    account: Account, lead_id: int, kind: Kind, moment: str, data: dict[str, str], *, at: datetime
) -> CrmRequest:
    text = f"{account.pk}|{lead_id}|{kind}|{moment}"
    key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    row = CrmRequest(
        account=account, lead_id=lead_id, kind=kind, key=key, data=data, created_at=at, not_before=at
    )
    CrmRequest.objects.bulk_create([row], ignore_conflicts=True)
    kick.soon("billing.apply_crm_requests")
    return CrmRequest.objects.get(key=key)


def _account(named: object, settings: Mapping[str, Any]) -> Account:
    """The account of the number and of the key, which must be one."""
    account = Account.objects.filter(external_id=_number(named)).first()
    given = hooks.hash_of(_word(settings.get("hook_key")))
    kept = account.webhook_key_hash if account else ""
    if account is None or not kept or not hmac.compare_digest(kept, given):
        raise Forged
    return account


def _at(told: Any, *path: str) -> Mapping[str, Any]:
    for name in path:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told if isinstance(told, Mapping) else {}


def _first(value: Any) -> Mapping[str, Any]:
    """The documentation prints the bot's data as a list."""
    found = value[0] if isinstance(value, list) and value else None
    return found if isinstance(found, Mapping) else {}


def _word(value: object) -> str:
    """A short text of a JSON or form value; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= 4096 and "\x00" not in text else ""


def _number(value: object) -> int:
    text = _word(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
