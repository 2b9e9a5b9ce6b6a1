"""The register "money without a receipt" as a workbook: oldest first, with its age in days and the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from analytics.workbook import Column, Kind, Table, Total
from billing import receipt_gaps
from billing.admin.words import METHODS, RECEIPT_REASONS
from billing.models import Receipt, Rendering

RETURNS = (Receipt.Kind.REFUND, Receipt.Kind.CREDIT_RETURN)


@dataclass
class _Sums:
    count: int = 0
    income: Decimal = Decimal(0)
    returns: Decimal = Decimal(0)
    oldest: int = 0

    def add(self, row: Mapping[str, Any], *, is_return: bool) -> None:
        self.count += 1
        self.oldest = max(self.oldest, row["age"])
        if is_return:
            self.returns += row["amount"]
        else:
            self.income += row["amount"]


def table(*, at: datetime) -> Table:
    sums = _Sums()

    def rows() -> Iterator[Mapping[str, Any]]:
        for receipt in receipt_gaps.oldest_first(at=at):
            row = _row(receipt, at=at)
            sums.add(row, is_return=receipt.kind in RETURNS)
            yield row

    def totals() -> list[Total]:
        return [
            Total(_("Receipts that are missing"), sums.count),
            Total(_("Income without a receipt"), sums.income),
            Total(_("Refunds without a receipt"), sums.returns),
            Total(_("Oldest, days"), sums.oldest),
        ]

    columns = (
        Column(_("Days"), Kind.WHOLE, 8, lambda row: row["age"]),
        Column(_("Received"), Kind.DATE, 12, lambda row: row["on"]),
        Column(_("Amount"), Kind.MONEY, 14, lambda row: row["amount"]),
        Column(_("Kind"), Kind.TEXT, 14, lambda row: row["kind"]),
        Column(_("State"), Kind.TEXT, 16, lambda row: row["state"]),
        Column(_("Reason"), Kind.TEXT, 44, lambda row: row["reason"]),
        Column(_("Method"), Kind.TEXT, 22, lambda row: row["method"]),
        Column(_("Legal entity"), Kind.TEXT, 30, lambda row: row["entity"]),
        Column(_("Deal"), Kind.TEXT, 34, lambda row: row["deal"]),
        Column(_("Deal in amoCRM"), Kind.WHOLE, 14, lambda row: row["lead"]),
        Column(_("Provider's number"), Kind.TEXT, 22, lambda row: row["number"]),
    )
    return Table(_("Money without a receipt"), columns, rows(), totals, _("Totals"))


def _row(receipt: Receipt, *, at: datetime) -> dict[str, Any]:
    if receipt.rendering:
        return _credit_row(receipt, receipt.rendering, at=at)
    payment, refund = receipt.payment, receipt.refund
    moment = refund.refunded_at if refund else payment.received_at
    deal = payment.deal
    return {
        **_of_any_kind(receipt, at=at),
        "on": deal.local_day(moment) if deal else moment.astimezone(at.tzinfo).date(),
        "amount": receipt_gaps.amount_of(receipt),
        "method": str(METHODS.get(payment.method, payment.method)),
        "entity": payment.legal_entity.name,
        "deal": deal.name if deal else "",
        "lead": deal.external_id if deal else None,
        "number": (refund.external_id if refund else "") or payment.external_id,
    }


def _credit_row(receipt: Receipt, rendering: Rendering, *, at: datetime) -> dict[str, Any]:
    """What was handed over on credit: there is no money yet."""
    return {
        **_of_any_kind(receipt, at=at),
        "on": rendering.rendered_on,
        "amount": receipt_gaps.amount_of(receipt),
        "method": "",
        "entity": rendering.legal_entity.name,
        "deal": rendering.deal.name,
        "lead": rendering.deal.external_id,
        "number": "",
    }


def _of_any_kind(receipt: Receipt, *, at: datetime) -> dict[str, Any]:
    return {
        "age": (at - receipt.created_at).days,
        "kind": _(receipt.get_kind_display()),
        "state": _(receipt.get_state_display()),
        "reason": str(RECEIPT_REASONS.get(receipt.reason, receipt.reason)),
    }
