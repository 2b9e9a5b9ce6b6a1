"""The panel says who and what: names that amoCRM told, numbers only where it told none."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Payment
from crm import called, memory
from crm.models import Account, Deal
from tests.billing.typed_forms import changed
from tests.factories import NOW, make_account, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db
PIPELINE, PAYING, BEFORE, MARIA = 6100001, 55000140, 55000130, 8100002


@pytest.fixture
def account() -> Account:
    account = make_account()
    memory.keep(f"users-heard:{account.pk}", {MARIA: "Мария Кузнецова", 8100003: "Антон"}, seconds=60)
    names = {PIPELINE: ("Продажи курсов", {PAYING: "Оплата по графику", BEFORE: "Договор"})}
    memory.keep(f"stages-heard:{account.pk}", names, seconds=60)
    return account


@pytest.fixture
def deal(account: Account) -> Deal:
    return make_deal(
        account,
        responsible_user_id=MARIA,
        pipeline_id=PIPELINE,
        status_id=PAYING,
        previous_status_id=BEFORE,
    )


def page(client: Client, row: Any) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


def where(account: Account) -> str:
    return reverse("admin:crm_account_change", args=[account.pk])


def test_a_deal_is_read_by_names(admin_client: Client, deal: Deal) -> None:
    text = page(admin_client, deal)
    for name in ("Мария Кузнецова", "Продажи курсов", "Оплата по графику", "Договор"):
        assert f">{name}<" in text.replace("\n", "").replace("  ", "")
    assert str(PAYING) not in text


def test_what_was_never_heard_stays_a_number(admin_client: Client, deal: Deal) -> None:
    other = make_deal(make_account(), responsible_user_id=MARIA, pipeline_id=PIPELINE, status_id=PAYING)
    text = page(admin_client, other)
    assert [str(number) in text for number in (MARIA, PIPELINE, PAYING)] == [True] * 3
    assert "Мария" not in text


def test_money_and_schedules_name_their_people(admin_client: Client, deal: Deal) -> None:
    schedule = make_schedule(deal)
    order = make_order(deal)
    payment = Payment.objects.create(
        deal=deal,
        legal_entity=order.legal_entity,
        method="cash",
        amount=rub(1000),
        received_at=NOW,
        recorded_at=NOW,
        manager=MARIA,
        author="staff:olga",
    )
    assert "Мария Кузнецова" in page(admin_client, schedule)
    text = page(admin_client, payment)
    assert ["Мария Кузнецова" in text, "olga (панель)" in text, "staff:" in text] == [True, True, False]


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (f"user:{MARIA}", "Мария Кузнецова"),
        ("user:8199999", "8199999"),
        ("staff", "панель"),
        ("staff:olga", "olga (панель)"),
        ("token:1С", "программа «1С»"),
        ("payer", "сам плательщик"),
        ("system", "Grafik"),
        ("Бухгалтер Петрова", "Бухгалтер Петрова"),
        ("", ""),
    ],
)
def test_authors_are_said_in_words(account: Account, stored: str, words: str) -> None:
    assert called.author(account, stored) == words


def test_an_account_names_its_pipelines_and_its_user_for_tasks(
    admin_client: Client, account: Account
) -> None:
    pipeline = account.pipelines.get()
    pipeline.paid_status = PAYING
    pipeline.save()
    text = page(admin_client, account)
    sent = changed(
        text,
        "account_form",
        fallback_user=8100003,
        pipelines__0__deposit_status=BEFORE,
        pipelines__0__gated_statuses=[PAYING],
    )
    assert admin_client.post(where(account), sent).status_code == 302
    account.refresh_from_db()
    pipeline.refresh_from_db()
    assert (account.fallback_user, pipeline.paid_status, pipeline.deposit_status) == (8100003, PAYING, BEFORE)
    # What amoCRM does not name is kept: 142, the stage of overdue deals, and 143.
    assert (pipeline.completed_status, pipeline.overdue_status) == (142, 55000150)
    assert (pipeline.lost_statuses, pipeline.gated_statuses) == ([143], [PAYING])
    assert f'<option value="{PAYING}" selected>Оплата по графику</option>' in page(admin_client, account)
    Account.objects.update(fallback_user=8177777)
    assert ">8177777<" in page(admin_client, account)


def test_without_names_stages_are_typed_as_numbers(admin_client: Client) -> None:
    account = make_account()
    text = page(admin_client, account)
    bad = admin_client.post(where(account), changed(text, "account_form", pipelines__0__gated_statuses="[1]"))
    assert bad.status_code == 200
    assert "Номера в amoCRM через запятую." in bad.content.decode()
    good = changed(text, "account_form", pipelines__0__gated_statuses="55000130, 55000140")
    assert admin_client.post(where(account), good).status_code == 302
    pipeline = account.pipelines.get()
    assert (pipeline.lost_statuses, pipeline.gated_statuses) == ([143], [55000130, 55000140])
