"""Which rows are due to be invoiced on a day, and where each invoice would go.

One choice for the run that makes invoices (billing.invoices), for the list of what goes out tomorrow, and for
the reminders, which leave to an invoice what it is about to say. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from billing import ledger, letter_holds, network, past_rows, pause_state, payers
from billing.models import AccountPolicy, DealPayer, Installment, Invoice, Stop
from billing.rules import money
from crm.models import Account, Deal


@dataclass(frozen=True)
class Planned:
    """An invoice that would go out: to whom, and why it would not (`obstacle`, in words)."""

    deal: Deal
    installment: Installment
    amount: Decimal
    to: str
    obstacle: str

    @property
    def amount_words(self) -> str:
        return money.words(self.amount)


def policies(account: Account | None = None) -> QuerySet[AccountPolicy]:
    """Accounts that are invoiced by themselves; bookings in deposit mode are asked by their two links."""
    found = AccountPolicy.objects.of(account).order_by("account__key")
    return found.filter(mode=AccountPolicy.Mode.INSTALLMENTS, issuing_stopped=False)


def asked_or_covered(*, on: date) -> QuerySet[Installment]:
    """Rows up to a day of which nothing is left to issue, but which are not marked so yet."""
    made = Exists(Invoice.objects.filter(installment=OuterRef("pk")))
    rows = Installment.objects.filter(issuing_over=False, replaced_in__isnull=True, due_on__lte=on)
    return rows.with_paid().filter(made | Q(paid__gte=F("amount") - F("written_off")))


def due_rows(policy: AccountPolicy, *, on: date) -> QuerySet[Installment]:
    """Uncovered rows whose day of issuing has come and which nobody has invoiced or stopped."""
    # A void one counts too: who voids the invoice of a row does not want it to go out again by itself.
    made = Invoice.objects.filter(installment=OuterRef("pk"))
    come = Q(due_on__lte=on + timedelta(days=policy.issue_days_before), issuing_over=False)
    rows = Installment.objects.filter(come, ~Exists(made), _can_be_asked(policy, on=on))
    return rows.uncovered().order_by("due_on", "id")


def due_by(policy: AccountPolicy, *, on: date) -> QuerySet[Installment]:
    """All of them; who has their numbers already narrows due_rows() instead."""
    return due_rows(policy, on=on).filter(
        past_rows.to_issue(until=on + timedelta(days=policy.issue_days_before))
    )


def waiting(policy: AccountPolicy, *, on: date) -> QuerySet[Installment]:
    """Rows whose invoice was made by a run that held its letter; covered ones too, with what is left."""
    held = Invoice.objects.filter(deal__account=policy.account_id, letter_waits=True, voided_at=None)
    these = past_rows.any_of(held.order_by().values("installment"))
    rows = Installment.objects.filter(these, _can_be_asked(policy, on=on))
    return rows.with_paid().order_by("due_on", "id")


def held_until_now(policy: AccountPolicy, *, on: date) -> list[Installment]:
    """Those of them that nothing holds any more."""
    rows = list(waiting(policy, on=on).select_related("schedule__deal__account"))
    holds = letter_holds.of_rows([(row, row.schedule.deal) for row in rows], policy, on=on)
    return [row for row in rows if row.pk not in holds]


def waiting_for_invoice(policy: AccountPolicy, *, local: datetime) -> list[Installment]:
    """Rows that an invoice of today will speak of: its day is today, or the account's hour is still ahead.

    `local` is the account's clock. A missed row is issued first by the same run (billing.reminders). Rows
    whose letters are held are not spoken of.
    """
    if policy.mode != AccountPolicy.Mode.INSTALLMENTS or policy.issuing_stopped:
        return []
    today, late = local.date(), []
    rows = due_by(policy, on=today)
    if local.time() >= policy.issue_at:
        rows = rows.filter(due_on__gte=today + timedelta(days=policy.issue_days_before))
    else:
        late = [row for row in held_until_now(policy, on=today) if row.rest > 0]
    due = list(rows.select_related("schedule__deal__account"))
    holds = letter_holds.of_rows([(row, row.schedule.deal) for row in due], policy, on=today)
    return [row for row in due if row.pk not in holds] + late


def by_payer(policy: AccountPolicy, *, on: date) -> Iterator[dict[int, int]]:
    """Yield rows (row -> deal) that are due, or whose letters were held until now, those of one payer
    together; who has no address stands alone.
    """
    named: dict[tuple[int, int | None], str] = {
        (one.deal_id, one.number): one.email.lower()
        for one in DealPayer.objects.filter(deal__account=policy.account_id, ended_at__isnull=True)
    }
    groups: dict[str, dict[int, int]] = {}
    due = due_by(policy, on=on).values_list("id", "number", "schedule__deal", "schedule__deal__contact_email")
    late = (
        (row.pk, row.number, row.schedule.deal_id, row.schedule.deal.contact_email)
        for row in held_until_now(policy, on=on)
    )
    for pk, number, deal, contact in chain(due.iterator(chunk_size=2000), late):
        of_deal = named.get((deal, None)) or contact.strip().lower()
        groups.setdefault(named.get((deal, number), of_deal) or f"deal:{deal}", {})[pk] = deal
    yield from groups.values()


def plan(*, on: date, account: Account | None = None) -> Iterator[Planned]:
    """Every invoice that the run of a day would make or send, in its order; writes nothing."""
    for policy in policies(account):
        rows = due_by(policy, on=on).select_related("schedule__deal__account")
        late = (row for row in held_until_now(policy, on=on) if row.rest > 0)
        for row in chain(rows.iterator(chunk_size=500), late):
            yield _planned(row, policy, on=on)


def _can_be_asked(policy: AccountPolicy, *, on: date) -> Q:
    """For filter(): current rows of living deals of the account, neither stopped nor paused."""
    stopped = Stop.objects.filter(deal=OuterRef("schedule__deal"), of=Stop.Of.INVOICES, ended_at=None)
    asked = Q(
        ~Exists(stopped),
        ~pause_state.of_rows(on=on),
        replaced_in__isnull=True,
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    return asked & Q(due_on__gte=policy.starts_on) if policy.starts_on else asked


def _planned(row: Installment, policy: AccountPolicy, *, on: date) -> Planned:
    deal = row.schedule.deal
    standing = ledger.standing(deal, on=on)
    rest = next(one.rest for one in standing.rows if one.installment.pk == row.pk)
    who = payers.of_deal(deal)
    to = payers.address(deal, who.of(row.number))
    if not to and policy.salesbot_id is not None and not who.given(row.number):
        to = _("the chat")
    try:
        network.biller(deal=deal, on=on)
    except network.NoReceiver as error:
        return Planned(deal, row, rest, to, str(error))
    hold = letter_holds.of_rows([(row, deal)], policy, on=on).get(row.pk)
    if hold is not None:
        return Planned(deal, row, rest, to, hold.sentence)
    return Planned(deal, row, rest, to, "" if to else _("No e-mail: the invoice is made, but not sent."))
