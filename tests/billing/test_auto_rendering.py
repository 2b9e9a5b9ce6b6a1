"""A day of service that is over, or a stage, closes prepayments where the account's rules say so."""

from datetime import date, timedelta
from typing import Any

import pytest

from billing import auto_rendering
from billing.models import AccountPolicy, Receipt, Rendering
from crm.models import Deal, Pipeline
from tests.billing.refunding import paid_deal
from tests.billing.rendered import render
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]
YESTERDAY = TODAY - timedelta(days=1)
SERVED = 55000160


def rule(deal: Deal, **changes: Any) -> None:
    given = {"by": "service_day", "from": "2026-11-01"} | changes
    AccountPolicy.objects.filter(account=deal.account).update(rendered=given)


def served(deal: Deal, **changes: Any) -> None:
    Deal.objects.filter(pk=deal.pk).update(**({"service_on": YESTERDAY} | changes))


def in_stage(deal: Deal, status_id: int = SERVED) -> None:
    rule(deal, by="stage", statuses=[SERVED, 142, 55000240])
    Pipeline.objects.update_or_create(
        account=deal.account, external_id=6100001, defaults={"paid_status": 55000240}
    )
    Deal.objects.filter(pk=deal.pk).update(pipeline_id=6100001, status_id=status_id, status_seen_at=NOW)


def rendered() -> list[tuple[date, Any, str]]:
    return [(one.rendered_on, one.amount, one.author) for one in Rendering.objects.all()]


def test_without_a_rule_the_day_of_service_says_nothing() -> None:
    deal, _paid = paid_deal(60000)
    served(deal)
    assert auto_rendering.run(at=NOW) == 0
    assert not Rendering.objects.exists()


def test_the_day_after_the_service_the_rest_is_rendered_once_and_receipted() -> None:
    deal, _paid = paid_deal(60000)
    served(deal)
    rule(deal)
    assert [auto_rendering.run(at=NOW), auto_rendering.run(at=NOW)] == [1, 0]
    assert rendered() == [(YESTERDAY, rub(90000), "system")]
    [offset] = Receipt.objects.filter(kind="offset")
    assert offset.content["paid"] == {"advance": "60000.00"}


@pytest.mark.parametrize(
    "change",
    [
        {"service_on": TODAY},
        {"service_on": date(2026, 10, 31)},
        {"service_on": None},
        {"state": "lost"},
    ],
    ids=["it is today", "it was before the rule", "nobody knows the day", "the deal is lost"],
)
def test_the_day_says_nothing_while(change: dict[str, Any]) -> None:
    deal, _paid = paid_deal(60000)
    rule(deal)
    served(deal, **change)
    assert auto_rendering.run(at=NOW) == 0


def test_a_deal_without_money_waits_for_a_person() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    rule(deal)
    served(deal)
    assert auto_rendering.run(at=NOW) == 0


def test_a_person_who_has_said_a_part_says_the_rest() -> None:
    deal, _paid = paid_deal(60000)
    render(deal, 10000)
    rule(deal)
    served(deal)
    assert auto_rendering.run(at=NOW) == 0


@pytest.mark.parametrize(("kind", "made"), [("monthly", 0), ("by_stage", 1)])
def test_a_cohort_with_a_calendar_goes_by_it(kind: str, made: int) -> None:
    deal, _paid = paid_deal(60000)
    calendar = {"cohort": deal.cohort, "starts_on": "2026-10-01", "ends_on": "2027-01-31", "rendered": kind}
    AccountPolicy.objects.filter(account=deal.account).update(cohorts=[calendar])
    rule(deal)
    served(deal)
    assert auto_rendering.run(at=NOW) == made


def test_a_named_stage_says_it_on_the_day_the_deal_reached_it() -> None:
    deal, _paid = paid_deal(60000)
    in_stage(deal)
    later = NOW + timedelta(days=3)
    assert [auto_rendering.run(at=later), auto_rendering.run(at=later)] == [1, 0]
    assert rendered() == [(TODAY, rub(90000), "system")]


@pytest.mark.parametrize("status_id", [142, 55000240, 55000999])
def test_a_stage_to_which_paid_deals_move_by_themselves_never_says_it(status_id: int) -> None:
    """Whatever the rule names: completed and paid; and no stage that it does not name."""
    deal, _paid = paid_deal(60000)
    in_stage(deal, status_id)
    assert auto_rendering.run(at=NOW) == 0
