"""The card of a deal: everything a manager sees, as one plain value (interface.md, section 4, "The card").

Reads only. Sums are texts with two decimals, dates ISO, moments with the offset of the deal's zone.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing import (
    card_parts,
    collection_card,
    correction_card,
    document_card,
    invoice_state,
    ledger,
    links,
    lost_deals,
    message_card,
    moves,
    network,
    offline_card,
    payer_links,
    payers,
    refund_card,
    rendered_card,
    schedule_card,
    unplaced,
)
from billing.card_parts import Parts
from billing.ledger import DealState, Standing
from billing.message_card import Told
from billing.models import AccountPolicy, Event, Invoice, Payment, Receipt
from billing.rules import money
from crm import connection
from crm.models import Deal

ATTEMPTS_SHOWN = 5
UNPLACED_SHOWN = 5
# A receipt that a person still has to make is "planned" for the manager; the reason says so.
RECEIPT = {Receipt.State.MISSING: Receipt.State.PLANNED}


def card(deal: Deal, *, at: datetime, stale: bool = False) -> dict[str, Any]:
    """Return the card for the moment `at`; `stale` says that amoCRM could not be asked."""
    on = deal.local_day(at)
    standing = ledger.standing(deal, on=on)
    policy = AccountPolicy.objects.filter(account=deal.account).first()
    parts = card_parts.of(deal)
    receiver, unknown = _receiver(deal, on)
    stopped = _owner_differs(receiver, deal, on)
    found = list(Invoice.objects.filter(deal=deal).order_by("id"))
    told = message_card.of(deal)
    payments = list(
        moves.with_moves(ledger.with_free(Payment.objects.filter(deal=deal)))
        .select_related("merchant", "reversal")
        .order_by("received_at", "id")
    )
    named = payers.of_deal(deal)
    head = _head(deal, policy, receiver, named, at)
    channels = collection_card.channels(deal, named, policy)
    life = schedule_card.fields(standing.schedule)
    collecting = collection_card.fields(deal) if parts.collecting else collection_card.NOTHING
    receipts = list(Receipt.objects.filter(payment__deal=deal)) if payments else []
    back = refund_card.of_payments(deal, payments) if parts.refunds else refund_card.untouched(payments)
    return {
        **head,
        **_figures(standing),
        **life,
        **collecting,
        **offline_card.fields(receiver=receiver, payer=named.of(), on=on),
        "installments": [{**_installment(row), **_row_payer(row, named)} for row in standing.rows],
        "invoices": [_invoice(invoice, standing, head["pay_url"], told) for invoice in found],
        "messages": message_card.newest(told),
        "channels": channels,
        "links": payer_links.of(head["pay_url"], standing, closed=bool(stopped)),
        "payments": _payments(payments, deal, back, receipts),
        "attempts": _attempts(deal) if parts.attempts else [],
        "documents": document_card.documents(deal, at=at) if parts.documents else [],
        "warnings": [
            *collection_card.unreached(channels),
            *_warnings(deal, standing, stale=stale, unknown=unknown, stopped=stopped),
            *_money_warnings(deal, standing, receipts, parts, asked=refund_card.on_its_way(back)),
            *(rendered_card.warnings(deal) if parts.rendered else ()),
            *schedule_card.warnings(life, on=on),
            *collection_card.warnings(collecting, deal),
        ],
        "actions": [
            *_actions(standing, found, is_deposit=_is_deposit(policy)),
            *schedule_card.actions(standing, life),
            *refund_card.actions(back),
            *correction_card.actions(standing, payments),
            *collection_card.actions(collecting, owes=standing.debt > 0),
            *_lead_actions(deal, standing, parts),
        ],
    }


def figures_and_rows(standing: Standing) -> dict[str, Any]:
    """What the card says of money, for a standing of any day."""
    return {**_figures(standing), "installments": [_installment(row) for row in standing.rows]}


def moment(at: datetime, deal: Deal) -> str:
    """RFC 3339 with the offset of the deal's zone, whole seconds."""
    return at.astimezone(deal.zone).isoformat(timespec="seconds")


def payer(found: payers.Payer) -> dict[str, Any]:
    """Who pays, as interface.md, section 4, has it; what is not known is null."""
    return {
        "kind": found.kind,
        "name": found.name,
        "inn": found.inn or None,
        "kpp": found.kpp or None,
        "address": found.address or None,
        "email": found.email or None,
        "phone": found.phone or None,
    }


def _receiver(deal: Deal, on: date) -> tuple[network.Receiver | None, str]:
    """Who takes the deal's money, or why nobody does, in words."""
    try:
        return network.receiver(deal=deal, on=on), ""
    except network.NoReceiver as error:
        return None, str(error)


def _head(
    deal: Deal,
    policy: AccountPolicy | None,
    receiver: network.Receiver | None,
    named: payers.Payers,
    at: datetime,
) -> dict[str, Any]:
    entity = receiver.legal_entity if receiver else None
    location = receiver.location if receiver else None
    contact = {"name": deal.contact_name, "email": deal.contact_email, "phone": deal.contact_phone}
    return {
        "lead_id": deal.external_id,
        "account": deal.account.key,
        "name": deal.name,
        "programme": deal.programme,
        "cohort": deal.cohort,
        "location": {"key": location.key, "name": location.name} if location else None,
        "legal_entity": {"key": entity.key, "name": entity.name} if entity else None,
        "mode": policy.mode if policy else AccountPolicy.Mode.INSTALLMENTS,
        "contact": contact,
        "payer": payer(named.of()),
        "pay_url": links.page_url(deal=deal, at=at),
        "service_on": _iso(deal.service_on),
    }


def _figures(standing: Standing) -> dict[str, Any]:
    following = standing.next
    return {
        "total": money.text(standing.total),
        "paid": money.text(standing.paid),
        "debt": money.text(standing.debt),
        "overdue": money.text(standing.overdue),
        "credit": money.text(standing.credit),
        "written_off": money.text(standing.written_off),
        "fees": {
            "charged": money.text(standing.fees.charged),
            "paid": money.text(standing.fees.paid),
            "owed": money.text(standing.fees.owed),
        },
        "due_day": standing.schedule.due_day if standing.schedule else None,
        "next": {
            "number": following.installment.number,
            "due_on": following.installment.due_on.isoformat(),
            "amount": money.text(following.rest),
        }
        if following
        else None,
        "state": standing.state,
        "version": standing.schedule.version if standing.schedule else None,
    }


def _installment(row: ledger.RowStanding) -> dict[str, Any]:
    return {
        "number": row.installment.number,
        "due_on": row.installment.due_on.isoformat(),
        "effective_due_on": row.installment.effective_due_on.isoformat(),
        "amount": money.text(row.installment.amount),
        "paid": money.text(row.paid),
        "written_off": money.text(row.written_off),
        "state": row.state,
        "invoice": row.invoice,
    }


def _row_payer(row: ledger.RowStanding, named: payers.Payers) -> dict[str, Any]:
    """Whom a row waits for; null when it is paid like the deal."""
    waits_for = named.row(row.installment.number)
    return {"payer": payer(waits_for) if waits_for else None}


def _invoice(invoice: Invoice, standing: Standing, page: str, told: list[Told]) -> dict[str, Any]:
    return {
        "id": invoice.pk,
        "number": invoice.number,
        "amount": money.text(invoice.amount),
        "state": invoice_state.state_of(invoice, standing),
        "url": links.address(page, what="invoice", invoice=invoice),
        "issued_on": invoice.issued_on.isoformat(),
        "sent": message_card.of_invoice(told, invoice.pk),
    }


def _payments(
    found: list[Payment], deal: Deal, back: Mapping[int, dict[str, Any]], receipts: list[Receipt]
) -> list[dict[str, Any]]:
    income = {row.payment_id: row for row in receipts if row.kind == Receipt.Kind.INCOME}
    return [
        {
            "id": payment.pk,
            "amount": money.text(payment.amount),
            "currency": payment.currency,
            "received_at": moment(payment.received_at, deal),
            "method": payment.method,
            "provider": payment.merchant.provider if payment.merchant else None,
            "external_id": payment.external_id,
            "moved": money.text(payment.moved),
            "moved_from": payment.moved_from,
            **back[payment.pk],
            "reversed": money.text(payment.reversal.amount if _is_reversed(payment) else money.ZERO),
            "payer": payment.payer.get("name") or None,
            "author": payment.author,
            "comment": payment.comment,
            "receipt": _receipt(income.get(payment.pk)),
        }
        for payment in found
    ]


def _is_reversed(payment: Payment) -> bool:
    return hasattr(payment, "reversal")


def _receipt(row: Receipt | None) -> dict[str, Any] | None:
    if row is None:
        return None
    state = RECEIPT.get(Receipt.State(row.state), Receipt.State(row.state))
    return {"state": state, "reason": row.reason or None, "url": row.url or None}


def _attempts(deal: Deal) -> list[dict[str, Any]]:
    kinds = {"payment_opened": "opened", "payment_declined": "declined"}
    found = Event.objects.filter(deal=deal, kind__in=kinds).order_by("-id")[:ATTEMPTS_SHOWN]
    return [
        {
            "at": moment(event.at, deal),
            "what": kinds[event.kind],
            "amount": event.data.get("amount"),
            "reason": event.data.get("reason"),
        }
        for event in found
    ]


def _lead_actions(deal: Deal, standing: Standing, parts: Parts) -> list[str]:
    """What is to be decided between amoCRM and us: a lost deal that owes, a budget that does not fit."""
    found = ["decide_loss"] if parts.loss and lost_deals.question(deal) else []
    return [*found, "restore_price"] if _price_differs(deal, standing) else found


def _price_differs(deal: Deal, standing: Standing) -> bool:
    return bool(
        standing.schedule
        and standing.state != DealState.CANCELLED
        and money.whole_roubles(standing.total) != deal.price
    )


def _warnings(
    deal: Deal, standing: Standing, *, stale: bool, unknown: str, stopped: str
) -> list[dict[str, str]]:
    found: dict[str, str] = {}
    if stale:
        found["stale"] = (
            _("amoCRM must be connected again, tell the owner: the deal is shown as it was last known.")
            if connection.is_lost(deal.account)
            else _("amoCRM does not answer: the deal is shown as it was last known.")
        )
    if unknown:
        found["no_receiver"] = unknown
    if stopped:
        found["owner_differs"] = stopped
    if _price_differs(deal, standing):
        words = {"price": money.words(deal.price), "total": money.words(standing.total)}
        found["price_differs"] = (
            _("The deal's budget is %(price)s, the schedule adds up to %(total)s: change one of them.")
            % words
        )
    if deal.state != Deal.State.LIVE:
        found["deal_closed"] = _("The deal is lost or deleted in amoCRM: invoices and reminders are stopped.")
    return [{"code": code, "text": text} for code, text in found.items()]


def _money_warnings(
    deal: Deal, standing: Standing, receipts: list[Receipt], parts: Parts, *, asked: Decimal
) -> list[dict[str, str]]:
    """What of the deal's money a person should look at."""
    found: dict[str, str] = {}
    if parts.uncounted and unplaced.uncounted().filter(deal=deal).exists():
        found["uncounted"] = _("Money in another currency came and is not counted: tell the accountant.")
    waiting = list(unplaced.may_be_for(deal)[:UNPLACED_SHOWN])
    if waiting:
        came = ", ".join(money.words(payment.left) for payment in waiting)
        found["unplaced"] = _(
            "Money came without an order and may be for this deal: %(came)s. Reminders wait until somebody "
            "places it or says that it is not ours."
        ) % {"came": came}
    if standing.credit > 0:
        words = {"credit": money.words(standing.credit), "asked": money.words(asked)}
        said = _(
            "Overpaid by %(credit)s: it covers the next payments, or is refunded or moved to another deal."
        )
        found["credit"] = (
            _("Overpaid by %(credit)s; %(asked)s is going back already.") if asked else said
        ) % words
    if standing.written_off > 0:
        found["written_off"] = schedule_card.written_off(standing)
    if any(row.state == Receipt.State.FAILED for row in receipts):
        found["receipt_failed"] = _("A receipt was not made: the accountant sees it in the list of receipts.")
    return [{"code": code, "text": text} for code, text in found.items()]


def _actions(standing: Standing, found: list[Invoice], *, is_deposit: bool) -> list[str]:
    actions = []
    if standing.schedule is not None:
        actions.append("rebuild")
    elif not is_deposit:
        actions.append("schedule")
    # In deposit mode making the links lays out the schedule; with nothing owed there is none to make.
    if standing.debt > 0 if is_deposit else standing.schedule is not None:
        actions.append("links")
    if standing.debt > 0:
        actions += ["full_payment", "partial_payment"]
        if standing.schedule:
            actions.append("invoice")
    if any(invoice_state.state_of(invoice, standing) == "open" for invoice in found):
        actions.append("void")
    if standing.received > standing.refunded:
        actions.append("move")
    if standing.schedule is not None and standing.debt > 0:
        actions.append("write_off")
    if standing.written_off > 0:
        actions.append("reverse_write_off")
    if standing.fees.owed > 0:
        actions.append("waive_fees")
    return [*actions, "payer", "document"]


def _is_deposit(policy: AccountPolicy | None) -> bool:
    return policy is not None and policy.mode == AccountPolicy.Mode.DEPOSIT


def _owner_differs(receiver: network.Receiver | None, deal: Deal, on: date) -> str:
    """Why the links ask for nothing, in words; empty when they do."""
    if receiver is None:
        return ""
    try:
        network.check_asker(receiver, deal=deal, on=on)
    except network.OwnerDiffers as error:
        return str(error)
    except network.NoReceiver:
        return ""
    return ""


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
