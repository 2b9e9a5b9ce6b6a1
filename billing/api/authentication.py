"""Who calls: amoCRM's one-time token, another program's key, or a member of staff of the panel.

The account of a one-time token is the token's, never a parameter; keys and staff name theirs by ?account=KEY
where there are several.
"""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from billing import api_tokens
from crm import auth
from crm.auth import Caller
from crm.models import Account


class ApiUser:
    """What DRF wants of a user, around the caller."""

    is_authenticated = True

    def __init__(self, caller: Caller, *, staff: bool, token: str = "") -> None:
        self.caller = caller
        self.staff = staff
        self._token = token

    @property
    def author(self) -> str:
        """Who stands in the history: a user of amoCRM, the panel's staff, or another program by its key."""
        if self._token:
            return f"token:{self._token}"[:255]
        return "staff" if self.staff else f"user:{self.caller.user_id}"


class WidgetToken(BaseAuthentication):
    """X-Auth-Token: amoCRM's JWT for one user of one account."""

    def authenticate(self, request: Request) -> tuple[ApiUser, None] | None:
        token = request.headers.get("X-Auth-Token")
        if not token:
            return None
        try:
            caller = auth.verify(token, at=timezone.now())
        except auth.InvalidToken as error:
            raise exceptions.AuthenticationFailed from error
        return ApiUser(caller, staff=False), None

    def authenticate_header(self, request: Request) -> str:
        return "X-Auth-Token"


class BearerToken(BaseAuthentication):
    """Authorization: Bearer KEY, made in the panel for another program; it may what staff may."""

    def authenticate(self, request: Request) -> tuple[ApiUser, None] | None:
        kind, _space, key = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = api_tokens.find(key.strip(), at=timezone.now())
        if token is None:
            raise exceptions.AuthenticationFailed
        account = _named(request, Account.objects.filter(pk=token.account_id) if token.account_id else None)
        caller = Caller(account=account, user_id=0, is_admin=True)
        return ApiUser(caller, staff=True, token=token.name), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Staff(SessionAuthentication):
    """A session of the panel; unsafe calls need its CSRF token."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is None or not found[0].is_staff:
            return None
        caller = Caller(account=_named(request, None), user_id=0, is_admin=True)
        return ApiUser(caller, staff=True), None


def _named(request: Request, among: QuerySet[Account] | None) -> Account:
    """The account of ?account=KEY, or the only one there is."""
    key = request.query_params.get("account", "").replace("\x00", "")
    accounts = Account.objects.all() if among is None else among
    found = accounts.filter(key=key) if key else accounts
    account = found.order_by("id").first()
    if account is None or (not key and found.count() > 1):
        raise exceptions.NotFound
    return account
