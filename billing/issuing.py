"""Which rows are due to be invoiced on a day, and where each invoice would go.

One choice for the run that makes invoices (billing.invoices), for the list of what goes out tomorrow, and for
the reminders, which leave to an invoice what it is about to say. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from billing import ledger, network, pause_state, payers
from billing.models import AccountPolicy, DealPayer, Installment, Invoice, Stop
from billing.rules import money
from crm.models import Account, Deal


class _IsAnyOf(Func):
    """value = ANY (array)"""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


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


def come(*, until: date) -> Func:
    """For filter(): rows that came by a day and are not marked as done, found by their partial index alone.

    Most of what is past is done, and the planner, who takes the two for independent, expects a quarter of all
    rows: joined to anything, it would read whole tables. An array it cannot look into, and probes for each.
    """
    rows = Installment.objects.filter(due_on__lte=until, issuing_over=False, replaced_in__isnull=True)
    return _IsAnyOf(F("pk"), ArraySubquery(rows.order_by().values("pk")))


def asked_or_covered(*, on: date) -> QuerySet[Installment]:
    """Rows up to a day of which nothing is left to issue, but which are not marked so yet."""
    made = Exists(Invoice.objects.filter(installment=OuterRef("pk")))
    rows = Installment.objects.filter(issuing_over=False, replaced_in__isnull=True, due_on__lte=on)
    return rows.with_paid().filter(made | Q(paid__gte=F("amount") - F("written_off")))


def due_rows(policy: AccountPolicy, *, on: date) -> QuerySet[Installment]:
    """Uncovered rows whose day of issuing has come and which nobody has invoiced or stopped."""
    # A void one counts too: who voids the invoice of a row does not want it to go out again by itself.
    made = Invoice.objects.filter(installment=OuterRef("pk"))
    stopped = Stop.objects.filter(deal=OuterRef("schedule__deal"), of=Stop.Of.INVOICES, ended_at=None)
    rows = Installment.objects.filter(
        Q(due_on__lte=on + timedelta(days=policy.issue_days_before), issuing_over=False),
        ~Exists(made),
        ~Exists(stopped),
        ~pause_state.of_rows(on=on),
        replaced_in__isnull=True,
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    if policy.starts_on:
        rows = rows.filter(due_on__gte=policy.starts_on)
    return rows.uncovered().order_by("due_on", "id")


def due_by(policy: AccountPolicy, *, on: date) -> QuerySet[Installment]:
    """All of them; who has their numbers already narrows due_rows() instead."""
    return due_rows(policy, on=on).filter(come(until=on + timedelta(days=policy.issue_days_before)))


def waiting_for_invoice(policy: AccountPolicy, *, local: datetime) -> list[Installment]:
    """Rows that an invoice of today will speak of: its day is today, or the account's hour is still ahead.

    `local` is the account's clock. A missed row is issued first by the same run (billing.reminders).
    """
    if policy.mode != AccountPolicy.Mode.INSTALLMENTS or policy.issuing_stopped:
        return []
    rows = due_by(policy, on=local.date())
    if local.time() >= policy.issue_at:
        rows = rows.filter(due_on__gte=local.date() + timedelta(days=policy.issue_days_before))
    return list(rows.select_related("schedule__deal__account"))


def by_payer(policy: AccountPolicy, *, on: date) -> Iterator[dict[int, int]]:
    """Yield due rows (row -> deal), those of one payer together; who has no address stands alone."""
    named: dict[tuple[int, int | None], str] = {
        (one.deal_id, one.number): one.email.lower()
        for one in DealPayer.objects.filter(deal__account=policy.account_id, ended_at__isnull=True)
    }
    groups: dict[str, dict[int, int]] = {}
    rows = due_by(policy, on=on).values_list(
        "id", "number", "schedule__deal", "schedule__deal__contact_email"
    )
    for pk, number, deal, contact in rows.iterator(chunk_size=2000):
        of_deal = named.get((deal, None)) or contact.strip().lower()
        groups.setdefault(named.get((deal, number), of_deal) or f"deal:{deal}", {})[pk] = deal
    yield from groups.values()


def plan(*, on: date, account: Account | None = None) -> Iterator[Planned]:
    """Every invoice that the run of a day would make, in its order; writes nothing."""
    for policy in policies(account):
        rows = due_by(policy, on=on).select_related("schedule__deal__account")
        for row in rows.iterator(chunk_size=500):
            yield _planned(row, on=on, bot=policy.salesbot_id is not None)


def address(deal: Deal, payer: payers.Payer | None) -> str:
    """Where an invoice goes; one for a row that waits for a third party never goes to the contact."""
    if payer is None:
        return deal.contact_email
    return payer.email or ("" if payer.of_row else deal.contact_email)


def _planned(row: Installment, *, on: date, bot: bool) -> Planned:
    deal = row.schedule.deal
    standing = ledger.standing(deal, on=on)
    rest = next(one.rest for one in standing.rows if one.installment.pk == row.pk)
    who = payers.of_deal(deal)
    to = address(deal, who.of(row.number))
    if not to and bot and not who.given(row.number):
        to = _("the chat")
    try:
        network.receiver(deal=deal, on=on)
    except network.NoReceiver as error:
        return Planned(deal, row, rest, to, str(error))
    return Planned(deal, row, rest, to, "" if to else _("No e-mail: the invoice is made, but not sent."))
