"""A row in every table that the panel shows, with secrets in it that no page may print."""

from datetime import date

from analytics.models import Export
from billing import acts
from billing.models import (
    Allocation,
    ApiToken,
    CalendarYear,
    CrmRequest,
    Difference,
    Invoice,
    LostDeal,
    Message,
    Notice,
    OverdueFlag,
    Payment,
    ProviderCall,
    Receipt,
    Reconciliation,
    Refund,
    RefundOrder,
    RefusedNotice,
    Rendering,
    SavedCard,
    ScheduleTemplate,
    SmsGateway,
    TransferClaim,
)
from crm.models import Alert, Deal, DealHint, OutboxRow
from tests.factories import NOW, TODAY, make_order, make_schedule, rub

WAITING = {"not_before": NOW, "created_at": NOW, "state": "parked", "last_error": "сервер не отвечает"}


def make_rows(deal: Deal) -> None:
    """Give every table a row, all of one deal."""
    payment = _make_money(deal)
    _make_arrangements(deal, payment)
    _make_provider_rows(deal, payment)
    _make_account_rows(deal)


def _make_money(deal: Deal) -> Payment:
    """A counted payment with its return, and one that nobody expected."""
    schedule = make_schedule(deal)
    order = make_order(deal)
    received = {
        "legal_entity": order.legal_entity,
        "merchant": order.merchant,
        "method": "card",
        "received_at": NOW,
        "recorded_at": NOW,
    }
    payment = Payment.objects.create(
        deal=deal, order=order, amount=rub(30000), external_id="5001", **received
    )
    Payment.objects.create(amount=rub(500), external_id="7700", **received)
    installment = schedule.installments.earliest("number")
    Allocation.objects.create(payment=payment, installment=installment, amount=rub(29000), recorded_at=NOW)
    Refund.objects.create(
        payment=payment, amount=rub(1000), external_id="5002", refunded_at=NOW, recorded_at=NOW
    )
    OverdueFlag.objects.create(installment=installment, flagged_on=TODAY)
    return payment


def _make_arrangements(deal: Deal, payment: Payment) -> None:
    """What people entered or asked for."""
    entity = payment.legal_entity
    TransferClaim.objects.create(
        deal=deal,
        amount=rub(1000),
        paid_on=TODAY,
        received_before=rub(0),
        held_until=TODAY,
        author="payer",
        recorded_at=NOW,
    )
    RefundOrder.objects.create(
        payment=payment, amount=rub(1), method="cash", group="g", reason="7700", created_at=NOW
    )
    Rendering.objects.create(
        deal=deal, legal_entity=entity, rendered_on=TODAY, amount=rub(1), key="k", recorded_at=NOW
    )
    acts.make(deal=deal, on=TODAY, amount=rub(1), author="user:7700", at=NOW)
    Invoice.objects.create(
        deal=deal, legal_entity=entity, number="26-1", amount=rub(30000), issued_on=TODAY, created_at=NOW
    )


def _make_provider_rows(deal: Deal, payment: Payment) -> None:
    """What is said to a shop and what a shop said."""
    merchant = payment.merchant
    assert merchant
    receipt = Receipt.objects.create(payment=payment, kind="income", state="planned", created_at=NOW)
    ProviderCall.objects.create(merchant=merchant, kind="send_receipt", key="k1", receipt=receipt, **WAITING)
    run = {"merchant": merchant, "day": TODAY}
    Reconciliation.objects.create(**run, begun_at=NOW)
    Difference.objects.create(**run, kind="amount", external_id="5001", payment=payment, found_at=NOW)
    Notice.objects.create(
        merchant=merchant, kind="pay", external_id="5001", body=b"Token=signed-bytes", fields={}, **WAITING
    )
    SavedCard.objects.create(
        deal=deal, merchant=merchant, words="Согласна", consented_at=NOW, token="tk_signed-bytes", mask="7700"
    )
    RefusedNotice.objects.create(
        merchant=merchant, kind="pay", reason="forged", body=b"forged-bytes", size=12, digest="7700", at=NOW
    )


def _make_account_rows(deal: Deal) -> None:
    """What an account's office and its connection to the CRM keep."""
    account = deal.account
    CalendarYear.objects.create(year=2028, days_off=[date(2028, 1, 3)])
    ScheduleTemplate.objects.create(account=account, name="Три платежа", count=3)
    SmsGateway.objects.create(account=account, login="school", password="signed-bytes")
    Message.objects.create(
        account=account, deal=deal, channel="email", key="m1", to="a@example.org", text="Текст", **WAITING
    )
    OutboxRow.objects.create(
        account=account, deal=deal, kind="note", key="n1", payload={"text": "Платёж"}, **WAITING
    )
    DealHint.objects.create(account=account, lead_id=7700123, **WAITING)
    LostDeal.objects.create(deal=deal, state="lost", asked_at=NOW)
    CrmRequest.objects.create(account=account, lead_id=7700123, kind="links", key="7700", **WAITING)
    ApiToken.objects.create(name="1С", hash="0" * 64, created_at=NOW)
    Alert.objects.create(account=account, kind="reconnect", text="7700", **WAITING)
    Export.objects.create(account=account, author="user:7700123", report="aging", **WAITING)
