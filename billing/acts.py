"""Acts: papers that say what was rendered, and what follows when the payer has signed one.

Owns Act rows: open -> accepted | void. An act is numbered, made and sent like any other document
(billing.papers); its day and sum never change. Where the account's rules say "by act", an accepted one is the
fact: its sum counts as rendered on its day, once, and the receipts follow (billing.service_rendered). What is
rendered stays in the books, so only an act that nobody has signed can be void.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from billing import auto_rendering, history, ledger, paper_values, papers, prepayments, service_rendered
from billing.models import Act, LegalEntity, Rendering
from billing.rules import money
from billing.rules.schedule import EARLIEST
from crm.models import Deal
from documents import register
from documents.models import Document
from documents.register import Draft


class Refused(Exception):
    """The act cannot be made, accepted or made void; the message is the way out, in words."""


class AboveLeft(Exception):
    """More than acts have left to say; the message says how much that is."""


class NotThatDay(Exception):
    """Nobody signs an act before its day or in the future."""


class ReasonRequired(Exception):
    """Why an act is void must be said."""


def make(*, deal: Deal, on: date | None, amount: Decimal | None, author: str, at: datetime) -> Act:
    """Make an act of `amount` (else of all that no act says yet), dated `on` (else today).

    1. Under the deal's lock: the sum is within what is left. 2. Number, paper, history, the file in amoCRM. A
    second call makes another act of what is left. Raises Refused, AboveLeft, service_rendered.NotThatDay,
    network.NoReceiver, network.NoTaxSetting.
    """
    day = on or deal.local_day(at)
    if not EARLIEST <= day <= deal.local_day(at):
        raise service_rendered.NotThatDay
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        entity = service_rendered.entity_of(deal, day)
        free = _left(deal, entity, day)
        given = free if amount is None else amount
        if free <= 0:
            raise Refused(_why_nothing_is_left(deal, day))
        if not money.is_whole_kopecks(given) or not 0 < given <= free:
            raise AboveLeft(_("At most %(left)s is left for an act.") % {"left": money.words(free)})
        number = register.number_of(series=f"act:{entity.key}", year=day.year)
        draft = Draft(
            kind=Document.Kind.ACT,
            series=f"act:{entity.key}",
            name=f"Акт № {number} от {day:%d.%m.%Y}",
            number=number,
        )
        values = paper_values.act(deal, entity, number=number, on=day, amount=given)
        document = papers.put(deal=deal, draft=draft, values=values, author=author, at=at)
        return Act.objects.create(document=document, legal_entity=entity, rendered_on=day, amount=given)


def accept(*, act: Act, accepted_on: date, author: str, at: datetime) -> Rendering | None:
    """The payer has signed the act; returns what counts as rendered by it, None where the rules do not go by
    acts, or all of it was rendered before.

    1. Under the deal's lock mark it. 2. By the account's rules: render its sum on its day, at most what is
    left, and plan the receipts. A second call changes nothing and returns the first rendering. Raises
    Refused, NotThatDay, network.NoReceiver.
    """
    with transaction.atomic():
        deal = ledger.lock(act.document.deal_id)
        act = _of_now(act)
        if act.state == Act.State.ACCEPTED:
            return Rendering.objects.filter(deal=deal, key=_key(act)).first()
        if act.state == Act.State.VOID:
            raise Refused(_("This act is void: make a new one."))
        if not act.rendered_on <= accepted_on <= deal.local_day(at):
            raise NotThatDay
        _end(act, Act.State.ACCEPTED, accepted_on=accepted_on, author=author, at=at)
        data = {"signed_on": accepted_on.isoformat(), "amount": money.text(act.amount)}
        _tell(deal, act, "act_accepted", author=author, at=at, **data)
        if not auto_rendering.by_act(deal, on=act.rendered_on):
            return None
        return _render(deal, act, author=author, at=at)


def void(*, act: Act, reason: str, author: str, at: datetime) -> None:
    """A mistaken act: it is shown and sent to nobody any more, its sum is free for another one. A second call
    changes nothing. Raises Refused, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        deal = ledger.lock(act.document.deal_id)
        act = _of_now(act)
        if act.state == Act.State.ACCEPTED:
            raise Refused(
                _(
                    "The payer has signed this act, so what it says stays. Agree on a correction with the"
                    " accountant: money goes back by a refund, which makes the receipt of the return."
                )
            )
        if act.state == Act.State.OPEN:
            _end(act, Act.State.VOID, reason=reason.strip(), author=author, at=at)
            _tell(deal, act, "act_void", author=author, at=at, reason=reason.strip())


def _left(deal: Deal, entity: LegalEntity, on: date) -> Decimal:
    """What no act says yet; where acts are the fact, less what was rendered without one."""
    total = ledger.standing(deal, on=on).total
    said = _sum(deal, Act.State.OPEN, Act.State.ACCEPTED)
    if not auto_rendering.by_act(deal, on=on):
        return total - said
    rendered = prepayments.rendered(deal, entity)
    return total - max(said, rendered + _sum(deal, Act.State.OPEN))


def _sum(deal: Deal, *states: Act.State) -> Decimal:
    found = Act.objects.filter(document__deal=deal, state__in=states).aggregate(sum=Sum("amount"))["sum"]
    return found or money.ZERO


def _why_nothing_is_left(deal: Deal, on: date) -> str:
    if ledger.standing(deal, on=on).total <= 0:
        return _("The act needs a sum: fill in the deal's budget or make the schedule.")
    waiting = Act.objects.filter(document__deal=deal, state=Act.State.OPEN).select_related("document").first()
    if waiting:
        return _("%(name)s says the rest and is not signed yet: make it void first if it is wrong.") % {
            "name": waiting.document.name
        }
    return _("All of the deal's service is rendered already.")


def _render(deal: Deal, act: Act, *, author: str, at: datetime) -> Rendering | None:
    """Its sum, unless somebody has said of a part already that it was rendered."""
    total = ledger.standing(deal, on=act.rendered_on).total
    said = _sum(deal, Act.State.ACCEPTED)
    if said > total:
        raise Refused(
            _("The deal costs %(total)s, and its signed acts would say %(said)s: make this one void.")
            % {"total": money.words(total), "said": money.words(said)}
        )
    entity = service_rendered.entity_of(deal, act.rendered_on)
    if entity != act.legal_entity:
        raise Refused(
            _("The act is of %(act)s, but the deal's money lies with %(entity)s: make it void and a new one.")
            % {"act": act.legal_entity.name, "entity": entity.name}
        )
    left = total - prepayments.rendered(deal, entity)
    if left <= 0:
        return None
    return service_rendered.render(
        deal=deal, on=act.rendered_on, amount=min(act.amount, left), author=author, at=at, key=_key(act)
    )


def _of_now(act: Act) -> Act:
    return Act.objects.select_related("document", "legal_entity").get(pk=act.pk)


def _key(act: Act) -> str:
    return f"act:{act.pk}"


def _end(act: Act, state: Act.State, *, author: str, at: datetime, **said: object) -> None:
    Act.objects.filter(pk=act.pk).update(state=state, closed_by=author, closed_at=at, **said)


def _tell(deal: Deal, act: Act, kind: str, *, author: str, at: datetime, **said: str) -> None:
    data = {"document": act.document_id, "name": act.document.name, **said}
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=author, data=data)
