"""The word beside the panel's name while something is wrong: amoCRM's trouble, then refused notices."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from billing import refused_notices
from crm import panel


def alarm(request: HttpRequest) -> list[str] | None:
    connection = panel.alarm(request)
    if connection or not request.user.is_authenticated:
        return connection
    shops = ", ".join(refused_notices.repeating(at=timezone.now()))
    return [gettext("Notices are refused: %(shops)s") % {"shops": shops}, "danger"] if shops else None
