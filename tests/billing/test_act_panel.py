"""The panel's acts: made at a schedule, opened, marked as signed or void on their own list."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from billing.models import AccountPolicy, Act, Rendering
from tests.billing.refunding import paid_deal
from tests.billing.test_refund_panel import page, panel, press  # noqa: F401  a fixture is used by its name
from tests.factories import rub

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = storages


def made(panel: Client, amount: str = "") -> Act:  # noqa: F811
    deal, _paid = paid_deal(30000)
    AccountPolicy.objects.filter(account=deal.account).update(rendered={"by": "act", "from": "2026-11-01"})
    on = timezone.localdate().isoformat()
    said = press(panel, deal.schedule, "make_act", on=on, amount=amount).content.decode()
    act = Act.objects.get()
    assert f"{act.document.name} сделан" in said
    return act


def test_an_act_is_made_at_the_schedule_and_opened_as_a_paper(panel: Client) -> None:  # noqa: F811
    act = made(panel, "50000.00")
    assert (act.amount, act.rendered_on) == (rub(50000), timezone.localdate())
    listed = panel.get(reverse("admin:billing_act_changelist")).content.decode()
    assert act.document.name in listed
    assert "Не подписан" in listed
    shown = page(panel, act)
    for text in (listed, shown):
        assert "Сумма" in text
        assert "Состояние" in text
        assert "Amount" not in text
    paper = panel.get(reverse("admin:billing_act_open_paper", args=[act.pk]))
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
    assert "Content-Security-Policy" not in paper.headers


def test_a_signed_act_is_the_service_rendered_and_only_looked_at_afterwards(panel: Client) -> None:  # noqa: F811
    act = made(panel)
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert "или в будущем" in press(panel, act, "accept", accepted_on=tomorrow).content.decode()
    said = press(panel, act, "accept", accepted_on=timezone.localdate().isoformat()).content.decode()
    assert "услуга – оказанной. Чеки отправлены на кассу. Чека ещё нет: 60" in said
    assert Rendering.objects.get().amount == rub(90000)
    shown = page(panel, act)
    assert "Открыть акт" in shown
    assert "Аннулировать" not in shown
    refused = press(panel, act, "make_void", reason="ошибка").content.decode()
    assert "договоритесь с бухгалтером" in refused


def test_a_mistaken_act_is_made_void_with_a_reason(panel: Client) -> None:  # noqa: F811
    act = made(panel)
    press(panel, act, "make_void", reason="не та сумма")
    act.refresh_from_db()
    assert (act.state, act.reason, act.closed_by) == ("void", "не та сумма", "staff:anna")
    assert not Rendering.objects.exists()


def test_what_cannot_be_said_by_an_act_is_told_in_words(panel: Client) -> None:  # noqa: F811
    act = made(panel)
    schedule = act.document.deal.schedule
    on = timezone.localdate().isoformat()
    assert act.document.name in press(panel, schedule, "make_act", on=on, amount="").content.decode()
    assert Act.objects.count() == 1
