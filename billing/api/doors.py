"""What every door of a deal does before its one call: who asks, which deal, may they see it.

amoCRM is asked here, before any transaction is opened. While amoCRM is down a known deal is served from the
last known data and marked so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.api import rights
from billing.api.authentication import ApiUser
from billing.api.problems import Problem
from billing.versions import Rank
from crm import auth, client, deals, limits
from crm.auth import Caller
from crm.models import Account, Deal

COPY_IS_FRESH = timedelta(minutes=2)


@dataclass(frozen=True)
class Visit:
    """One call by one caller to one deal at one moment."""

    account: Account
    deal: Deal
    author: str
    caller: str
    user: ApiUser
    at: datetime
    stale: bool
    language: str

    @property
    def rank(self) -> Rank:
        """Staff of the panel and administrators of amoCRM may change what is signed."""
        return Rank.ADMINISTRATOR if self.user.staff or self.user.caller.is_admin else Rank.MANAGER


class Door(APIView):
    """A view whose caller is known; `right` may be left to administrators (billing.api.rights).

    With `asks_amocrm` an old yes of amoCRM is not enough: without it the door is shut.
    """

    right: ClassVar[str] = ""
    asks_amocrm: ClassVar[bool] = False

    def caller(self, request: Request) -> ApiUser:
        user = request.user
        if not isinstance(user, ApiUser):
            raise TypeError("the door is open to nobody else")
        return user

    def visit(self, request: Request, lead_id: int) -> Visit:
        """Find the deal of the caller's account and check that the caller may see it."""
        user = self.caller(request)
        at = timezone.now()
        deal, stale = self.read_deal(user.caller.account, lead_id, at)
        if not user.staff:
            _admit(user.caller, lead_id, at, old_yes=not self.asks_amocrm)
        rights.demand(user, self.right)
        return Visit(
            account=user.caller.account,
            deal=deal,
            author=user.author,
            caller=f"{user.caller.account.key}:{user.author}",
            user=user,
            at=at,
            stale=stale,
            language=_language(request),
        )

    def read_deal(self, account: Account, lead_id: int, at: datetime) -> tuple[Deal, bool]:
        """The deal, and whether it may be old: a copy is read anew before a lost hook can do harm for long.

        While amoCRM cannot be asked even a young copy is only what was last known.
        """
        known = known_deal(account, lead_id)
        if known is not None and at - known.fetched_at < COPY_IS_FRESH:
            return known, limits.pause_left(account.subdomain) > 0
        if known is None:
            return deals.get(account=account, lead_id=lead_id, at=at), False
        try:
            return deals.refresh(account=account, lead_id=lead_id, at=at), False
        except client.Unavailable:
            return known, True


def known_deal(account: Account, lead_id: int) -> Deal | None:
    """The deal as it was last known, with the account that the caller has already."""
    known = Deal.objects.of(account, lead_id).first()
    if known is not None:
        known.account = account
    return known


def _language(request: Request) -> str:
    """In which the caller reads the card; what payers and amoCRM are told stays in ours."""
    asked = request.query_params.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _admit(caller: Caller, lead_id: int, at: datetime, *, old_yes: bool) -> None:
    """While amoCRM is down its last yes counts for 24 hours (crm.auth), where an old one will do."""
    may = auth.may_read if old_yes else auth.may_see
    if not may(caller=caller, lead_id=lead_id, at=at):
        raise Problem(403, "not_allowed", _("amoCRM does not let you see this deal."))


def body(serializer: type[Any], request: Request) -> Any:
    """The checked body, or the errors of its fields."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked
