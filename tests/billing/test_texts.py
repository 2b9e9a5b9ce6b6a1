"""An account's own words: filled in letters and SMS, refused on save when they could not be filled."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from billing import invoices, letters, messages, reminders
from billing.invoices import Demand
from billing.models import AccountPolicy, Message
from billing.network_file import apply
from billing.network_file.nodes import Refused
from billing.rules import texts as rules
from tests.billing.typed_forms import changed
from tests.factories import make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

DUE = date(2026, 12, 10)
AT = datetime.combine(DUE + timedelta(days=1), time(12), ZoneInfo("Europe/Moscow"))
OWN = {
    "invoice": {"subject": "Счёт {number}", "text": "{name}, оплатите {amount} за {subject} до {day}."},
    "overdue": {"text": "Добрый день, {name}! Ждём {amount}: {link}"},
}


def test_letters_speak_the_accounts_own_words_and_keep_the_sum_and_the_button() -> None:
    account = make_account(texts=OWN, reminders=[{"days": 1, "channels": ["email"]}], issuing_stopped=True)
    deal = make_deal(account, contact_name="Анна <b>Смирнова</b>")
    make_schedule(deal, total=30000, count=1, first_due_on=DUE)
    reminders.send_due(at=AT)
    invoice = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=AT)
    invoices.send(invoice=invoice, at=AT)
    messages.deliver(at=AT)
    reminder, letter = Message.objects.order_by("id")
    assert "Добрый день, Анна! Ждём 30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽: http" in reminder.text
    assert "Мы пока не получили" not in reminder.text
    assert letter.subject == f"Счёт {invoice.number}"
    assert "оплатите 30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in letter.html
    assert f"n={invoice.pk}" in letter.html
    assert "<b>Смирнова" not in letter.html + reminder.html


def test_a_charge_is_announced_in_one_sentence_with_one_full_stop() -> None:
    deal = make_deal(make_account(), contact_name="Анна Смирнова")
    letter = letters.announcement(deal=deal, amount=rub(30000), on=DUE, card="4242", url="https://x.example")
    said = "Как вы согласились, 10 декабря 2026 г. с вашей карты 4242 спишется 30 000 ₽. Чтобы оплатить иначе"
    assert said in letter.text.replace("\N{NO-BREAK SPACE}", " ")
    assert ".." not in letter.text


@pytest.mark.parametrize("text", ["{nmae}", "{name.__class__}", "{0}", "{}", "{name", "name}", "{name!r}"])
def test_a_text_that_could_not_be_filled_is_refused_on_save(text: str) -> None:
    account = make_account()
    User.objects.create_superuser("owner", password="x")
    panel = Client()
    panel.force_login(User.objects.get())
    page = f"/admin/billing/accountpolicy/{account.policy.pk}/change/"
    html = panel.get(page).content.decode()
    answer = panel.post(page, changed(html, "accountpolicy_form", texts__overdue__text=text))
    assert answer.status_code == 200
    assert "texts" in answer.context["adminform"].form.errors
    assert AccountPolicy.objects.get().texts == {}
    good = changed(html, "accountpolicy_form", texts__overdue__text="Здравствуйте, {name}")
    assert panel.post(page, good).status_code == 302
    assert "Здравствуйте, Анна" in panel.get(page).content.decode()


def test_the_network_file_refuses_it_with_its_line() -> None:
    file = "accounts:\n  - key: school\n    texts:\n      sms: {text: 'Долг {debt}'}\n"
    with pytest.raises(Refused) as refused:
        apply.apply(file)
    (problem,) = [one for one in refused.value.problems if "texts" in one.path]
    assert (problem.line, "{name}" in problem.reason) == (4, True)


@given(st.text(max_size=60), st.sampled_from(sorted(rules.EVENTS)))
def test_what_is_accepted_is_filled_and_nothing_of_a_value_is_read_as_a_variable(
    text: str, event: str
) -> None:
    if rules.unknown(text, event=event):
        return
    values = dict.fromkeys(rules.EVENTS[event], "{link}")
    assert rules.fill(text, values).count("{link}") == sum(text.count(f"{{{name}}}") for name in values)
