"""How a payer wants to be reminded: by one channel, or not at all.

Owns Preference. A wish belongs to a payer of an account, whatever deals there are: by the mail's address,
else by amoCRM's contact. Invoices are not reminders: they go out all the same. Each change ends the wish
before it, so a past day's wish is known.
"""

from datetime import datetime

from django.db import transaction

from billing import history, ledger, payers
from billing.models import Preference
from crm.models import Account, Deal

NONE = Preference.Channel.NONE.value


def of_account(account: Account) -> dict[str, str]:
    """Return the wish of every payer who has one: payer -> channel."""
    live = Preference.objects.filter(account=account, ended_at__isnull=True)
    return dict(live.values_list("payer", "channel"))


def of_deal(deal: Deal) -> str:
    """Return the channel that the deal's payer wants, "none", or empty for what the policy says."""
    return _live(deal, name_of(deal)) or ""


def name_of(deal: Deal) -> str:
    """Return the name by which the channels know the deal's payer."""
    email = payers.of_deal(deal).of().email.strip().lower() or deal.contact_email.strip().lower()
    return email or (f"contact:{deal.contact_id}" if deal.contact_id else f"deal:{deal.pk}")


def choose(*, deal: Deal, channel: str, author: str, at: datetime) -> None:
    """Remember what the deal's payer wants: a channel, NONE, or empty for what the policy says.

    The same wish again changes nothing.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        before = of_deal(deal)
        if before == channel:
            return
        payer = name_of(deal)
        Preference.objects.filter(account=deal.account, payer=payer, ended_at=None).update(ended_at=at)
        if channel:
            Preference.objects.create(
                account=deal.account, payer=payer, channel=channel, author=author, recorded_at=at
            )
        data = {"before": before, "channel": channel}
        kind = "reminders_refused" if channel == NONE else "channel_chosen"
        history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=author, data=data)


def _live(deal: Deal, payer: str) -> str | None:
    live = Preference.objects.filter(account=deal.account_id, payer=payer, ended_at__isnull=True)
    return live.values_list("channel", flat=True).first()
