"""What the calendars say was rendered, once."""

from datetime import date, timedelta

import pytest

from billing import service_rendered
from billing.models import (
    AccountPolicy,
    Offset,
    Rendering,
)
from crm.models import Deal
from tests.billing.refunding import paid_deal
from tests.billing.rendered import render
from tests.factories import NOW, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def cohorts(deal: Deal, rendered: str) -> None:
    calendar = {
        "cohort": "Поток 12",
        "starts_on": "2026-10-01",
        "ends_on": "2026-12-15",
        "rendered": rendered,
    }
    AccountPolicy.objects.filter(account=deal.account).update(cohorts=[calendar])


def test_the_cohorts_months_render_equal_shares_once() -> None:
    deal, _paid = paid_deal(60000)
    cohorts(deal, "monthly")
    for _ in range(2):
        service_rendered.render_due(on=date(2026, 11, 21), at=NOW)
    assert [(row.key, row.amount) for row in Rendering.objects.all()] == [("cohort:2026-10", rub(30000))]
    later = NOW + timedelta(days=60)
    service_rendered.render_due(on=date(2026, 12, 20), at=later)
    assert sum(row.amount for row in Rendering.objects.all()) == rub(90000)
    assert sum(row.amount for row in Offset.objects.all()) == rub(60000)


def test_what_a_person_rendered_already_is_not_rendered_again_by_the_calendar() -> None:
    deal, _paid = paid_deal(60000)
    cohorts(deal, "monthly")
    render(deal, 50000)
    service_rendered.render_due(on=date(2026, 11, 21), at=NOW)
    assert Rendering.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"state": "lost"}, {"cohort": "Поток 13"}], ids=["a lost deal", "another cohort"]
)
def test_the_calendar_renders_nothing_for(change: dict[str, str]) -> None:
    deal, _paid = paid_deal(60000)
    cohorts(deal, "at_end")
    Deal.objects.filter(pk=deal.pk).update(**change)
    assert service_rendered.render_due(on=date(2026, 12, 31), at=NOW + timedelta(days=60)) == 0
