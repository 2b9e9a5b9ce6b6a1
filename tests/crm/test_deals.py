"""The mirror: what a fetch writes, what it never does, and that odd data from amoCRM is never an error."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import client, deals, outbox, prices, records
from crm.models import Account, Deal, OutboxRow, PriceChange
from tests.crm.school import CONTRACT, LEAD, LOST, MARIA, NOW, PIPELINE, Amocrm, make_deal


def test_a_deal_is_fetched_at_first_sight_with_its_contact(amocrm: Amocrm, account: Account) -> None:
    deal = deals.get(account=account, lead_id=LEAD, at=NOW)
    assert deal.name == "Договор 14/26"
    assert deal.price == 160000
    assert (deal.pipeline_id, deal.status_id, deal.responsible_user_id) == (PIPELINE, CONTRACT, MARIA)
    assert (deal.programme, deal.cohort) == ("Нутрициолог", "Поток 12")
    assert deal.service_on == date(2026, 12, 1)
    assert deal.contact_name == "Анна Смирнова"
    assert deal.contact_email == "anna.smirnova@example.org"
    assert deal.contact_phone == "+79161234501"
    assert deal.state == Deal.State.LIVE
    assert amocrm.calls() == [f"GET api/v4/leads/{LEAD}", f"GET api/v4/contacts/{deal.contact_id}"]


def test_a_known_deal_is_not_fetched_again(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    assert deals.get(account=account, lead_id=LEAD, at=NOW) == deal
    assert amocrm.calls() == []


def test_an_unknown_lead_is_no_deal(amocrm: Amocrm, account: Account) -> None:
    with pytest.raises(deals.NoSuchDeal):
        deals.get(account=account, lead_id=1, at=NOW)
    assert not Deal.objects.exists()


@pytest.mark.parametrize(
    ("columns", "state"), [({"status_id": LOST}, "lost"), ({"is_deleted": True}, "deleted")]
)
def test_a_lost_or_deleted_lead_shows_in_the_state_and_comes_back(
    amocrm: Amocrm, account: Account, deal: Deal, columns: dict[str, Any], state: str
) -> None:
    amocrm.change(**columns)
    assert deals.refresh(account=account, lead_id=LEAD, at=NOW).state == state
    amocrm.change(status_id=CONTRACT, is_deleted=False)
    assert deals.refresh(account=account, lead_id=LEAD, at=NOW).state == "live"


def test_the_accounts_own_lost_stages_count(amocrm: Amocrm, account: Account) -> None:
    account.pipelines.update(lost_statuses=[CONTRACT])
    assert deals.get(account=account, lead_id=LEAD, at=NOW).state == "lost"


def test_what_the_budget_was_is_remembered_when_it_becomes_another_one(
    amocrm: Amocrm, account: Account
) -> None:
    deal = deals.get(account=account, lead_id=LEAD, at=NOW)
    days = [NOW + timedelta(days=number) for number in range(1, 4)]
    for at, price in zip(days, [160000, 90000, 120000], strict=True):
        amocrm.change(price=price)
        deal = deals.refresh(account=account, lead_id=LEAD, at=at)
    changes = list(PriceChange.objects.order_by("id").values_list("before", "after", "recorded_at"))
    assert changes == [(160000, 90000, days[1]), (90000, 120000, days[2])]
    assert [prices.known(deal, at=at) for at in (NOW, days[1], days[2])] == [160000, 90000, 120000]


def test_what_we_are_writing_is_not_forgotten_by_a_fetch_before_it_is_written(
    amocrm: Amocrm, account: Account
) -> None:
    deal = deals.get(account=account, lead_id=LEAD, at=NOW)
    outbox.put_fields(deal=deal, values={"programme": "Психолог"}, at=NOW)
    deals.expect(deal=deal, programme="Психолог")
    read = [deals.refresh(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=1))]
    OutboxRow.objects.update(state="done", done_at=NOW + timedelta(seconds=9))
    # Begun before it was written, ended after.
    read += [deals.refresh(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=2))]
    assert [(one.programme, one.cohort) for one in read] == [("Психолог", "Поток 12")] * 2
    # And what a person has changed back since then counts.
    assert (
        deals.refresh(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=10)).programme
        == "Нутрициолог"
    )


def test_a_lead_without_a_copy_is_waited_for_longer(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.faults.SLOW_SECONDS", 2.5)
    amocrm.spoil("slow")
    assert deals.get(account=account, lead_id=LEAD, at=NOW).external_id == LEAD
    amocrm.spoil("slow")
    with pytest.raises(client.Unavailable):
        deals.refresh(account=account, lead_id=LEAD, at=NOW)


def test_while_amocrm_is_down_nothing_changes(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    amocrm.spoil("down")
    with pytest.raises(client.Unavailable):
        deals.refresh(account=account, lead_id=LEAD, at=NOW)
    assert Deal.objects.get().name == deal.name
    assert Deal.objects.get().state == Deal.State.LIVE


def test_an_overtaken_fetch_does_not_overwrite_the_later_one(amocrm: Amocrm, account: Account) -> None:
    make_deal(account, name="newer", fetched_at=NOW + timedelta(seconds=2))
    assert deals.refresh(account=account, lead_id=LEAD, at=NOW).name == "newer"
    assert deals.refresh(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=3)).name == "Договор 14/26"


def test_a_click_for_the_lead_asks_for_the_same_people_once(amocrm: Amocrm, account: Account) -> None:
    deals.refresh(account=account, lead_id=LEAD, at=NOW)
    amocrm.change(price=90000)
    before = len(amocrm.calls())
    again = deals.reread(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=5))
    assert amocrm.calls()[before:] == [f"GET api/v4/leads/{LEAD}"]
    assert (again.price, again.contact_email) == (90000, "anna.smirnova@example.org")
    amocrm.change(contacts=[])
    assert deals.reread(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=6)).contact_id is None


def test_people_that_are_kept_are_not_lost_with_the_mirror(amocrm: Amocrm, account: Account) -> None:
    deals.refresh(account=account, lead_id=LEAD, at=NOW)
    Deal.objects.all().delete()
    again = deals.reread(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=5))
    assert again.contact_email == "anna.smirnova@example.org"


def test_a_click_for_the_lead_hides_no_change_of_its_people(amocrm: Amocrm, account: Account) -> None:
    deal = deals.refresh(account=account, lead_id=LEAD, at=NOW)
    person = amocrm.crm.get("contacts", deal.contact_id or 0) or {}
    amocrm.crm.put("contacts", person | {"name": "Анна Петрова"})
    amocrm.change(price=90000)
    deals.reread(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=5))
    amocrm.change(price=80000)
    # Begun before the click, written after it.
    late = deals.refresh(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=4))
    assert (late.contact_name, late.price) == ("Анна Петрова", 90000)


def test_who_has_just_read_a_lead_knows_what_its_fields_show(amocrm: Amocrm, account: Account) -> None:
    deal = deals.refresh(account=account, lead_id=LEAD, at=NOW)
    wanted: dict[str, Any] = {
        "debt": "16000.50",
        "next_due_on": date(2026, 12, 1),
        "payment_state": "По графику",
        "payment_link": "https://pay.example.ru/pay/x/",
        "full_link": None,
    }
    assert not outbox.is_shown(deal=deal, values=wanted)
    outbox.put_fields(deal=deal, values=wanted, at=NOW)
    outbox.deliver(at=NOW)
    assert not outbox.is_shown(deal=Deal.objects.get(), values=wanted)
    again = deals.reread(account=account, lead_id=LEAD, at=NOW + timedelta(seconds=1))
    assert outbox.is_shown(deal=again, values=wanted)
    for changed in ({"debt": "16000.51"}, {"next_due_on": None}, {"payment_link": "https://pay.example.ru/"}):
        assert not outbox.is_shown(deal=again, values=wanted | changed)


def test_a_mirror_dated_in_the_far_future_does_not_freeze(amocrm: Amocrm, account: Account) -> None:
    make_deal(account, name="rehearsal", fetched_at=NOW + timedelta(days=30))
    assert deals.refresh(account=account, lead_id=LEAD, at=NOW).name == "Договор 14/26"


def test_a_lead_without_contact_and_fields_is_mirrored(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(contacts=[], values={}, price=0)
    deal = deals.get(account=account, lead_id=LEAD, at=NOW)
    assert (deal.contact_id, deal.contact_email, deal.programme, deal.service_on) == (None, "", "", None)


@pytest.mark.parametrize(
    "price", [None, "", "сто", -1, 0, 10**12, 10**30, 1e400, "160000", True, [], {"a": 1}]
)
def test_any_budget_is_survived(price: Any) -> None:
    lead = records.lead({"id": 1, "price": price})
    assert abs(Decimal(lead.price)) < 10**12


@pytest.mark.parametrize("name", ["💰" * 40_000, "a\x00b", "\ud800", None, 7, ["x"], "<img onerror=1>"])
def test_any_name_can_be_kept(account: Account, name: Any) -> None:
    lead = records.lead({"id": 5, "name": name})
    deals._write(account, deals._Found(lead, (), None), NOW)
    assert len(Deal.objects.get(external_id=5).name) <= records.NAME_MAX


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KEYS = [
    "id",
    "name",
    "price",
    "status_id",
    "custom_fields_values",
    "_embedded",
    "contacts",
    "values",
    "value",
    "field_id",
]
documents = st.recursive(
    json,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner | st.lists(inner, max_size=2)),
    max_leaves=10,
)


@settings(max_examples=60)
@given(documents)
def test_any_document_is_read_without_an_error(document: Any) -> None:
    assert isinstance(records.lead(document).price, int)
    assert isinstance(records.contact(document).email, str)
    assert isinstance(records.user(document).is_active, bool)
    assert isinstance(records.account(document).id, int)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (1796850000, date(2026, 12, 10)),
        ("1796850000", date(2026, 12, 10)),
        ("2026-12-10T00:00:00+03:00", date(2026, 12, 10)),
        ("2026-12-09T21:00:00+00:00", date(2026, 12, 10)),
        ("2026-12-10", date(2026, 12, 10)),
        ("10.12.2026", None),
        (10**30, None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_a_date_is_the_accounts_day(account: Account, value: Any, day: date | None) -> None:
    assert deals._day(value, account) == day
