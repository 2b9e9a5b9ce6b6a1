"""What the owner must know: each cause once, in the panel and by one mail, until it is gone.

Promises: one open alert of a kind for an account, however many processes find the cause; its mail goes out
once; a cause that was gone and comes back is told again. Never: raises, or calls amoCRM.
"""

import smtplib
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm import kick, queues
from crm.models import Account, Alert

log = structlog.get_logger("grafik.alerts")

BATCH = 50


def open_once(*, account: Account, kind: Alert.Kind, text: str, at: datetime) -> None:
    """Tell the owner of a cause; a second call while it lasts does nothing."""
    row = Alert(account=account, kind=kind, text=text, created_at=at, not_before=at)
    with transaction.atomic():
        Alert.objects.bulk_create([row], ignore_conflicts=True)
        kick.soon("crm.send_alerts")


def close(*, account: Account, kinds: Iterable[Alert.Kind], at: datetime) -> int:
    """The causes are gone; returns how many alerts were open."""
    return Alert.objects.filter(account=account, kind__in=list(kinds), closed_at=None).update(closed_at=at)


def open_ones() -> QuerySet[Alert]:
    """What is wrong now, newest last."""
    return Alert.objects.filter(closed_at=None).select_related("account").order_by("id")


def deliver(*, at: datetime) -> int:
    """Mail what was not mailed yet; returns how many alerts were handled.

    A cause that was gone before its mail could go out is not mailed. Where nobody has an address, the panel
    alone says it.
    """
    rows = queues.claim(Alert, at=at, limit=BATCH)
    for row in rows:
        try:
            _mail(row)
        except (smtplib.SMTPException, OSError) as error:
            queues.retry(row, at=at, error=type(error).__name__)
            continue
        queues.finish(row, at=at)
    return len(rows)


def _mail(row: Alert) -> None:
    to = _addresses(row.account)
    if row.closed_at is not None or not to:
        return
    text = _("%(text)s\n\nInvoices and payments go on; nothing is written to amoCRM until then.\n%(url)s")
    EmailMessage(
        subject=_("Grafik: amoCRM needs you (%(account)s)") % {"account": row.account.subdomain},
        body=text % {"text": row.text, "url": f"{settings.PUBLIC_URL}/admin/crm/alert/"},
        from_email=_from(),
        to=to,
        headers={"Message-ID": f"<alert-{row.pk}@grafik>", "Auto-Submitted": "auto-generated"},
    ).send()
    log.info("alert mailed", account=row.account.key, kind=row.kind)


def _addresses(account: Account) -> list[str]:
    """The account's own address, else those of the owners of this installation."""
    if account.alert_email:
        return [account.alert_email]
    owners = get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(email="")
    return list(owners.order_by("pk").values_list("email", flat=True))


def _from() -> str:
    user: str = settings.EMAIL_HOST_USER
    return user if "@" in user else f"noreply@{urlsplit(settings.PUBLIC_URL).hostname}"
