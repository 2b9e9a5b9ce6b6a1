"""The service was rendered: prepayments become settled, each by the register that took it (54-FZ).

Owns renderings and the receipts that close prepayments. CloudKassir closes any part of any payments in one
receipt; Robokassa has one further receipt for a payment and closes it as a whole, so a part of it waits.
Money that another register took is closed there. What is rendered beyond the money that came is paid by what
comes later (billing.receipt_contents). It was rendered when a person says so, the calendar of the cohort, or
what the account's rules name (billing.auto_rendering, billing.acts).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_DOWN, Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    credit_receipts,
    history,
    ledger,
    moves,
    network,
    order_numbers,
    prepayments,
    provider_queue,
    receipt_contents,
    receipts,
    return_receipts,
)
from billing.models import (
    AccountPolicy,
    LegalEntity,
    MerchantAccount,
    Offset,
    Payment,
    ProviderCall,
    Receipt,
    Rendering,
    Schedule,
)
from billing.prepayments import Prepayment
from billing.rules import money, rendering
from billing.rules.schedule import EARLIEST
from crm.models import Deal

# Why a part of a rendered service has no closing receipt.
WHOLE_ONLY, UNPAID, GOING_BACK = "whole_payment_only", "not_paid_yet", "refund_on_its_way"


class NotThatDay(Exception):
    """The service was not rendered in the future, nor before any schedule of ours."""


class AboveTotal(Exception):
    """More than the deal costs cannot be rendered; the message says what is left."""


class NothingLeft(Exception):
    """All of the deal's service is rendered already."""


@dataclass(frozen=True)
class Waiting:
    """A part of a rendered service that no receipt has closed, in a word why; None: nobody has paid it."""

    payment: Payment | None
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class _Register:
    """Who closes a payment: a shop by its calls, or (with the reason) nobody of ours."""

    merchant: MerchantAccount | None
    state: Receipt.State
    reason: str = ""
    as_a_whole: bool = False


def render(
    *, deal: Deal, on: date, amount: Decimal | None, author: str, at: datetime, key: str = ""
) -> Rendering:
    """Remember that `amount` worth of service (else all that is left) was rendered, and plan the receipts.

    1. Under the deal's lock: the sum is within the deal's total. 2. The rendering, once per `key`. 3.
    Receipts for the prepayments that it closes. Raises NotThatDay, AboveTotal, NothingLeft,
    network.NoReceiver.
    """
    if not EARLIEST <= on <= deal.local_day(at):
        raise NotThatDay
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        known = Rendering.objects.filter(deal=deal, key=key).first() if key else None
        if known:
            return known
        entity = entity_of(deal, on)
        left = ledger.standing(deal, on=on).total - prepayments.rendered(deal, entity)
        if left <= 0:
            raise NothingLeft
        given = left if amount is None else amount
        if not money.is_whole_kopecks(given) or not 0 < given <= left:
            raise AboveTotal(_("At most %(left)s is left to render.") % {"left": money.words(left)})
        number = Rendering.objects.filter(deal=deal).count() + 1
        made = Rendering.objects.create(
            deal=deal,
            legal_entity=entity,
            rendered_on=on,
            amount=given,
            key=key or f"hand:{number}",
            author=author,
            recorded_at=at,
        )
        _tell(deal, made)
        close(deal=deal, entity=entity, on=on, at=at)
        credit_receipts.plan(rendering=made, at=at)
    return made


def close(*, deal: Deal, entity: LegalEntity, on: date, at: datetime) -> list[Receipt]:
    """Plan the receipts for prepayments whose service is rendered; the caller holds the deal's lock.

    Oldest money first. A second call plans nothing more.
    """
    owed = prepayments.owed(deal, entity)
    groups: dict[_Register, list[Prepayment]] = defaultdict(list)
    for one in prepayments.open_of(deal, entity):
        part = min(one.open, owed)
        if part <= 0:
            break
        owed -= part
        register = _register(one)
        if not _waits_for(one, part, register):
            groups[register].append(Prepayment(one.payment, part))
    made = []
    for register, parts in groups.items():
        alone = [[part] for part in parts] if register.as_a_whole else [parts]
        made += [_plan(deal, entity, register, group, on=on, at=at) for group in alone]
    return made


def waiting(*, deal: Deal, entity: LegalEntity) -> list[Waiting]:
    """What of the rendered service no receipt has closed, once close() has done what it can."""
    owed, found = prepayments.owed(deal, entity), []
    for one in prepayments.open_of(deal, entity) if owed else ():
        part = min(one.open, owed)
        if part <= 0:
            break
        owed -= part
        why = _waits_for(one, part, _register(one))
        if why:
            found.append(Waiting(one.payment, part, why))
    return [*found, Waiting(None, owed, UNPAID)] if owed > 0 else found


def render_due(*, on: date, at: datetime) -> int:
    """What the calendars of the cohorts say was rendered by the end of that day; returns how many renderings.

    A second call renders nothing twice.
    """
    made = 0
    for policy in AccountPolicy.objects.of(None):
        for cohort in policy.cohorts:
            plan = rendering.Plan(
                starts_on=date.fromisoformat(cohort["starts_on"]),
                ends_on=date.fromisoformat(cohort["ends_on"]),
                rendered=cohort["rendered"],
            )
            since = policy.starts_on or date.min
            steps = [step for step in rendering.steps(plan, by=on) if step.ended_on >= since]
            if steps:
                made += sum(_render_steps(deal, steps, at=at) for deal in _deals_of(policy, cohort["cohort"]))
    return made


def close_late(*, since: datetime, at: datetime) -> int:
    """Close what came since then for a service that was rendered before, where no receipt of ours did it, and
    what waited for a refund.
    """
    came = Q(recorded_at__gte=since) | Q(refund_orders__closed_at__gte=since)
    late = Payment.objects.filter(came, deal__renderings__isnull=False, counted=True)
    closed = 0
    for deal_id, entity_id in sorted(set(late.values_list("deal", "legal_entity"))):
        with transaction.atomic():
            deal = ledger.lock(deal_id)
            entity = LegalEntity.objects.get(pk=entity_id)
            closed += len(close(deal=deal, entity=entity, on=deal.local_day(at), at=at))
    return closed


def entity_of(deal: Deal, on: date) -> LegalEntity:
    """Who rendered: the one whose money lies in the deal, else its receiver on that day."""
    holders = LegalEntity.objects.filter(payment__deal=deal, payment__counted=True).distinct()
    found = list(holders[:2])
    return found[0] if len(found) == 1 else network.receiver(deal=deal, on=on).legal_entity


def _tell(deal: Deal, made: Rendering) -> None:
    history.record(
        deal=deal,
        kind="service_rendered",
        at=min(datetime.combine(made.rendered_on, time(12), tzinfo=deal.zone), made.recorded_at),
        recorded_at=made.recorded_at,
        author=made.author,
        data={"amount": money.text(made.amount), "rendered_on": made.rendered_on.isoformat()},
    )


def _deals_of(policy: AccountPolicy, cohort: str) -> list[Deal]:
    running = Schedule.objects.filter(closing=Schedule.Closing.OPEN).values("deal")
    deals = Deal.objects.filter(
        account=policy.account, cohort=cohort, state=Deal.State.LIVE, id__in=running
    ).select_related("account")
    return list(deals.order_by("id"))


def _render_steps(deal: Deal, steps: list[rendering.Step], *, at: datetime) -> int:
    made = 0
    for step in steps:
        key = f"cohort:{step.name}"
        if Rendering.objects.filter(deal=deal, key=key).exists():
            continue
        with transaction.atomic():
            deal = ledger.lock(deal.pk)
            total = ledger.standing(deal, on=step.ended_on).total
            share = (total * step.part / step.parts).quantize(money.KOPECK, ROUND_DOWN)
            amount = share - prepayments.rendered(deal, entity_of(deal, step.ended_on))
            if amount > 0:
                render(deal=deal, on=step.ended_on, amount=amount, author=history.SYSTEM, at=at, key=key)
                made += 1
    return made


def _waits_for(one: Prepayment, part: Decimal, register: _Register) -> str:
    """Why a receipt cannot close this part now, in a word; empty where it can."""
    if not register.as_a_whole:
        return ""
    if return_receipts.on_its_way(one.payment):
        # Its return is printed as of a prepayment: only what stays is closed, once that is known.
        return GOING_BACK
    return WHOLE_ONLY if part < one.open else ""


def _register(one: Prepayment) -> _Register:
    """As the money was receipted, so it is closed."""
    income = return_receipts.income_of(one.payment)
    if income is None or income.state in (Receipt.State.MISSING, Receipt.State.FAILED):
        return _Register(None, Receipt.State.MISSING, "no_income_receipt")
    if income.state == Receipt.State.NOT_REQUIRED:
        return _Register(None, Receipt.State.NOT_REQUIRED, income.reason)
    if return_receipts.rode(income):
        root = receipts.root_of(one.payment)
        shop = root.merchant
        if Offset.objects.filter(payment__in=moves.tree(root), amount__gt=0).exists():
            return _Register(None, Receipt.State.MISSING, "second_receipt_taken")
        return _Register(shop, Receipt.State.PLANNED, as_a_whole=True)
    call = ProviderCall.objects.filter(receipt=income, kind=ProviderCall.Kind.SEND_RECEIPT).first()
    return _Register(call.merchant if call else None, Receipt.State.PLANNED)


def _plan(
    deal: Deal, entity: LegalEntity, register: _Register, parts: list[Prepayment], *, on: date, at: datetime
) -> Receipt:
    """One receipt for these parts, their offsets, and the call that makes it."""
    newest = parts[-1].payment
    receipt = Receipt(payment=newest, kind=Receipt.Kind.OFFSET, state=register.state, created_at=at)
    receipt.reason = register.reason
    if register.merchant:
        sale = receipt_contents.Sale(
            deal=deal,
            entity=entity,
            programme=newest.programme or deal.programme,
            buyer=receipt_contents.buyer_of(newest),
            on=on,
        )
        try:
            content = receipt_contents.offset(sale, amount=sum((one.open for one in parts), Decimal(0)))
        except network.NoTaxSetting:
            receipt.state, receipt.reason = Receipt.State.MISSING, "no_tax_setting"
        else:
            receipt.content = {**content, "number": order_numbers.draw(merchant=register.merchant)}
    receipt.save()
    Offset.objects.bulk_create(
        Offset(payment=one.payment, receipt=receipt, amount=one.open, recorded_at=at) for one in parts
    )
    if receipt.state == Receipt.State.PLANNED and register.merchant:
        provider_queue.add(
            merchant=register.merchant,
            kind=ProviderCall.Kind.SEND_RECEIPT,
            key=f"receipt:{receipt.pk}",
            receipt=receipt,
            at=at,
        )
    return receipt
