"""How an account bills, as its administrator sees and changes it inside amoCRM: hour of invoices, reminders.

Reads and writes AccountPolicy and nothing else; everything rarer stays in the panel and in the network file.
"""

from collections.abc import Sequence
from datetime import time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import AccountPolicy
from crm.models import Account

SALESBOT = "salesbot"


class NoBot(Exception):
    """Reminders by Salesbot need the bot's number; the text says so."""


def shown(account: Account) -> dict[str, Any]:
    """The rules as the set-up page reads them."""
    policy = AccountPolicy.objects.filter(account=account).first() or AccountPolicy(account=account)
    return {
        "mode": policy.mode,
        "issue_at": str(policy.issue_at)[:5],
        "issue_days_before": policy.issue_days_before,
        "reminders": policy.reminders,
        "salesbot_id": policy.salesbot_id,
    }


def save(
    *,
    account: Account,
    issue_at: time,
    issue_days_before: int,
    reminders: Sequence[dict[str, Any]],
    salesbot_id: int | None,
) -> None:
    """Store the rules; the same day twice is one reminder with all its channels. Raises NoBot."""
    steps: dict[int, list[str]] = {}
    for one in reminders:
        known = steps.setdefault(one["days"], [])
        known += [channel for channel in one["channels"] if channel not in known]
    if salesbot_id is None and any(SALESBOT in channels for channels in steps.values()):
        raise NoBot(_("Choose the Salesbot that sends the reminders."))
    ordered = [{"days": days, "channels": channels} for days, channels in sorted(steps.items()) if channels]
    with transaction.atomic():
        AccountPolicy.objects.select_for_update().get_or_create(account=account)
        AccountPolicy.objects.filter(account=account).update(
            issue_at=issue_at,
            issue_days_before=issue_days_before,
            reminders=ordered,
            salesbot_id=salesbot_id,
        )
