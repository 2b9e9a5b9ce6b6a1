"""A bad network file is refused as a whole: every error at once, each with its line and reason."""

from typing import Any

import pytest
from django.utils import translation

from billing.models import LegalEntity
from billing.network_file.apply import apply
from billing.network_file.nodes import Refused
from crm.models import Account
from tests.billing.network_files import ENVIRONMENT, WHOLE, changed, line_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with translation.override("en"):
        yield


def refusal(text: str) -> list[tuple[int, str]]:
    with pytest.raises(Refused) as caught:
        apply(text)
    assert not Account.objects.exists()
    assert not LegalEntity.objects.exists()
    return [(problem.line, problem.reason) for problem in caught.value.problems]


# (what is replaced, by what, a part of the line that must be named, a part of the reason)
BAD = [
    ("mode: installments", "mod: installments", "mod:", "Unknown key"),
    ("mode: installments", "mode: instalments", "instalments", "one of: installments, deposit"),
    ("account_id: 31000001", "account_id: three", "three", "whole number"),
    ("account_id: 31000002", "account_id: 31000001", "31000001", "It stands on line 6 already."),
    ("subdomain: demoquests", "subdomain: demoschool", "demoschool", "It stands on line 5 already."),
    ("11-cccccccccccc", "11-aaaaaaaaaaaa", "11-aaaaaaaaaaaa", "It stands on line 7 already."),
    ("time_zone: Europe/Moscow", "time_zone: Europe/Moskow", "Moskow", "no such time zone"),
    ('at: "09:30"', 'at: "25:30"', "25:30", "time of day"),
    ("subdomain: demoquests", "subdomain: demoquests.amocrm.ru", "amocrm.ru", "without .amocrm.ru"),
    ("client_secret: env:TEST_AMO_SECRET", "client_secret: env:ABSENT", "ABSENT", "ABSENT is not set"),
    ("client_secret: quests-secret", "client_secret:", "client_secret:", "It is empty"),
    ("key: quests\n", "key: quests\n    widget: {client_id: x}\n", "client_id: x}", "is missing"),
    ("webhook_key: 3f0c9a4be1d24c55a7a0d7f0c1e2b3a4", "webhook_key: short", "short", "nobody can guess"),
    ("starts_on: 2026-12-01", "starts_on: 01.12.2026", "01.12.2026", "A date looks like"),
    ("starts_on: 2026-12-01", "starts_on: 2026-02-30", "02-30", "A date looks like"),
    ("ends_on: 2027-01-31", "ends_on: 2026-01-31", "Поток 12", "before the start"),
    ("rendered: monthly", "rendered: weekly", "Поток 12", "monthly, at_end, by_stage"),
    *(
        (
            "    salesbot_id: 3301\n",
            f"    salesbot_id: 3301\n    schedule_templates: [{{name: Шесть, {terms}}}]\n",
            "name: Шесть",
            words,
        )
        for terms, words in (
            ("due_day: 10", "Give either the number of payments or the monthly payment."),
            ("count: 6, monthly_amount: 100", "Give either the number of payments"),
            ("count: 6, down_percent: 10, down_amount: 100", "as a share or as a sum"),
            ("count: 6, down_percent: 100", "less than the whole"),
            ("count: 6, total_from: 200, total_to: 100", "The bracket ends below its beginning."),
            ("count: 6}, {name: Шесть, count: 3", "It stands on line"),
            ("count: 241", "from 1 to 240"),
        )
    ),
    (
        "    salesbot_id: 3301\n",
        "    salesbot_id: 3301\n    rendered: {by: stage, from: 2026-12-01}\n",
        "by: stage",
        "Name",
    ),
    (
        "    salesbot_id: 3301\n",
        "    salesbot_id: 3301\n    rendered: {by: act, from: 2026-12-01, statuses: [55000160]}\n",
        "by: act",
        "Name",
    ),
    (
        "    salesbot_id: 3301\n",
        "    salesbot_id: 3301\n    rendered: {by: stage, from: 2026-12-01, statuses: [142]}\n",
        "[142]",
        "move by themselves",
    ),
    (
        "{days: 0, channels: [email]}",
        "{days: -3, channels: [email]}",
        "{days: -3",
        "It stands on line 39 already.",
    ),
    ("{days: 0, channels: [email]}", "{days: 0, channels: [pigeon]}", "pigeon", "one of: email, salesbot"),
    ("    salesbot_id: 3301\n", "", "email, salesbot", "need salesbot_id"),
    ("deposit_link: 910025", "deposit_link: -1", "deposit_link: -1", "whole number"),
    ("pipeline: {id: 6200001", "pipelines: [{id: 7}]\n    pipeline: {id: 6200001", "pipeline: {", "either"),
    ("inn: 7700000009", "inn: 7700000008", "7700000008", "check digit"),
    ("inn: 7700000009", 'inn: "123456789047"', "123456789047", "company's TIN has 10 digits"),
    ('kpp: "770101001"', 'kpp: "77010100"', "77010100", "770101001"),
    ('kpp: ""', 'kpp: "770101002"', "770101002", "Only a company"),
    ('ogrn: "304770000000008"', 'ogrn: "304770000000009"', "304770000000009", "check digit"),
    ("bic: 049805746", "bic: 49805746", "bic:", "wrong number of digits"),
    ('account: "40802810100', 'account: "40802810200', "40802810200", "check digit"),
    ("vat: vat22}", "vat: vat18}", "vat18", "one of: none"),
    ("{from: 2026-01-01, vat: vat22}", "{from: 2025-01-01, vat: vat22}", "vat22", "begin on 2025-01-01"),
    ("tax_system: usn_income\n    vat: none", "tax_system: npd\n    vat: vat22", "    vat: vat22", "no VAT"),
    ("vat: vat22}", "vat: vat5}", "vat: [{from: 2025", "simplified regime only. Since 2026-01-01."),
    ("algorithm: sha256", "algorithm: crc32", "crc32", "md5"),
    ("receipts: order", "receipts: maybe", "maybe", "one of: order, none"),
    ("        login: ivanov\n", "", "- key: ivanov-robokassa", "The key is missing."),
    ("public_id: pk_ivanov", "public_id: pk_ivanov\n        login: x", "login: x", "no such setting"),
    ("other_orders: accept", "other_orders: maybe", "maybe", "refuse, accept"),
    (
        "https://old.example.ru/notices",
        "refuse\n      - {key: ivanov-cloud, provider: cloudpayments, public_id: pk, api_secret: x}",
        "public_id: pk,",
        "It stands on line",
    ),
    ("public_id: pk_ivanov", "public_id: PK_demo_school", "PK_demo_school", "already: school-cloud"),
    ("percent: 30", "percent: 130", "percent: 130", "up to 100"),
    ("minimum: 1000}", "minimum: -5}", "minimum: -5", "whole roubles"),
    ("percent: 30, ", "percent: 30, amount: 5, ", "amount: 5", "either percent or amount"),
    ("then: task", "then: shout", "shout", "whole number"),
    ("from: 2026-07-01", "from: 2026-01-01 # !", "!", "two owners on 2026-01-01"),
    (
        "merchant: school-cloud",
        "merchant: ivanov-cloud # !",
        "!",
        "belongs to ip-ivanov, the location to ooo-school",
    ),
    ("merchant: school-cloud", "merchant: nobody", "nobody", "There is no “nobody”"),
    ("crm_value: 910077", "crm_value: Баумана, 44", "crm_value", "location baumana has this value"),
    ("programme: Психолог", "programme: Нутрициолог", "- programme: Нутрициолог", "stands on line"),
    ("name: Курс «Психолог»", "name: К\n    subject: magic", "magic", "one of: commodity"),
    ("subdomain: demoschool", "subdomain: demoschool\n    subdomain: x", "subdomain: x", "twice"),
    ("lost_statuses: [143]", "lost_statuses: 143", "143", "Here stands a list"),
    ("mode: deposit", "mode: [deposit]", "[deposit]", "one value"),
    ("mode: deposit", "mode: {deposit", "pipeline: {id: 62", "This is not YAML"),
]


@pytest.mark.parametrize(
    ("old", "new", "mark", "reason"), BAD, ids=[new.strip()[:40] for _old, new, _m, _r in BAD]
)
def test_one_mistake_is_refused_with_line_and_reason(old: str, new: str, mark: str, reason: str) -> None:
    text = changed(old, new)
    ((line, told),) = refusal(text)
    assert reason in told
    assert line == line_of(mark, text)


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    text = changed("mode: installments", "mode: x")
    text = changed("inn: 7700000009", "inn: 1", text=text)
    text = changed("then: task", "then: x", text=text)
    assert [line for line, _reason in refusal(text)] == [
        line_of("mode: x", text),
        line_of("inn: 1", text),
        line_of("then: x", text),
    ]


def test_a_secret_never_stands_in_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BAD_KEY", "hush hush")
    text = changed("webhook_key: 3f0c9a4be1d24c55a7a0d7f0c1e2b3a4", "webhook_key: env:TEST_BAD_KEY")
    ((_line, reason),) = refusal(text)
    assert "hush" not in reason


def test_a_file_that_contains_itself_is_refused() -> None:
    ((line, reason),) = refusal("accounts: &all\n  - *all\n")
    assert (line, reason) == (1, "The value is nested too deeply.")


def test_a_new_account_needs_its_credentials() -> None:
    reasons = refusal("accounts:\n  - key: other\n")
    assert reasons == [(2, "The key is missing.")] * 5


def test_amocrm_names_of_another_account_are_refused() -> None:
    apply(WHOLE)
    with pytest.raises(Refused) as caught:
        apply(changed("key: school\n", "key: second\n"))
    places = [(problem.line, problem.path) for problem in caught.value.problems]
    assert places == [
        (5, "accounts[second].subdomain"),
        (6, "accounts[second].account_id"),
        (7, "accounts[second].client_id"),
        (11, "accounts[second].widget.client_id"),
        (12, "accounts[second].webhook_key"),
    ]
    assert not Account.objects.filter(key="second").exists()


def test_a_stored_merchant_never_changes_its_legal_entity() -> None:
    apply(WHOLE)
    with pytest.raises(Refused) as caught:
        apply(
            "legal_entities:\n"
            "  - key: ip-ivanov\n"
            "    merchants:\n"
            "      - {key: school-cloud, provider: cloudpayments}\n"
        )
    (problem,) = caught.value.problems
    assert problem.line == 4
    assert "belongs to ooo-school" in problem.reason
