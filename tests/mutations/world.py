"""Two deals of one school with a fact of every kind, made by the verbs where a verb makes it."""

from dataclasses import replace
from datetime import date, timedelta

from django.db import connection

from billing import (
    acts,
    invoices,
    moves,
    pauses,
    payers,
    payments,
    refund_orders,
    reversals,
    schedules,
    settlements,
    splits,
    versions,
    write_offs,
)
from billing.models import AccountPolicy, Payment, ProviderOrder, Refund
from billing.payments import Offline
from billing.rules.schedule import Terms
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_order,
    rub,
)

WHO = "user:1"
CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
# Facts that belong to whole flows of their own: as those leave them.
PLAIN = """
INSERT INTO billing_latefee
    (installment_id, kind, amount, since, until, daily_percent, author, reason, recorded_at)
    SELECT id, 'charged', 100, '2026-11-10', '2026-11-20', 0.1, 'system', '', now() FROM billing_installment
    WHERE number = 1 AND schedule_id = (SELECT MIN(id) FROM billing_schedule);
INSERT INTO billing_allocation (payment_id, installment_id, amount, recorded_at)
    SELECT payment_id, installment_id, -SUM(amount), now() FROM billing_allocation
    WHERE payment_id = (SELECT id FROM billing_payment WHERE external_id = 'fees') GROUP BY 1, 2;
INSERT INTO billing_feeallocation (payment_id, installment_id, amount, recorded_at)
    SELECT (SELECT id FROM billing_payment WHERE external_id = 'fees'), id, 60, now() FROM billing_installment
    WHERE number = 1 AND schedule_id = (SELECT MIN(id) FROM billing_schedule);
INSERT INTO billing_rendering (deal_id, legal_entity_id, rendered_on, amount, key, author, recorded_at)
    SELECT deal_id, legal_entity_id, '2026-11-20', 100, 'k', 'user:1', now() FROM billing_payment
    WHERE external_id = '501';
INSERT INTO billing_event (deal_id, at, recorded_at, author, kind, data)
    SELECT deal_id, now(), now(), 'user:1', 'service_rendered', '{}' FROM billing_payment
    WHERE external_id = '501';
INSERT INTO billing_offset (payment_id, receipt_id, amount, recorded_at)
    SELECT p.id, r.id, 100, now() FROM billing_payment p JOIN billing_receipt r ON r.payment_id = p.id
    WHERE p.external_id = '501' AND r.kind = 'income';
INSERT INTO billing_placement (payment_id, deal_id, author, reason, recorded_at)
    SELECT id, deal_id, 'user:1', 'found', now() FROM billing_payment WHERE external_id = '501';
"""


def make() -> None:
    """The first deal is rebuilt, paid in part, refunded, signed; the second got money of it, was paused and
    written off in part; the third is settled; of a fourth an act is signed. A stranger's payment is nobody's.
    """
    account = make_account()
    ours, other, closed = make_deal(account), make_deal(account), make_deal(account)
    for deal in (ours, other, closed):
        terms = Terms(rub(90000), first_due_on=date(2026, 11, 10), count=3)
        schedules.save(deal=deal, terms=terms, version=None, author=WHO, reason="", at=NOW)
    order = make_order(ours, state="paid")

    def receive(external_id: str, amount: int, by: ProviderOrder = order) -> Payment:
        return payments.receive(
            merchant=order.merchant,
            external_id=external_id,
            amount=rub(amount),
            currency="RUB",
            received_at=NOW,
            method="card",
            order=by,
            at=NOW,
        )

    paid = receive("501", 40000)
    schedules.save(
        deal=ours,
        terms=Terms(rub(100000), first_due_on=date(2027, 1, 10), count=2),
        version=1,
        author=WHO,
        reason="agreed",
        at=NOW + timedelta(minutes=1),
    )
    later = NOW + timedelta(hours=1)
    wanted = refund_orders.Demand(amount=rub(2000), reason="agreed")
    asked = refund_orders.request(payment=paid, demand=wanted, author=WHO, at=later)
    refund_orders.sent(order=asked, external_id="r1", at=later)
    refund_orders.done(order=type(asked).objects.get(pk=asked.pk), done_at=later, at=later)
    refund_orders.request(payment=paid, demand=replace(wanted, amount=rub(500)), author=WHO, at=later)
    in_cash = payments.receive_offline(deal=ours, amount=rub(10000), offline=CASH, author=WHO, at=later)
    moves.move(payment=in_cash, to=other, amount=rub(4000), reason="agreed", author=WHO, at=later)
    mistake = payments.receive_offline(deal=other, amount=rub(300), offline=CASH, author=WHO, at=later)
    reversals.reverse(payment=mistake, reason="typo", author=WHO, at=later)
    parts = [splits.Part(ours, rub(1000)), splits.Part(other, rub(2000))]
    splits.split(amount=rub(3000), parts=parts, external_id="t1", offline=CASH, author=WHO, at=later)
    payments.receive_offline(deal=closed, amount=rub(30000), offline=CASH, author=WHO, at=later)
    settlements.settle(deal=closed, total=rub(25000), reason="left", author=WHO, at=later)
    write_offs.write_off(deal=other, amount=rub(700), reason="small", written_on=None, author=WHO, at=later)
    invoices.issue(deal=ours, demand=invoices.Demand(), author=WHO, at=later)
    pauses.pause(deal=other, reason="leave", until=None, author=WHO, at=later)
    pauses.resume(deal=other, author=WHO, at=later + timedelta(days=2))
    versions.sign(deal=ours, version=2, signed_on=TODAY, author=WHO, at=later)
    for deal in (ours, other):
        payers.name(deal=deal, payer=payers.Payer("person", "Иван Петров"), author=WHO, at=later)
    AccountPolicy.objects.update(rendered={"by": "act", "from": "2026-11-01"})
    served = acts.make(deal=make_deal(account), on=TODAY, amount=rub(1000), author=WHO, at=later)
    acts.accept(act=served, accepted_on=TODAY, author=WHO, at=later)
    make_order(other, purpose="full", state="paid")
    receive("fees", 60, make_order(ours, purpose="full", state="paid"))
    _receive_of_nobody()
    assert Refund.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _receive_of_nobody() -> None:
    payments.receive(
        merchant=make_merchant(make_legal_entity()),
        external_id="nobody",
        amount=rub(900),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=None,
        at=NOW,
    )
