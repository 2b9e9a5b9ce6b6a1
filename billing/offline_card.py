"""What the card says before money that came past us is written down: the day it is at the deal, and by each
method what becomes of the receipt when nobody chooses.

Asks nothing of the database: the card has read everything. The choice itself is made in billing.receipts.
"""

from datetime import date
from typing import Any

from billing.models import LegalEntity
from billing.network import Receiver
from billing.payers import Payer
from billing.payments import METHODS
from billing.rules import receipts as rules


def fields(*, receiver: Receiver | None, payer: Payer, on: date) -> dict[str, Any]:
    """The card's keys of this module; no receipts are told of a deal whose receiver is unknown."""
    return {
        "today": on.isoformat(),
        "receipt_defaults": {method: _default(receiver, payer, method) for method in METHODS}
        if receiver
        else {},
    }


def _default(receiver: Receiver, payer: Payer, method: str) -> dict[str, str]:
    settings = receiver.merchant.settings
    decision = rules.maker(
        rules.Circumstances(
            tax_system="npd" if receiver.legal_entity.kind == LegalEntity.Kind.SELF_EMPLOYED else "",
            method=method,
            payer_is_organisation=payer.kind == "company",
            cloud=settings.get("receipts") is True,
            cloud_cash=settings.get("cash_receipts") is True,
            desk=receiver.location.cash_receipts == "desk" if receiver.location else None,
        )
    )
    return {"maker": decision.maker, "reason": decision.reason}
