"""The doors of the page: figures, lists, aging, and what can be chosen in the filters.

Whoever amoCRM vouches for may read the figures of the own account, and of no other. Who sees only own deals
in amoCRM gets the figures of these.
"""

import base64
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import queries
from analytics.api.lines import group, open_row, operation
from analytics.api.questions import FilterSerializer, ListSerializer, ask
from analytics.api.tab import TabPass
from analytics.filters import Filter
from billing.api.authentication import Staff, WidgetToken
from billing.api.doors import Door
from billing.api.problems import Problem
from billing.rules import money
from crm import users

Row = dict[str, Any]


class AnalyticsDoor(Door):
    """A staff session opens it as well: these doors change nothing."""

    authentication_classes = (WidgetToken, TabPass, Staff)

    def own_only(self, request: Request, at: datetime) -> int | None:
        """The manager whose deals are all that this caller may see; None sees everybody's."""
        user = self.caller(request)
        if user.staff or user.caller.is_admin:
            return None
        who = user.caller.user_id
        return who if users.sees_only_own(account=user.caller.account, user_id=who, at=at) else None

    def question(self, request: Request, checked: Any, at: datetime) -> Filter:
        """The checked question, narrowed to what the caller may see."""
        asked: Filter = checked.filter(self.caller(request).caller.account, at)
        own = self.own_only(request, at)
        if own is None:
            return asked
        if asked.manager not in (None, own):
            raise Problem(403, "not_allowed", str(_("amoCRM shows you your own deals only.")))
        return replace(asked, manager=own)


class Summary(AnalyticsDoor):
    @extend_schema(parameters=[FilterSerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        at, account = timezone.now(), self.caller(request).caller.account
        asked = self.question(request, ask(FilterSerializer, request.query_params), at)
        found = queries.summary(asked)
        names = users.names(account=account, at=at)
        return Response(
            {
                **sums(found.figures),
                "on_time_share": None if found.on_time_share is None else float(found.on_time_share),
                "as_of": asked.as_of,
                "forecast": [
                    {"month": f"{month:%Y-%m}", "expected": money.text(rest)}
                    for month, rest in found.forecast
                ],
                "by_period": [
                    {"from": one.since, "to": one.until, **sums(one.figures)} for one in found.by_period
                ],
                "by_group": {
                    name: [group(name, one, names) for one in groups]
                    for name, groups in found.by_group.items()
                },
            }
        )


class Payments(AnalyticsDoor):
    @extend_schema(parameters=[ListSerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        at, account = timezone.now(), self.caller(request).caller.account
        given = ask(ListSerializer, request.query_params)
        asked = self.question(request, given, at)
        state, limit = given.validated_data["state"], given.validated_data["limit"]
        after = _after(given.validated_data.get("cursor"), state)
        if state == "received":
            found = list(queries.received(asked, after=after, limit=limit + 1))
        else:
            found = list(queries.rows(asked, late=state == "overdue", after=after, limit=limit + 1))
        line = operation if state == "received" else open_row
        more, found = len(found) > limit, found[:limit]
        names = users.names(account=account, at=at)
        return Response(
            {
                "results": [line(row, asked, names) for row in found],
                "next": _next(request, [state, *queries.key(state, found[-1])]) if more else None,
            }
        )


class Aging(AnalyticsDoor):
    @extend_schema(parameters=[FilterSerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        asked = self.question(request, ask(FilterSerializer, request.query_params), timezone.now())
        found = queries.aging(asked)
        return Response(
            {
                "as_of": asked.as_of,
                "buckets": [
                    {"bucket": bucket, "amount": money.text(amount)}
                    for bucket, amount in found.buckets.items()
                ],
                "total": money.text(found.total),
                "deals": found.deals,
            }
        )


class Filters(AnalyticsDoor):
    """What the page's filters offer: every value of the account, whatever is chosen now."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        at, account = timezone.now(), self.caller(request).caller.account
        asked = ask(FilterSerializer, {}).filter(account, at)
        names = users.names(account=account, at=at)
        found = queries.facets(asked)
        own = self.own_only(request, at)
        found["manager"] = [
            (value, names[int(value)]) for value, _name in found["manager"] if own in (None, int(value))
        ]
        choices = {
            what: [{"value": value, "name": name} for value, name in sorted(values, key=_in_order)]
            for what, values in found.items()
        }
        home = settings.AMOCRM_URL.format(subdomain=account.subdomain)
        return Response({"today": asked.today, "deal_url": f"{home}/leads/detail/", **choices})


def _in_order(choice: tuple[str, str]) -> list[Any]:
    """«Поток 2» stands before «Поток 10»."""
    parts = enumerate(re.split(r"([0-9]+)", choice[1]))
    return [int(part) if place % 2 else part.casefold() for place, part in parts]


def sums(figures: queries.Figures) -> dict[str, str]:
    return {
        "received": money.text(figures.received),
        "expected": money.text(figures.expected),
        "overdue": money.text(figures.overdue),
    }


def _next(request: Request, key: list[Any]) -> str:
    """The address of the next page: the same question with the last row seen."""
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    query = {**request.query_params.dict(), "cursor": cursor}
    return f"{settings.PUBLIC_URL}{request.path}?{urlencode(query)}"


def _after(cursor: str | None, state: str) -> tuple[Any, ...] | None:
    """The last row seen; whatever is not a cursor of this list is an error of its field."""
    if cursor is None:
        return None
    try:
        of, *key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if of != state:
            raise ValueError
        return queries.checked_key(state, key)
    except (ValueError, TypeError) as error:
        raise serializers.ValidationError({"cursor": _("This is not a page of this list.")}) from error
