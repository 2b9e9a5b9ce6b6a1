"""The same year as the sandbox would know it: deals with their feed, and the providers' past operations.

Reads what the story left in the tables, so the emulators' lists agree with the ledger to the kopeck. The
shape is that of the sandbox's seed; what is not there is filled in by the sandbox.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.models import MerchantAccount, Payment, ProviderOrder, Receipt
from billing.providers import cloudpayments_receipts, robokassa_receipts
from crm.models import Account, Deal, OutboxRow

Row = dict[str, Any]
NOTES_SINCE = timedelta(days=28)
METHODS = {"card": "BankCard", "sbp": "SBP"}


def write(path: Path, *, accounts: Iterable[Account], today: date) -> None:
    """Write the file; an existing one is replaced."""
    known = list(accounts)
    data = {
        "amocrm": {"accounts": [_account(account, today) for account in known]},
        "cloudpayments": _cloudpayments(known),
        "robokassa": {"operations": list(_operations(known))},
    }
    path.write_text(json.dumps(data, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


# --- amoCRM ---


def _account(account: Account, today: date) -> Row:
    since = datetime.combine(today - NOTES_SINCE, time(0), tzinfo=UTC)
    told = OutboxRow.objects.filter(account=account).select_related("deal")
    deals = Deal.objects.filter(account=account).select_related("account").order_by("external_id")
    fields = _last_fields(account)
    notes = told.filter(kind=OutboxRow.Kind.NOTE, created_at__gte=since).order_by("id")
    return {
        "subdomain": account.subdomain,
        "contacts": [_contact(deal) for deal in deals],
        "leads": [_lead(deal, *fields.get(deal.pk, ({}, deal.fetched_at))) for deal in deals],
        "notes": [_note(row) for row in notes],
        "tasks": [_task(row) for row in _open_tasks(account)],
    }


def _last_fields(account: Account) -> dict[int, tuple[Row, datetime]]:
    """What was last written into each deal's fields, and when; later rows stand over earlier ones."""
    rows = OutboxRow.objects.filter(account=account, kind=OutboxRow.Kind.FIELDS).order_by("id")
    return {
        deal_id: (payload, at)
        for deal_id, payload, at in rows.values_list("deal_id", "payload", "created_at")
    }


def _contact(deal: Deal) -> Row:
    return {
        "id": deal.contact_id,
        "name": deal.contact_name,
        "email": deal.contact_email,
        "phone": deal.contact_phone,
        "responsible_user_id": deal.responsible_user_id,
        "created_at": _seconds(deal.fetched_at),
    }


def _lead(deal: Deal, written: Row, updated_at: datetime) -> Row:
    ours: Row = {
        "programme": deal.programme,
        "cohort": deal.cohort,
        "location": deal.location_value,
        "service_on": deal.service_on.isoformat() if deal.service_on else None,
        **written,
    }
    ids = deal.account.fields
    return {
        "id": deal.external_id,
        "name": deal.name,
        "price": int(deal.price),
        "contact": deal.contact_id,
        "pipeline_id": deal.pipeline_id,
        "status_id": deal.status_id,
        "responsible_user_id": deal.responsible_user_id,
        "created_at": _seconds(deal.fetched_at),
        "updated_at": _seconds(max(updated_at, deal.fetched_at)),
        "values": {str(ids[name]): value for name, value in ours.items() if name in ids and value},
    }


def _open_tasks(account: Account) -> Iterator[OutboxRow]:
    rows = OutboxRow.objects.filter(account=account).select_related("deal")
    closed = set(rows.filter(kind=OutboxRow.Kind.COMPLETE_TASK).values_list("payload__key", flat=True))
    for row in rows.filter(kind=OutboxRow.Kind.TASK).order_by("id"):
        if row.key not in closed:
            yield row


def _note(row: OutboxRow) -> Row:
    at = _seconds(row.created_at)
    return {"id": row.external_id, "lead": row.deal.external_id, "text": row.payload["text"], "at": at}


def _task(row: OutboxRow) -> Row:
    return {
        "id": row.external_id,
        "lead": row.deal.external_id,
        "text": row.payload["text"],
        "type": row.payload["type"],
        "responsible": row.payload["responsible"] or row.deal.responsible_user_id,
        "till": _seconds(datetime.fromisoformat(row.payload["till"])),
        "at": _seconds(row.created_at),
    }


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


# --- providers ---


def _cloudpayments(accounts: list[Account]) -> Row:
    ours = {"deal__account__in": accounts, "merchant__provider": "cloudpayments"}
    orders = ProviderOrder.objects.filter(**ours).exclude(external_id="").select_related("merchant")
    shops = MerchantAccount.objects.filter(provider="cloudpayments")
    public_ids = {shop.legal_entity_id: shop.settings["public_id"] for shop in shops}
    # Robokassa's emulator prints its own ones with their payments.
    receipts = Receipt.objects.filter(
        payment__deal__account__in=accounts,
        payment__legal_entity__in=public_ids,
        state=Receipt.State.REGISTERED,
    ).select_related("payment__order__merchant", "payment__legal_entity")
    return {
        "orders": [_order(order) for order in orders.order_by("id")],
        "transactions": [_transaction(*paid) for paid in _paid("cloudpayments", accounts)],
        "receipts": [
            _receipt(receipt, public_ids[receipt.payment.legal_entity_id])
            for receipt in receipts.order_by("id")
        ],
    }


def _order(order: ProviderOrder) -> Row:
    asked = order.request
    return {
        "id": order.external_id,
        "public_id": order.merchant.settings["public_id"],
        "status": {"paid": "Paid", "cancelled": "Cancelled"}.get(order.state, "Created"),
        "amount": f"{order.amount:.2f}",
        "description": asked["description"],
        "email": asked["email"],
        "phone": asked["phone"],
        "invoice_id": order.number,
        "account_id": asked["account_id"],
        "success_url": asked["success_url"],
        "fail_url": asked["fail_url"],
        "created_at": order.created_at.isoformat(),
    }


def _paid(provider: str, accounts: list[Account]) -> Iterator[tuple[Payment, ProviderOrder]]:
    rows = Payment.objects.filter(deal__account__in=accounts, merchant__provider=provider)
    rows = rows.select_related("order__merchant", "deal").prefetch_related("refunds")
    for payment in rows.order_by("id"):
        if payment.order is not None:
            yield payment, payment.order


def _transaction(payment: Payment, order: ProviderOrder) -> Row:
    return {
        "id": int(payment.external_id),
        "order": order.external_id,
        "amount": f"{payment.amount:.2f}",
        "method": payment.method,
        "name": payment.deal.contact_name if payment.deal else "",
        "at": payment.received_at.isoformat(),
        "refunds": _refunds(payment),
    }


def _receipt(receipt: Receipt, public_id: str) -> Row:
    order = receipt.payment.order
    content = cloudpayments_receipts.body(receipt.content, order_number="", account_id="")
    return {
        "id": receipt.external_id,
        "url": receipt.url,
        "public_id": public_id,
        "type": content["Type"],
        "content": content["CustomerReceipt"],
        "invoice_id": order.number if order else f"payment-{receipt.payment_id}",
        "account_id": order.request["account_id"] if order else "",
        "created_at": receipt.created_at.isoformat(),
        "processed_at": receipt.registered_at.isoformat() if receipt.registered_at else None,
        "fiscal": receipt.fiscal,
    }


def _operations(accounts: list[Account]) -> Iterator[Row]:
    for payment, order in _paid("robokassa", accounts):
        asked = order.request
        row = {
            "login": order.merchant.settings["login"],
            "inv_id": order.number,
            "out_sum": f"{payment.amount:.2f}",
            "paid_at": payment.received_at.isoformat(),
            "method": METHODS[payment.method],
            "email": asked["email"],
            "description": asked["description"],
            "refunds": _refunds(payment),
        }
        if asked.get("receipt"):
            row["receipt"] = robokassa_receipts.body(asked["receipt"])
        yield row


def _refunds(payment: Payment) -> list[Row]:
    return [
        {"id": refund.external_id, "amount": f"{refund.amount:.2f}", "at": refund.refunded_at.isoformat()}
        for refund in sorted(payment.refunds.all(), key=lambda refund: refund.pk)
    ]
