"""What a deal's card says of its schedule's life: how it was closed, paused, signed, and what may be done.

Reads only; billing.deal_card puts it into the card.
"""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import pause_state
from billing.ledger import Standing
from billing.models import Pause, Schedule, ScheduleVersion
from billing.rules import money

# Actions of the card that change what the payer signed: only an administrator takes them.
VERSION_ACTIONS = (
    "rebuild",
    "settle",
    "cancel",
    "move_date",
    "change_total",
    "transfer",
    "write_off",
    "reverse_write_off",
)


def fields(schedule: Schedule | None) -> dict[str, Any]:
    """`closing`, `pause`, `signed`: what a person did to the schedule, null when he did not."""
    if schedule is None:
        return {"closing": None, "pause": None, "signed": None}
    versions = ScheduleVersion.objects.filter(schedule=schedule, number=schedule.version)
    version = versions.select_related("signature").first()
    signature = getattr(version, "signature", None)
    return {
        "closing": {"kind": schedule.closing, "reason": version.reason, "retained": version.retained or None}
        if schedule.closing and version
        else None,
        "pause": _pause(pause_state.last_of(schedule)),
        "signed": {"on": signature.signed_on.isoformat(), "by": signature.author} if signature else None,
    }


def actions(standing: Standing, shown: dict[str, Any]) -> list[str]:
    """What may be done with the schedule now; `shown` is what fields() said."""
    if standing.schedule is None:
        return []
    found = []
    if shown["closing"] is None:
        found += ["settle", "cancel", "transfer", "change_total"]
        found += ["move_date"] if standing.debt > 0 else []
    elif standing.paid > 0:
        found += ["settle"]
    if shown["pause"] is not None:
        found += ["resume"]
    elif standing.debt > 0:
        found += ["pause"]
    return found if shown["signed"] else [*found, "sign"]


def warnings(shown: dict[str, Any], *, on: date) -> list[dict[str, str]]:
    """What a person should decide."""
    pause = shown["pause"]
    if pause and pause["until"] and date.fromisoformat(pause["until"]) <= on:
        day = date_format(date.fromisoformat(pause["until"]), "d.m.Y")
        text = _("The pause was over on %(day)s: go on, or move the payments by it.") % {"day": day}
        return [{"code": "pause_over", "text": text}]
    return []


def written_off(standing: Standing) -> str:
    """What nobody is asked for any more, by the rows that it was written off of."""
    rows = [
        f"{row.installment.number} ({money.words(row.written_off)})"
        for row in standing.rows
        if row.written_off
    ]
    text = _("%(amount)s of the debt are written off, of payments: %(rows)s. Nobody is asked for them.") % {
        "amount": money.words(standing.written_off),
        "rows": ", ".join(rows),
    }
    return text if standing.debt > 0 else text + " " + _("The deal is not paid in full.")


def _pause(pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    return {
        "since": pause.begun_on.isoformat(),
        "until": pause.until.isoformat() if pause.until else None,
        "reason": pause.reason,
    }
