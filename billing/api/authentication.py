"""Who calls: amoCRM's one-time token, or a member of staff of the panel.

The account always comes from the token, never from a parameter; staff names it by ?account=KEY where there
are several.
"""

from typing import Any

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from crm import auth
from crm.auth import Caller
from crm.models import Account


class ApiUser:
    """What DRF wants of a user, around the caller."""

    is_authenticated = True

    def __init__(self, caller: Caller, *, staff: bool) -> None:
        self.caller = caller
        self.staff = staff


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


class Staff(SessionAuthentication):
    """A session of the panel; unsafe calls need its CSRF token."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is None or not found[0].is_staff:
            return None
        key = request.query_params.get("account")
        accounts = Account.objects.filter(key=key) if key else Account.objects.all()
        account = accounts.first()
        if account is None or (not key and accounts.count() > 1):
            raise exceptions.NotFound
        return ApiUser(Caller(account=account, user_id=0, is_admin=True), staff=True), None
