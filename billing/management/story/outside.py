"""The outside world of the past: what waits in a queue is stored as done, with what its delivery leaves.

Applies what amoCRM would have shown back to us (stages, prices), writes the history that a sent mail and a
printed receipt leave, and numbers the notes and tasks as the sandbox will know them. Everything in bulk: a
year has tens of thousands of rows.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from random import Random

from django.conf import settings
from django.db.models import Case, F, Max, Min, Q, Value, When
from django.utils.translation import gettext as _

from billing import history, receipts
from billing.models import Event, Message, ProviderCall, ProviderOrder, Receipt, Reminder
from crm.models import Account, Deal, OutboxRow

# amoCRM numbers what the story made below the first numbers that the sandbox gives by itself.
NOTES_FROM, TASKS_FROM = 40_000_000, 50_000_000
WON, LOST = 142, 143
SENDING, PRINTING = timedelta(seconds=3), timedelta(seconds=4)


class Outside:
    """What the world did for some deals of an account, which were stored in one piece.

    `random` prints the receipts' numbers and signs.
    """

    def __init__(self, account: Account, deals: Sequence[Deal], random: Random) -> None:
        self._account = account
        self._first = min((deal.pk for deal in deals), default=0)
        self._last = max((deal.pk for deal in deals), default=0)
        self._random = random

    def serve_all(self) -> None:
        """From now on the mails and notes of the account's other deals are this one's, too."""
        known = Deal.objects.filter(account=self._account).aggregate(first=Min("pk"), last=Max("pk"))
        self._first, self._last = known["first"], known["last"]

    def _of(self, deal: str) -> Q:
        return Q(**{f"{deal}__gte": self._first, f"{deal}__lte": self._last})

    def post(self) -> None:
        """The mails that wait were sent."""
        waiting = Message.objects.filter(self._of("deal"), state=Message.State.WAITING)
        sent = list(
            waiting.select_related("invoice")
            .only("invoice__number", "deal_id", "subject", "channel", "created_at")
            .order_by("id")
        )
        if not sent:
            return
        Event.objects.bulk_create(_sent_events(sent))
        OutboxRow.objects.bulk_create(self._sent_note(row) for row in sent if row.invoice)
        waiting.update(state=Message.State.DONE, attempts=1, done_at=F("created_at") + SENDING)

    def close_day(self) -> None:
        """Everything that waits was delivered, in its order."""
        self.post()
        self._serve()
        rows = OutboxRow.objects.filter(self._of("deal"), state=OutboxRow.State.WAITING)
        changes = rows.filter(kind__in=(OutboxRow.Kind.STAGE, OutboxRow.Kind.PRICE)).order_by("id")
        for deal_id, kind, payload in list(changes.values_list("deal_id", "kind", "payload")):
            _show_back(deal_id, kind, payload)
        number = Case(
            When(kind=OutboxRow.Kind.NOTE, then=F("id") + NOTES_FROM),
            When(kind=OutboxRow.Kind.TASK, then=F("id") + TASKS_FROM),
            default=Value(None),
        )
        rows.update(
            state=OutboxRow.State.DONE, attempts=1, done_at=F("created_at") + SENDING, external_id=number
        )

    def _serve(self) -> None:
        """The register printed the receipts, and the pages of replaced orders were closed."""
        waiting = ProviderCall.objects.filter(state=ProviderCall.State.WAITING)
        ours = self._of("receipt__payment__deal") | self._of("order__deal")
        calls = list(
            waiting.filter(ours)
            .select_related("receipt__payment__deal", "receipt__refund", "merchant")
            .order_by("id")
        )
        if not calls:
            return
        printed = []
        for call in calls:
            if call.receipt is not None:
                self._register(call.receipt, call.merchant.provider)
                printed.append(call.receipt)
        Receipt.objects.bulk_update(printed, ["state", "external_id", "url", "fiscal", "registered_at"])
        deals = ((receipt, receipt.payment.deal) for receipt in printed)
        Event.objects.bulk_create(_printed_event(receipt, deal) for receipt, deal in deals if deal)
        # Robokassa cannot close a page: there a replaced order stays what it is.
        closed = [
            call.order_id for call in calls if call.order_id and call.merchant.provider == "cloudpayments"
        ]
        if closed:
            replaced = ProviderOrder.objects.filter(id__in=closed, state=ProviderOrder.State.SUPERSEDED)
            replaced.update(state=ProviderOrder.State.CANCELLED)
        done = {"state": ProviderCall.State.DONE, "attempts": 1, "done_at": F("created_at") + PRINTING}
        waiting.filter(id__in=[call.pk for call in calls]).update(called_at=F("created_at"), **done)

    def _register(self, receipt: Receipt, provider: str) -> None:
        """Robokassa calls it as its order, and shows no copy."""
        receipt.state = Receipt.State.REGISTERED
        if provider == "cloudpayments":
            receipt.external_id = f"past{receipt.pk:08d}"
            receipt.url = f"{settings.CLOUDPAYMENTS_URL}/r/{receipt.external_id}"
        receipt.registered_at = receipt.created_at + PRINTING
        receipt.fiscal = {
            "fn": "9999078900001233",
            "fd": str(self._random.randrange(1000, 100_000)),
            "fpd": str(self._random.randrange(10**9, 10**10)),
        }

    def _sent_note(self, message: Message) -> OutboxRow:
        number = message.invoice.number if message.invoice else ""
        return OutboxRow(
            account=self._account,
            deal_id=message.deal_id,
            kind=OutboxRow.Kind.NOTE,
            key=f"message:{message.pk}",
            payload={"text": _("Invoice %(number)s was sent by e-mail.") % {"number": number}},
            not_before=message.created_at,
            created_at=message.created_at + SENDING,
        )


def _show_back(deal_id: int, kind: str, payload: dict[str, int]) -> None:
    """amoCRM keeps a stage or a price, and the mirror shows it."""
    deals = Deal.objects.filter(id=deal_id)
    if kind == OutboxRow.Kind.PRICE:
        deals.update(price=payload["price"])
        return
    if payload.get("only_from") is not None:
        deals = deals.filter(status_id=payload["only_from"])
    deals.exclude(status_id__in=(WON, LOST)).update(status_id=payload["status_id"])


def _sent_events(sent: list[Message]) -> Iterable[Event]:
    reminded: dict[int, set[int]] = {}
    steps = Reminder.objects.filter(message__in=sent).values_list(
        "message_id", "installment__schedule__deal_id"
    )
    for message_id, deal_id in steps:
        reminded.setdefault(message_id, set()).add(deal_id)
    for row in sent:
        number = row.invoice.number if row.invoice else None
        data = {"message": row.pk, "channel": row.channel, "subject": row.subject, "invoice": number}
        kind = "reminder_sent" if row.pk in reminded else "invoice_sent" if number else "message_sent"
        at = row.created_at + SENDING
        for deal_id in sorted(reminded.get(row.pk, {row.deal_id})):
            yield Event(deal_id=deal_id, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)


def _printed_event(receipt: Receipt, deal: Deal) -> Event:
    at = receipt.created_at + PRINTING
    return Event(
        deal=deal,
        kind="receipt_registered",
        at=at,
        recorded_at=at,
        author=history.SYSTEM,
        data={"amount": f"{receipts.total(receipt):.2f}", "of": receipt.kind, "url": receipt.url},
    )
