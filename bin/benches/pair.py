"""One click that makes both links of a booking, against a bare authenticated read through the same framework.

Our own time: both go through the whole stack of the product in one process. What amoCRM takes to tell of the
lead again, and the wait for its limit of calls, are left out: the stored copy stands for its answer.
"""

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from _progress import Failed
from benches.measure import Benchmark, Figure, Size, measure

if TYPE_CHECKING:
    # Django is not set up yet when this module is read.
    from crm.models import Account, Deal

_LEADS = count(9_500_000)


def run(name: str, size: Size) -> Figure:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client
    from django.utils import timezone

    from crm import deals

    deals.reread = _as_stored
    settings.ALLOWED_HOSTS = ["*"]
    staff = Client()
    staff.force_login(User.objects.create_superuser("bench"))
    lead = _booking(timezone.now())

    def work() -> None:
        answer = staff.post(
            f"/api/v1/deals/{lead}/payment-links/?account=quests", "{}", content_type="application/json"
        )
        if answer.status_code not in (200, 201):
            raise Failed(f"The door answered {answer.status_code}: {answer.content[:300]!r}")

    def least() -> None:
        answer = staff.get(f"/bench/read/{lead}/?account=quests")
        if answer.status_code != 200:
            raise Failed(f"The bare read answered {answer.status_code}.")

    _add_bare_read()
    work()
    benchmark = Benchmark("a bare authenticated DRF read", work, least, size.times(60), most_times=3)
    return measure(name, benchmark, turns=size.turns)


def _as_stored(*, account: "Account", lead_id: int, at: datetime, timeout: float = 0) -> "Deal":
    from crm.models import Deal

    return Deal.objects.select_related("account").get(account=account, external_id=lead_id)


def _booking(now: datetime) -> int:
    """A booking whose copy is fresh; the first click makes its two rows, the others find them."""
    from decimal import Decimal

    from billing.models import Location
    from crm.models import Account, Deal

    account = Account.objects.get(key="quests")
    place = Location.objects.filter(account=account).order_by("id").first()
    if place is None:
        raise Failed("The demo network has no location.")
    number = next(_LEADS)
    Deal.objects.create(
        account=account,
        external_id=number,
        name=f"Бронь {number}",
        price=Decimal("12000"),
        pipeline_id=6200001,
        status_id=56000110,
        responsible_user_id=8200002,
        location_value=place.crm_value,
        service_on=now.date(),
        contact_id=number,
        contact_name="Анна Смирнова",
        contact_email=f"guest{number}@example.org",
        fetched_at=now,
    )
    return number


def _add_bare_read() -> None:
    """A door of DRF that reads one row for the same caller by the same rules of authentication."""
    from django.urls import clear_url_caches, path
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from config import urls
    from crm.models import Deal

    class Read(APIView):
        def get(self, request: Request, lead_id: int) -> Response:
            deal = Deal.objects.get(external_id=lead_id)
            return Response({"lead_id": deal.external_id, "name": deal.name, "price": str(deal.price)})

    urls.urlpatterns.insert(0, path("bench/read/<int:lead_id>/", Read.as_view()))
    clear_url_caches()
