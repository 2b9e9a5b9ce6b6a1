"""A person has a receipt made by us after all: what the register refused, and what waited for one.

A refused income receipt is planned anew, so it follows the settings as they are now; its day stays that of
the money. A return and an offset follow the receipt of the money that they are about, so they are made where
that one was. The call takes another key: the old one is answered.
"""

from datetime import datetime
from decimal import Decimal
from typing import NoReturn

from django.db import transaction

from billing import (
    credit_receipts,
    credit_returns,
    history,
    ledger,
    receipt_contents,
    receipts,
    return_receipts,
)
from billing.models import MerchantAccount, Payment, ProviderCall, Receipt
from billing.receipt_readings import Readings
from billing.receipts import ReceiptChoice
from billing.rules import money
from billing.rules.receipts import Maker
from crm import kick

WAITS = (Receipt.State.MISSING, Receipt.State.FAILED)
MADE = (Receipt.State.PLANNED, Receipt.State.SENT, Receipt.State.REGISTERED)


class CannotBeMade(Exception):
    """It is not ours to make; `reason` is a word of why not."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def make(*, receipt: Receipt, author: str, at: datetime) -> None:
    """Plan the receipt again and queue its call. Raises CannotBeMade, receipts.AlreadySettled, and
    network.NoTaxSetting.
    """
    with transaction.atomic():
        deal = receipts.deal_of(receipt)
        if deal is None:
            raise CannotBeMade(receipts.UNPLACED)
        ledger.lock(deal.pk)
        row = Receipt.objects.select_for_update().get(pk=receipt.pk)
        if row.state not in WAITS:
            raise receipts.AlreadySettled
        if row.kind == Receipt.Kind.INCOME:
            merchant = _plan_income(row)
        elif row.kind == Receipt.Kind.CREDIT:
            merchant = _plan_credit(row, at=at)
        elif row.kind == Receipt.Kind.CREDIT_RETURN:
            merchant = credit_returns.maker(row, at=at) or _nobody("no_register")
        else:
            merchant = _like_its_money(row)
        row.state, row.reason, row.external_id, row.url = Receipt.State.PLANNED, "", "", ""
        row.save(update_fields=["state", "reason", "external_id", "url", "content"])
        _call_anew(row, merchant, at=at)
        data = {"amount": money.text(receipts.total(row)), "of": row.kind}
        history.record(deal=deal, kind="receipt_retried", at=at, recorded_at=at, author=author, data=data)


def _plan_income(row: Receipt) -> MerchantAccount:
    payment = row.payment
    decision, content, merchant = receipts.plan_of(
        payment, whole=_is_whole(payment), choice=ReceiptChoice(maker=Maker.US), readings=Readings()
    )
    if decision.maker is not Maker.US or merchant is None:
        raise CannotBeMade(decision.reason or "with_the_payment_only")
    if row.offsets.exists():
        # It has closed a rendered service already: the same lines, under the settings of now.
        return merchant
    row.content = content
    if payment.deal:
        receipt_contents.close(row, deal=payment.deal, payment=payment)
    return merchant


def _plan_credit(row: Receipt, *, at: datetime) -> MerchantAccount:
    """Of the sum that it had, or of what is unpaid where nobody could plan it."""
    rendering = row.rendering
    if rendering is None:
        raise ValueError("a credit receipt is of a rendering")
    unpaid = receipts.total(row) or credit_receipts.unpaid(rendering)
    if not unpaid:
        raise receipts.AlreadySettled
    merchant = credit_receipts.fill(row, amount=unpaid, at=at)
    if merchant is None:
        raise CannotBeMade(row.reason)
    return merchant


def _nobody(reason: str) -> NoReturn:
    raise CannotBeMade(reason)


def _is_whole(payment: Payment) -> bool:
    deal = payment.deal
    return (
        deal is not None
        and payment.amount >= ledger.standing(deal, on=deal.local_day(payment.received_at)).total
    )


def _like_its_money(row: Receipt) -> MerchantAccount:
    """The shop that made the receipts of the money; the content where there was none."""
    offsets = list(row.offsets.select_related("payment__order", "payment__deal").order_by("id"))
    closes = row.kind == Receipt.Kind.OFFSET
    paid = [offset.payment for offset in offsets] if closes else [row.payment]
    shops = {_shop_of(payment) for payment in paid}
    if len(shops) > 1:
        raise CannotBeMade("several_shops")
    if row.kind == Receipt.Kind.REFUND and row.refund:
        # The return of what never came says what it said at first.
        rendered = -sum((offset.amount for offset in offsets), Decimal(0))
        row.content = dict(return_receipts.content_of(row, rendered=rendered))
    elif closes and row.payment.deal:
        deal = row.payment.deal
        sale = receipt_contents.Sale(
            deal=deal,
            entity=row.payment.legal_entity,
            programme=row.payment.programme or deal.programme,
            buyer=receipt_contents.buyer_of(row.payment),
            on=deal.local_day(row.created_at),
        )
        amount = sum((offset.amount for offset in offsets), Decimal(0))
        row.content = dict(receipt_contents.offset(sale, amount=amount))
    return shops.pop()


def _shop_of(payment: Payment) -> MerchantAccount:
    income = return_receipts.income_of(payment)
    if income is None or income.state not in MADE:
        raise CannotBeMade("no_income_receipt")
    call = _sending(income)
    if call is None:
        raise CannotBeMade("with_the_payment_only")
    return call.merchant


def _sending(receipt: Receipt) -> ProviderCall | None:
    calls = ProviderCall.objects.filter(receipt=receipt, kind=ProviderCall.Kind.SEND_RECEIPT)
    return calls.select_related("merchant").first()


def _call_anew(row: Receipt, merchant: MerchantAccount, *, at: datetime) -> None:
    """One call that sends it, whatever became of earlier tries; those are not followed any more."""
    calls = ProviderCall.objects.filter(receipt=row).exclude(state=ProviderCall.State.DONE)
    calls.update(state=ProviderCall.State.DONE, done_at=at, leased_until=None)
    call = _sending(row)
    if call is None:
        receipts.queue(row, merchant, at=at)
        return
    call.merchant, call.key, call.called_at = merchant, f"{call.key.split('#')[0]}#{call.attempts + 1}", None
    call.state, call.not_before, call.done_at = ProviderCall.State.WAITING, at, None
    call.last_error = ""
    call.save()
    kick.soon("billing.deliver_provider_calls")
