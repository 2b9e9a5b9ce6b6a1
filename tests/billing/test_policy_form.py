"""An account's billing rules in the panel: plain fields, checked as the network file is; nothing is lost."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from billing.models import AccountPolicy, Product
from crm import memory
from crm.models import Account
from tests.billing.typed_forms import changed, inputs
from tests.factories import make_account

pytestmark = pytest.mark.django_db
FORM = "accountpolicy_form"
STORED: dict[str, Any] = {
    "reminders": [{"days": -3, "channels": ["email"]}, {"days": 0, "channels": ["sms", "email"]}],
    "cohort_reminders": [{"cohort": "Поток 12", "reminders": [{"days": 1, "channels": ["email"]}]}],
    "overdue_task": {"type": 1, "responsible": "deal"},
    "escalation": {"days": 7, "type": 2, "responsible": 8100001},
    "payer_page": {"own_sum": False, "promise_days": 0, "grants": True},
    "late_fee": {"daily_percent": "0.1", "cap_percent": "10", "grace_days": 3, "from": "2026-12-01"},
    "texts": {"overdue": {"subject": "", "text": "{name}, ждём {amount}.\nСсылка: {link}"}},
    "cohorts": [
        {"cohort": "Поток 12", "starts_on": "2026-10-01", "ends_on": "2027-01-31", "rendered": "at_end"}
    ],
    "rendered": {"by": "stage", "from": "2026-12-01", "statuses": [55000120, 55000110]},
    "admin_only": ["write_off", "refund"],
    "salesbot_id": 3301,
}


@pytest.fixture
def account() -> Account:
    account = make_account(**STORED)
    memory.keep(f"users-heard:{account.pk}", {8100001: "Ольга Ветрова"}, seconds=60)
    names = {6100001: ("Курсы", {55000110: "Учится", 55000120: "Выпускник"})}
    memory.keep(f"stages-heard:{account.pk}", names, seconds=60)
    return account


def page_of(account: Account) -> str:
    return reverse("admin:billing_accountpolicy_change", args=[AccountPolicy.objects.get(account=account).pk])


def html(client: Client, account: Account) -> str:
    return client.get(page_of(account)).content.decode()


def stored(account: Account) -> dict[str, Any]:
    policy = AccountPolicy.objects.get(account=account)
    return {name: getattr(policy, name) for name in STORED}


def save(client: Client, account: Account, **typed: Any) -> dict[str, list[str]]:
    """Open the page, type, press Save; return what the form found wrong."""
    answer = client.post(page_of(account), changed(html(client, account), FORM, **typed))
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def test_a_page_saved_as_it_is_changes_nothing(admin_client: Client, account: Account) -> None:
    assert save(admin_client, account) == {}
    assert stored(account) == STORED


def test_what_somebody_else_saved_meanwhile_is_not_undone_unseen(
    admin_client: Client, account: Account
) -> None:
    opened = html(admin_client, account)
    AccountPolicy.objects.filter(account=account).update(grace_days=3, reminders=[])
    answer = admin_client.post(page_of(account), changed(opened, FORM, issue_days_before="2"))
    [said] = answer.context["adminform"].form.non_field_errors()
    assert "«Напоминания», «Льготные дни»" in said or "«Льготные дни», «Напоминания»" in said
    policy = AccountPolicy.objects.get(account=account)
    assert (policy.grace_days, policy.reminders, policy.issue_days_before) == (3, [], 0)
    again = admin_client.post(page_of(account), inputs(answer.content.decode(), FORM))
    assert again.status_code == 302
    policy.refresh_from_db()
    assert (policy.grace_days, policy.issue_days_before) == (0, 2)
    assert [one["days"] for one in policy.reminders] == [-3, 0]


def test_an_account_without_any_rules_gets_none_by_saving(admin_client: Client) -> None:
    account = make_account(reminders=[], overdue_task={}, issuing_stopped=True)
    before = stored(account)
    assert save(admin_client, account) == {}
    assert stored(account) == before


def test_no_braces_are_shown(admin_client: Client, account: Account) -> None:
    sent = inputs(html(admin_client, account), FORM)
    texts = [value for name, values in sent.items() for value in values if not name.startswith("texts-")]
    assert [text for text in texts if "{" in text or "[" in text] == []


def test_people_and_stages_are_called_by_their_names(admin_client: Client, account: Account) -> None:
    text = html(admin_client, account)
    assert [name in text for name in ("Ольга Ветрова", "Курсы · Учится", "Курсы · Выпускник")] == [True] * 3
    AccountPolicy.objects.filter(account=account).update(escalation={"days": 7, "responsible": 8199999})
    assert "Номер 8199999" in html(admin_client, account)


def test_reminders_are_typed_in_rows(admin_client: Client, account: Account) -> None:
    typed = {
        "reminders__0__days": "5",
        "reminders__1__gone": "on",
        "reminders__2__days": "10",
        "reminders__2__days__side": "after",
        "reminders__2__channels": ["salesbot", "email"],
    }
    assert save(admin_client, account, **typed) == {}
    assert stored(account)["reminders"] == [
        {"days": -5, "channels": ["email"]},
        {"days": 10, "channels": ["email", "salesbot"]},
    ]


def test_what_is_wrong_stands_at_its_input_and_nothing_typed_is_lost(
    admin_client: Client, account: Account
) -> None:
    typed = {
        "reminders__0__days": "сто",
        "reminders__2__days": "7",
        "late_fee__daily_percent": "0,2",
        "payer_page__moves": "99",
    }
    answer = admin_client.post(page_of(account), changed(html(admin_client, account), FORM, **typed))
    form = answer.context["adminform"].form
    assert set(form.errors) == {"reminders", "payer_page"}
    assert form.errors["reminders"] == [
        "строка 1 · Сколько дней: Нужно целое число от -60 до 365.",
        "строка 3 · Каналы: Заполните.",
    ]
    again = inputs(answer.content.decode(), FORM)
    kept = [again[name.replace("__", "-")] for name in typed]
    assert kept == [["сто"], ["7"], ["0,2"], ["99"]]
    assert stored(account) == STORED
    text = answer.content.decode()
    assert text.count('role="alert">Нужно целое число от -60 до 365.') == 1


@pytest.mark.parametrize(
    ("typed", "column", "reason"),
    [
        ({"reminders__1__days": "3", "reminders__1__days__side": "before"}, "reminders", "Уже указано"),
        ({"salesbot_id": "", "reminders__0__channels": ["salesbot"]}, "reminders", "Salesbot"),
        (
            {"salesbot_id": "", "cohort_reminders__0__reminders__0__channels": ["salesbot"]},
            "cohort_reminders",
            "Sal",
        ),
        ({"cohort_reminders__1__cohort": "Поток 12"}, "cohort_reminders", "Уже указано"),
        ({"cohorts__0__ends_on": "2026-09-01"}, "cohorts", "Конец раньше начала"),
        ({"cohorts__0__ends_on": ""}, "cohorts", "Заполните"),
        ({"rendered__statuses": None}, "rendered", "Назовите этапы"),
        ({"rendered__statuses__others": "142"}, "rendered", "сами"),
        ({"late_fee__daily_percent": "101"}, "late_fee", "не больше 100"),
        ({"late_fee__from": ""}, "late_fee", "Заполните"),
        ({"escalation__responsible": "own"}, "escalation", "пусто"),
        ({"texts__sms__text": "{debt}"}, "texts", "debt"),
        ({"grace_days": "61"}, "grace_days", "от 0 до 60"),
        ({"issue_days_before": "61"}, "issue_days_before", "от 0 до 60"),
    ],
)
def test_the_checks_are_those_of_the_network_file(
    admin_client: Client, account: Account, typed: dict[str, Any], column: str, reason: str
) -> None:
    errors = save(admin_client, account, **typed)
    assert list(errors) == [column]
    assert reason in " ".join(errors[column])
    assert stored(account) == STORED


@pytest.mark.parametrize(("typed", "reason"), [("", "Обязательное поле."), ("-1", "больше либо равно 0")])
def test_a_number_that_could_not_be_read_has_one_reason(
    admin_client: Client, account: Account, typed: str, reason: str
) -> None:
    (said,) = save(admin_client, account, issue_days_before=typed)["issue_days_before"]
    assert reason in said


def test_every_setting_is_typed_without_braces_in_its_stored_shape(admin_client: Client) -> None:
    account = make_account(reminders=[], overdue_task={})
    typed = {
        "salesbot_id": "3301",
        "cohort_reminders__0__cohort": "Поток 14",
        "cohort_reminders__0__reminders__0__days": "2",
        "cohort_reminders__0__reminders__0__channels": ["salesbot"],
        "overdue_task__responsible": "own",
        "overdue_task__responsible__own": "8100002",
        "escalation__days": "7",
        "payer_page__own_sum": "on",
        "payer_page__promise_days": "3",
        "late_fee__daily_percent": "0,1",
        "late_fee__cap_percent": "10",
        "late_fee__from": "2026-12-01",
        "texts__invoice__subject": "Счёт {number}",
        "cohorts__0__cohort": "Поток 14",
        "cohorts__0__starts_on": "2026-10-01",
        "cohorts__0__ends_on": "2026-12-31",
        "rendered__by": "service_day",
        "rendered__from": "2026-12-01",
        "admin_only": ["move", "refund"],
    }
    assert save(admin_client, account, **typed) == {}
    assert stored(account) == {
        "reminders": [],
        "cohort_reminders": [{"cohort": "Поток 14", "reminders": [{"days": 2, "channels": ["salesbot"]}]}],
        "overdue_task": {"responsible": 8100002},
        "escalation": {"days": 7, "responsible": "deal"},
        "payer_page": {"own_sum": True, "promise_days": 3},
        "late_fee": {"daily_percent": "0.1", "cap_percent": "10", "from": "2026-12-01"},
        "texts": {"invoice": {"subject": "Счёт {number}"}},
        "cohorts": [
            {"cohort": "Поток 14", "starts_on": "2026-10-01", "ends_on": "2026-12-31", "rendered": "monthly"}
        ],
        "rendered": {"by": "service_day", "from": "2026-12-01"},
        "admin_only": ["move", "refund"],
        "salesbot_id": 3301,
    }


def test_an_act_may_say_that_the_service_was_rendered(admin_client: Client, account: Account) -> None:
    assert save(admin_client, account, rendered__by="act") == {}
    assert stored(account)["rendered"] == {"by": "act", "from": "2026-12-01"}


def test_a_setting_is_taken_away_by_emptying_it(admin_client: Client, account: Account) -> None:
    typed = {
        "reminders__0__gone": "on",
        "reminders__1__days": "",
        "reminders__1__channels": None,
        "cohort_reminders__0__gone": "on",
        "overdue_task__type": "",
        "escalation__days": "",
        "escalation__type": "",
        "escalation__responsible": "deal",
        "payer_page__promise_days": "",
        "payer_page__grants": None,
        "late_fee__daily_percent": "",
        "late_fee__cap_percent": "",
        "late_fee__grace_days": "",
        "late_fee__from": "",
        "texts__overdue__text": " ",
        "cohorts__0__gone": "on",
        "rendered__by": "",
        "admin_only": None,
    }
    assert save(admin_client, account, **typed) == {}
    lists: Any = {key: [] for key in ("reminders", "cohort_reminders", "cohorts", "admin_only")}
    groups: Any = {key: {} for key in STORED.keys() - {*lists, "salesbot_id"}}
    assert stored(account) == {**lists, **groups, "salesbot_id": 3301}


def test_keys_that_have_no_input_survive_a_change(admin_client: Client, account: Account) -> None:
    policy = AccountPolicy.objects.get(account=account)
    policy.payer_page = {**policy.payer_page, "later": {"a": 1}}
    policy.reminders = [{**policy.reminders[0], "note": "x"}, policy.reminders[1]]
    policy.save()
    assert save(admin_client, account, payer_page__promise_days="5", reminders__1__gone="on") == {}
    policy.refresh_from_db()
    assert policy.payer_page == {"own_sum": False, "promise_days": 5, "grants": True, "later": {"a": 1}}
    assert policy.reminders == [{"days": -3, "channels": ["email"], "note": "x"}]


def test_a_new_account_gets_its_rules_in_the_panel(admin_client: Client) -> None:
    old = make_account()
    AccountPolicy.objects.all().delete()
    text = admin_client.get(reverse("admin:billing_accountpolicy_add")).content.decode()
    sent = changed(text, FORM, account=old.pk, reminders__0__days="1", reminders__0__channels=["email"])
    assert admin_client.post(reverse("admin:billing_accountpolicy_add"), sent).status_code == 302
    assert AccountPolicy.objects.get().reminders == [{"days": 1, "channels": ["email"]}]


def test_a_text_is_previewed_as_the_payer_reads_it(admin_client: Client, account: Account) -> None:
    text = html(admin_client, account)
    assert "Анна, ждём 20 000 ₽." in text
    assert "{number}" in text
    assert "номер счёта" in text


def test_who_may_only_look_sees_the_same_fields_shut(client: Client, account: Account) -> None:
    watcher = get_user_model().objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_accountpolicy"))
    client.force_login(watcher, backend="django.contrib.auth.backends.ModelBackend")
    text = html(client, account)
    assert text.count("<fieldset disabled") == len(STORED) - 1
    assert [word in text for word in ("Курсы · Учится", "daily_percent&quot;", "[{")] == [True, False, False]
    answer = client.post(page_of(account), {"reminders-sent": "1"})
    assert (answer.status_code, stored(account)) == (403, STORED)


def test_a_new_product_is_a_service_until_somebody_says_otherwise(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:billing_product_add")).content.decode()
    assert inputs(page, "product_form")["subject"] == ["service"]


def test_a_rate_by_date_is_typed_in_rows(admin_client: Client) -> None:
    product = Product.objects.create(
        programme="Курс", name="Курс", vat_dates=[{"from": "2026-01-01", "vat": "vat5"}]
    )
    page = reverse("admin:billing_product_change", args=[product.pk])

    def post(**typed: Any) -> Any:
        text = admin_client.get(page).content.decode()
        return admin_client.post(page, changed(text, "product_form", **typed))

    assert post(vat_dates__1__from="2027-01-01", vat_dates__1__vat="vat7").status_code == 302
    product.refresh_from_db()
    rates = [{"from": "2026-01-01", "vat": "vat5"}, {"from": "2027-01-01", "vat": "vat7"}]
    assert product.vat_dates == rates
    refused = post(vat_dates__1__from="2026-01-01").context["adminform"].form
    assert "строка 2 · С какого дня" in refused.errors["vat_dates"][0]
    assert post(vat_dates__2__from="2028-01-01").context["adminform"].form.errors["vat_dates"] == [
        "строка 3 · НДС: Заполните."
    ]
    product.refresh_from_db()
    assert product.vat_dates == rates
