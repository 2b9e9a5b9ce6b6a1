"""Each rule and promise of the money code broken once, and the tests that must notice.

`old` stands in `file` exactly once; `killer` is what pytest runs in a copy of the tree with `new` instead.
"""

# ruff: noqa: E501

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    old: str
    new: str
    killer: str


ALLOCATION = "billing/rules/allocation.py"
SCHEDULE = "billing/rules/schedule.py"
CALENDAR = "billing/rules/calendar.py"
HINDSIGHT = "billing/rules/hindsight.py"

# Pure rules: seconds each, so they run with every bin/test.
RULES = (
    Mutation(
        "newest rows first",
        ALLOCATION,
        "waiting.popleft()",
        "waiting.pop()",
        "tests/rules/test_allocation.py",
    ),
    Mutation(
        "oldest money back first",
        ALLOCATION,
        "for share in reversed(shares):",
        "for share in shares:",
        "tests/rules/test_allocation.py",
    ),
    Mutation(
        "a rest that is lost",
        ALLOCATION,
        "Gap(gap.installment, gap.rest - part)",
        "Gap(gap.installment, gap.rest)",
        "tests/rules/test_allocation.py",
    ),
    Mutation(
        "more taken back than was there",
        ALLOCATION,
        "    if amount > money.ZERO:\n        raise ValueError",
        "    if False:\n        raise ValueError",
        "tests/rules/test_allocation.py",
    ),
    Mutation(
        "an odd kopeck that is lost",
        SCHEDULE,
        "    odd = rest - equal * (count - 1)\n    return [odd, *[equal] * (count - 1)] if terms.remainder == "
        '"first" else [*[equal] * (count - 1), odd]\n\n\ndef _by_month',
        "    odd = equal\n    return [odd, *[equal] * (count - 1)] if terms.remainder == "
        '"first" else [*[equal] * (count - 1), odd]\n\n\ndef _by_month',
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "a total below what was paid",
        SCHEDULE,
        "    if terms.total < kept:",
        "    if False:",
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "dates from the first row's day, not the due day",
        SCHEDULE,
        "terms.due_day or first.day)",
        "first.day)",
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "weekends that stay",
        SCHEDULE,
        "calendar.next_working(row.due_on) if terms.shift_weekends else row.due_on",
        "row.due_on",
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "moved working Saturdays forgotten",
        CALENDAR,
        "        if day in self.working_weekends:\n            return True\n",
        "",
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "the 31st of February",
        CALENDAR,
        "min(anchor, calendar.monthrange(year, month + 1)[1])",
        "min(anchor, 28)",
        "tests/rules/test_schedule.py",
    ),
    Mutation(
        "fees within no cap",
        "billing/rules/late_fees.py",
        "max(cap, charged))",
        "fee + charged)",
        "tests/rules/test_late_fees.py",
    ),
)

PAYMENTS = "billing/payments.py"
LEDGER = "billing/ledger.py"
VERBS = (
    Mutation(
        "money of a day gone by taken from the oldest rows",
        HINDSIGHT,
        "key=lambda row: row.last, reverse=True)",
        "key=lambda row: row.last)",
        "tests/billing/test_hindsight.py",
    ),
    Mutation(
        "late on the day itself",
        LEDGER,
        "elif row.effective_due_on < on:",
        "elif row.effective_due_on <= on:",
        "tests/billing/test_worked_tables.py tests/billing/test_overdue.py tests/billing/test_payments.py",
    ),
    Mutation(
        "written off and still owed",
        LEDGER,
        "debt = schedule.total - paid - written_off",
        "debt = schedule.total - paid",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "credit that fees have eaten",
        LEDGER,
        "credit=facts.kept - paid - facts.fees.paid,",
        "credit=facts.kept - paid,",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "no recovery of what was written off",
        LEDGER,
        "recovered = _recover(deal, sources, at=at) if sources else []",
        "recovered: list[allocation.Share] = []",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "a pause that nobody sees",
        LEDGER,
        "    if facts.is_paused:\n",
        "    if False:\n",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "moved money received twice",
        "billing/sums.py",
        "     - coalesce((SELECT sum(m.amount) FROM billing_move m JOIN came ON came.id = m.source_id",
        "     - 0 * coalesce((SELECT sum(m.amount) FROM billing_move m JOIN came ON came.id = m.source_id",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "another notice taken for a known one",
        PAYMENTS,
        "known = Payment.objects.filter(merchant=merchant, external_id=external_id).first()",
        "known = Payment.objects.filter(merchant=merchant).first()",
        "tests/billing/test_payments.py tests/billing/test_ledger_races.py",
    ),
    Mutation(
        "a debt that is not what was seen",
        PAYMENTS,
        "if expected is not None and debt != expected:",
        "if False:",
        "tests/billing/test_payments.py tests/billing/test_ledger_races.py",
    ),
    Mutation(
        "money of tomorrow",
        PAYMENTS,
        "    if offline.paid_on > deal.local_day(at):",
        "    if False:",
        "tests/billing/test_payments.py",
    ),
    Mutation(
        "an uncounted payment that counts",
        PAYMENTS,
        'counted=currency == "RUB",',
        "counted=True,",
        "tests/billing/test_payments.py",
    ),
    Mutation(
        "a stale version that is saved",
        "billing/versions.py",
        "    if (schedule.version if schedule else None) != version:\n        raise StaleVersion\n    if schedule is not None",
        "    if schedule is not None",
        "tests/billing/test_schedules.py tests/billing/test_ledger_races.py",
    ),
    Mutation(
        "a signed version that anybody changes",
        "billing/versions.py",
        "    if rank != Rank.ADMINISTRATOR and is_signed(schedule):",
        "    if False:",
        "tests/billing/test_settlements.py tests/billing/test_amendments.py",
    ),
    Mutation(
        "a change without a reason",
        "billing/versions.py",
        "    if not reason.strip():\n        raise ReasonRequired\n    if rank",
        "    if rank",
        "tests/billing/test_settlements.py",
    ),
    Mutation(
        "closed rows that are forgotten",
        "billing/versions.py",
        "            InstallmentClosing.objects.create(",
        "            InstallmentClosing(",
        "tests/billing/test_settlements.py",
    ),
    Mutation(
        "replaced rows that still ask",
        "billing/versions.py",
        "    invoices.void_of_rows(deal=schedule.deal, rows=list(replaced), at=at)\n",
        "",
        "tests/billing/test_schedules.py tests/billing/test_settlements.py",
    ),
    Mutation(
        "a write-off that outlives its terms",
        "billing/versions.py",
        "    _revive(schedule, layout, at=at)\n",
        "",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "settled by giving the oldest rows back",
        "billing/closings.py",
        "    for line in sorted(lines, key=lambda line: (line.due_on, line.number)):",
        "    for line in sorted(lines, key=lambda line: (line.due_on, line.number), reverse=True):",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "a closed deal that opens when money leaves",
        "billing/closings.py",
        "    if schedule is not None:\n        _close_again(schedule, author=author, at=at)\n\n\ndef take_loss",
        "\n\ndef take_loss",
        "tests/billing/test_worked_tables.py",
    ),
    Mutation(
        "settled above what was paid",
        "billing/settlements.py",
        "    if total > held:",
        "    if False:",
        "tests/billing/test_settlements.py",
    ),
    Mutation(
        "a second click that makes a version",
        "billing/settlements.py",
        "        return schedule\n    if schedule is None and not act.reason",
        "        pass\n    if schedule is None and not act.reason",
        "tests/billing/test_settlements.py",
    ),
    Mutation(
        "money that leaves its legal entity",
        "billing/moves.py",
        "    if owner.pk != payment.legal_entity_id:",
        "    if False:",
        "tests/billing/test_moves.py",
    ),
    Mutation(
        "more moved than is left",
        "billing/moves.py",
        "    if amount > left:",
        "    if False:",
        "tests/billing/test_moves.py",
    ),
    Mutation(
        "parts that do not add up",
        "billing/splits.py",
        "    if total != amount:",
        "    if False:",
        "tests/billing/test_splits.py",
    ),
    Mutation(
        "a provider's money taken out by hand",
        "billing/reversals.py",
        "    if payment.deal_id is None or payment.merchant_id is not None or payment.method == moves.METHOD:",
        "    if payment.deal_id is None:",
        "tests/billing/test_reversals.py",
    ),
    Mutation(
        "a reversal that opens a closed deal",
        "billing/reversals.py",
        "    closings.keep_closed(deal=deal, author=made.author, at=at)\n",
        "",
        "tests/billing/test_reversals.py",
    ),
    Mutation(
        "more given up than is owed",
        "billing/write_offs.py",
        "        if amount > owed:",
        "        if False:",
        "tests/billing/test_write_offs.py",
    ),
    Mutation(
        "two pauses at once",
        "billing/pauses.py",
        "    if last.until is None or last.until > today:",
        "    if False:",
        "tests/billing/test_pauses.py",
    ),
    Mutation(
        "more refunded than is held",
        "billing/refunds.py",
        "    if fact.amount > moves.holdings(payment):",
        "    if False:",
        "tests/billing/test_payments.py tests/billing/test_refund_orders.py tests/billing/test_moves.py",
    ),
    Mutation(
        "orders of yesterday's amount",
        "billing/consequences.py",
        "    if ends.orders:\n",
        "    if False:\n",
        "tests/billing/test_orders.py tests/billing/test_schedules.py tests/billing/test_payments.py",
    ),
    Mutation(
        "flags that nobody takes down",
        "billing/consequences.py",
        "    if ends.flags:\n",
        "    if False:\n",
        "tests/billing/test_overdue.py",
    ),
    Mutation(
        "promises that money does not keep",
        "billing/consequences.py",
        "    if ends.promise:\n",
        "    if False:\n",
        "tests/billing/test_arrangements.py",
    ),
    Mutation(
        "a claim that is found and stays open",
        "billing/consequences.py",
        "    if ends.claim:\n",
        "    if False:\n",
        "tests/billing/test_arrangements.py",
    ),
    Mutation(
        "a pause that is over and goes on",
        "billing/pause_state.py",
        "AND (e.id IS NULL OR e.ended_on > %(on)s)",
        "",
        "tests/billing/test_open_ends.py",
    ),
    Mutation(
        "a loss that nobody is asked about",
        "billing/card_parts.py",
        "AND l.ended_at IS NULL)",
        "AND l.ended_at IS NOT NULL)",
        "tests/billing/test_card_parts.py",
    ),
    Mutation(
        "a shop that is never looked at again",
        "billing/known_shops.py",
        'STAMP = "billing_merchantaccount.xmin::text || billing_merchantaccount.ctid::text"',
        'STAMP = "billing_merchantaccount.id::text"',
        "tests/billing/test_known_shops.py",
    ),
    Mutation(
        "two notices of a deal in one batch",
        "billing/notice_batches.py",
        " and order.deal_id not in taken:",
        ":",
        "tests/billing/test_notice_batches.py",
    ),
    Mutation(
        "a batch that pays what is paid",
        PAYMENTS,
        "if (one.order.merchant_id, one.external_id) not in known]",
        "]",
        "tests/billing/test_notice_batches.py",
    ),
    Mutation(
        "a batch that covers the newest rows first",
        "billing/consequences.py",
        "key=lambda row: (row.due_on, row.number))",
        "key=lambda row: (row.due_on, row.number), reverse=True)",
        "tests/billing/test_notice_batches.py",
    ),
    Mutation(
        "a batch that forgives late fees",
        "billing/consequences.py",
        "if ends[pk].fees or ends[pk].refunded}",
        "if ends[pk].refunded}",
        "tests/billing/test_notice_batches.py",
    ),
    Mutation(
        "bodies in clear text",
        "crm/models/encrypted.py",
        "return _box(settings.FIELD_KEYS).encrypt(value) if value else value",
        "return value",
        "tests/billing/test_sealed_bodies.py",
    ),
    Mutation(
        "no lock",
        LEDGER,
        'return Deal.objects.locked().select_related("account").get(id=deal_id)',
        'return Deal.objects.select_related("account").get(id=deal_id)',
        "tests/billing/test_ledger_races.py tests/billing/test_schedule_races.py"
        " tests/billing/test_correction_races.py",
    ),
)
