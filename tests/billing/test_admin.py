"""The admin panel: every page opens, in Russian, without a secret; requisites are checked; parked rows are
woken.
"""

import json
import re
from datetime import date
from typing import Any

import pytest
import responses
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime

from analytics.models import Export
from billing.models import (
    AccountPolicy,
    Invoice,
    LegalEntity,
    Location,
    LostDeal,
    MerchantAccount,
    Message,
    Notice,
    Ownership,
    Payment,
    Product,
    ProviderCall,
    ProviderOrder,
    Receipt,
    Refund,
    TaxSetting,
)
from billing.network_file.apply import apply
from crm.models import Account, Connection, DealHint, Integration, OutboxRow, QueueRow
from crm.models.encrypted import EncryptedTextField
from tests.billing.network_files import ENVIRONMENT, WHOLE
from tests.billing.panel_rows import make_rows
from tests.factories import make_deal

pytestmark = pytest.mark.django_db
SECRETS = (
    *ENVIRONMENT.values(),
    "widget-secret",
    "quests-secret",
    "demo-cp-secret-school",
    "ivanov-secret",
    "ivanov-old-secret",
    "test-first",
    "signed-bytes",
)
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
EDITED = [Account, LegalEntity, MerchantAccount, Location, AccountPolicy, Product]


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Client:
    """The owner's browser in a panel where every table has a row."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    apply(WHOLE)
    deal = make_deal(Account.objects.get(key="school"))
    make_rows(deal)
    owner = get_user_model().objects.create(username="owner", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_page_opens_and_shows_no_secret(panel: Client, model: type[models.Model]) -> None:
    pages = [address(model, "changelist"), address(model, "changelist") + "?q=7700"]
    pages += [address(model, "change", row.pk) for row in model._default_manager.all()]
    if model in EDITED:
        pages.append(address(model, "add"))
    for page in pages:
        answer = panel.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        for secret in SECRETS:
            assert secret not in text, page
    if model._meta.app_label != "auth":
        assert len(pages) > 2, "no row of this table was looked at"


def test_a_list_is_narrowed_by_words_a_person_reads(panel: Client) -> None:
    listed = panel.get(address(Notice, "changelist"), {"kind__exact": "pay"}).content.decode()
    assert ["о платеже" in listed, "деньги сделки" in listed, ">pay<" in listed] == [True, True, False]
    paid = panel.get(address(Payment, "changelist"), {"method__exact": "cash"})
    assert (paid.status_code, "наличн" in paid.content.decode().lower()) == (200, True)


def test_no_row_is_called_by_codes_or_english_words(panel: Client) -> None:
    english = {"of", "on", "to", "by", "for", "from", "payment", "refund", "reversal", "until"}
    with translation.override("ru"):
        called = [(model, str(row)) for model in MODELS for row in model._default_manager.all()]
    for model, title in called:
        codes = {str(code) for column in model._meta.concrete_fields for code, _label in column.flatchoices}
        assert (codes | english) & set(re.findall(r"(?<![-a-z])[a-z_]+(?![-a-z])", title)) == set(), title
        assert not re.search(r"\bv\d|^\d/\d|\d\.\d\d\b [A-Z]", title), title


def test_titles_say_sums_days_and_kinds(panel: Client) -> None:
    payment = Payment.objects.filter(deal__isnull=False).latest("id")
    receipt = Receipt.objects.filter(kind="income").latest("id")
    with translation.override("ru"):
        day = f"{localtime(payment.received_at):%d.%m.%Y}"
        assert str(payment).replace("\xa0", " ") == f"30 000,00 ₽ от {day}"
        assert str(receipt) == f"Приход: {receipt.payment}"
        page = panel.get(address(Payment, "change", payment.pk)).content.decode()
        assert f"{payment} | " in page
        assert str(payment.deal).endswith(f" · {payment.deal.external_id}")  # type: ignore[union-attr]


def test_the_panels_own_sentences_fit_a_name_of_any_gender(panel: Client) -> None:
    product = Product.objects.latest("id")
    page = address(Product, "change", product.pk)
    given = {"programme": product.programme, "name": product.name, "subject": "service"}
    told = panel.post(page, given, follow=True).content.decode()
    assert "Сохранено: услуга «" in told
    assert panel.get(address(Product, "add")).context["title"] == "Новая запись: услуга"
    (owners,) = panel.get(address(Location, "add")).context["inline_admin_formsets"]
    assert json.loads(owners.inline_formset_data())["options"]["addText"] == "Добавить: Владелец"


def test_an_address_of_no_row_leads_back(panel: Client) -> None:
    for model in (Payment, Receipt, Refund):
        answer = panel.get(address(model, "change", "138/refund"))
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_stored_facts_are_read_in_letters_and_words(panel: Client) -> None:
    payer = {"kind": "company", "name": "ООО «Щука»", "inn": "7700000009", "kpp": ""}
    invoice = Invoice.objects.latest("id")
    Invoice.objects.filter(pk=invoice.pk).update(payer=payer)
    text = panel.get(address(Invoice, "change", invoice.pk)).content.decode()
    for line in ("Вид: Организация", "ООО «Щука»", "ИНН: 7700000009", "КПП: –"):
        assert line in text
    order = ProviderOrder.objects.latest("id")
    ProviderOrder.objects.filter(pk=order.pk).update(purpose="deposit")
    page = panel.get(address(ProviderOrder, "change", order.pk)).content.decode()
    assert [word in page for word in ("\\u04", ">deposit<", ">предоплата<")] == [False, False, True]


def test_the_front_page_leads_to_every_table(panel: Client) -> None:
    text = panel.get(reverse("admin:index")).content.decode()
    for model in MODELS:
        if model._meta.label != "auth.Group":
            assert address(model, "changelist") in text


def test_the_front_page_counts_what_waits_as_its_lists_do(panel: Client) -> None:
    waiting = panel.get(reverse("admin:index")).context["waiting"]
    assert len(waiting) > 8
    for line in waiting:
        page = panel.get(line.url)
        if "cl" in page.context and "refundorder" not in line.url:
            assert (line.url, page.context["cl"].result_count) == (line.url, line.count)


def test_the_front_page_shows_nobody_more_than_his_lists(panel: Client) -> None:
    watcher = get_user_model().objects.create(username="watcher", is_staff=True)
    panel.force_login(watcher, backend="django.contrib.auth.backends.ModelBackend")
    front = panel.get(reverse("admin:index"))
    assert front.context["waiting"] == []
    assert "Ничего не ждёт" in front.content.decode()
    watcher.user_permissions.add(Permission.objects.get(codename="view_message"))
    (line,) = panel.get(reverse("admin:index")).context["waiting"]
    assert (line.count, line.url.split("?")[0]) == (1, address(Message, "changelist"))


def test_a_lost_deal_knows_who_decided_it(panel: Client) -> None:
    loss = LostDeal.objects.get()
    asked = {"action": "go_on", "_selected_action": [loss.pk]}
    assert panel.post(address(LostDeal, "changelist"), asked).status_code == 302
    loss.refresh_from_db()
    assert (loss.decision, loss.decided_by) == ("go_on", "staff:owner")


def test_only_the_panel_may_compile_expressions(panel: Client) -> None:
    assert "script-src 'self' 'unsafe-eval'" in panel.get("/admin/").headers["Content-Security-Policy"]
    login = Client().get("/admin/login/").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in login
    assert "'unsafe-eval'" not in Client().get("/healthz").headers["Content-Security-Policy"]


def test_a_stranger_is_sent_to_the_log_in() -> None:
    answer = Client().get(address(Payment, "changelist"))
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login/")


def test_no_shown_column_is_without_a_name() -> None:
    """A column without one would be shown by its English name."""
    hidden = (EncryptedTextField, models.BinaryField, models.AutoField)
    with translation.override("en"):
        for model, page in admin.site._registry.items():
            for column in model._meta.concrete_fields if model._meta.app_label in ("crm", "billing") else ():
                if not isinstance(column, hidden) and column.name not in getattr(page, "hidden", ()):
                    named = not isinstance(column.verbose_name, str)
                    assert named or column.name in ("webhook_key_hash", "settings", "bank", "signatory"), (
                        column
                    )


ENTITY = {
    "name": "ООО «Новая»",
    "key": "ooo-new",
    "kind": "ooo",
    "inn": "7700000009",
    "kpp": "770101001",
    "ogrn": "1027700000008",
    "bank_bic": "049805746",
    "bank_account": "40602810700000000025",
    "signatory_name": "Иванов Иван",
    "receipt_policies-TOTAL_FORMS": "0",
    "receipt_policies-INITIAL_FORMS": "0",
    "tax_settings-TOTAL_FORMS": "1",
    "tax_settings-INITIAL_FORMS": "0",
    "tax_settings-0-valid_from": "01.01.2026",
    "tax_settings-0-tax_system": "usn_income",
    "tax_settings-0-vat": "vat5",
}


def test_a_legal_entity_is_made_in_the_panel(panel: Client) -> None:
    answer = panel.post(address(LegalEntity, "add"), ENTITY)
    assert answer.status_code == 302
    entity = LegalEntity.objects.get(key="ooo-new")
    assert (entity.bank["bic"], entity.bank["account"]) == ("049805746", "40602810700000000025")
    assert entity.signatory["name"] == "Иванов Иван"
    tax = TaxSetting.objects.get(legal_entity=entity)
    assert (tax.valid_from, tax.tax_system, tax.vat) == (date(2026, 1, 1), "usn_income", "vat5")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inn", "7700000008"),
        ("inn", "770000000082"),
        ("kpp", "7701"),
        ("ogrn", "1027700000009"),
        ("bank_bic", "4980574"),
        ("bank_account", "40602810800000000025"),
    ],
)
def test_a_wrong_requisite_is_refused_at_its_field(panel: Client, field: str, value: str) -> None:
    answer = panel.post(address(LegalEntity, "add"), {**ENTITY, field: value})
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not LegalEntity.objects.filter(key="ooo-new").exists()


def test_a_regime_without_vat_takes_no_rate(panel: Client) -> None:
    answer = panel.post(address(LegalEntity, "add"), {**ENTITY, "tax_settings-0-tax_system": "patent"})
    assert answer.status_code == 200
    assert not LegalEntity.objects.filter(key="ooo-new").exists()


def test_an_entity_without_a_tax_regime_is_refused(panel: Client) -> None:
    without = {name: value for name, value in ENTITY.items() if not name.startswith("tax_settings-0")}
    answer = panel.post(address(LegalEntity, "add"), {**without, "tax_settings-TOTAL_FORMS": "0"})
    assert "Без системы налогообложения" in answer.content.decode()
    assert not LegalEntity.objects.filter(key="ooo-new").exists()


def test_a_shop_is_registered_once_and_tells_its_addresses(panel: Client) -> None:
    known = MerchantAccount.objects.get(key="ivanov-robokassa")
    given = {
        "key": "second",
        "legal_entity": LegalEntity.objects.get(key="ooo-school").pk,
        "provider": "robokassa",
        "other_orders": "refuse",
        "algorithm": "sha256",
        "robokassa_receipts": "order",
        "login": known.settings["login"].upper(),
        "password1": "one",
        "password2": "two",
    }
    answer = panel.post(address(MerchantAccount, "add"), given)
    assert list(answer.context["adminform"].form.errors) == ["login"]
    assert "ivanov-robokassa" in answer.content.decode()
    text = panel.get(address(MerchantAccount, "change", known.pk)).content.decode()
    assert "/webhooks/robokassa/ivanov-robokassa/result/" in text


def test_an_unknown_time_zone_of_a_location_is_refused(panel: Client) -> None:
    place = Location.objects.get(key="baumana")
    answer = panel.post(
        address(Location, "change", place.pk),
        {
            "name": place.name,
            "key": place.key,
            "account": place.account_id,
            "crm_value": place.crm_value,
            "cash_receipts": "desk",
            "time_zone": "Mars/Base",
            "ownerships-TOTAL_FORMS": "0",
            "ownerships-INITIAL_FORMS": "0",
        },
    )
    assert list(answer.context["adminform"].form.errors) == ["time_zone"]


MERCHANT = {"public_id": "pk_new", "cloud_receipts": "on", "other_orders": "accept"}


def test_an_empty_secret_keeps_the_stored_one(panel: Client) -> None:
    merchant = MerchantAccount.objects.get(key="ivanov-cloud")
    assert panel.post(address(MerchantAccount, "change", merchant.pk), MERCHANT).status_code == 302
    merchant.refresh_from_db()
    assert merchant.settings == {"public_id": "pk_new", "receipts": True, "cash_receipts": False}
    assert json.loads(merchant.secrets_json) == {
        "api_secret": "ivanov-secret",
        "api_secret_previous": "ivanov-old-secret",
    }
    assert (merchant.key, merchant.legal_entity.key, merchant.other_orders) == (
        "ivanov-cloud",
        "ip-ivanov",
        "accept",
    )


def test_a_new_secret_replaces_the_stored_one(panel: Client) -> None:
    merchant = MerchantAccount.objects.get(key="ivanov-cloud")
    panel.post(address(MerchantAccount, "change", merchant.pk), {**MERCHANT, "api_secret": "fresh"})
    merchant.refresh_from_db()
    assert json.loads(merchant.secrets_json)["api_secret"] == "fresh"


def test_a_new_merchant_needs_what_its_provider_needs(panel: Client) -> None:
    entity = LegalEntity.objects.get(key="ooo-school")
    given = {
        "key": "second",
        "legal_entity": entity.pk,
        "provider": "robokassa",
        "other_orders": "refuse",
        "algorithm": "sha256",
        "robokassa_receipts": "order",
    }
    answer = panel.post(address(MerchantAccount, "add"), given)
    assert list(answer.context["adminform"].form.errors) == ["login", "password1", "password2"]
    good = {**given, "login": "shop", "password1": "one", "password2": "two"}
    assert panel.post(address(MerchantAccount, "add"), good).status_code == 302
    merchant = MerchantAccount.objects.get(key="second")
    assert merchant.settings == {"login": "shop", "algorithm": "sha256", "receipts": "order", "test": False}
    assert json.loads(merchant.secrets_json) == {"password1": "one", "password2": "two"}


def test_the_keys_of_a_merchant_can_be_tried(panel: Client, settings: Any) -> None:
    settings.CLOUDPAYMENTS_URL = "http://cloud.test"
    merchant = MerchantAccount.objects.get(key="school-cloud")
    page = address(MerchantAccount, "change", merchant.pk)
    assert "try-keys" in panel.get(page).content.decode()
    with responses.RequestsMock() as calls:
        calls.post("http://cloud.test/test", status=401)
        answer = panel.get(page.replace("change/", "try-keys/"), follow=True)
    (told,) = answer.context["messages"]
    assert told.level_tag == "error"


def test_a_location_cannot_be_paid_by_another_entitys_merchant(panel: Client) -> None:
    location = Location.objects.get(key="lenina")
    (owner,) = location.ownerships.all()
    given = {
        "name": location.name,
        "key": location.key,
        "account": location.account_id,
        "crm_value": location.crm_value,
        "cash_receipts": "desk",
        "deposit_amount": "3000",
        "ownerships-TOTAL_FORMS": "1",
        "ownerships-INITIAL_FORMS": "1",
        "ownerships-0-id": owner.pk,
        "ownerships-0-location": location.pk,
        "ownerships-0-valid_from": "01.01.2026",
        "ownerships-0-legal_entity": owner.legal_entity_id,
        "ownerships-0-merchant": MerchantAccount.objects.get(key="school-cloud").pk,
    }
    page = address(Location, "change", location.pk)
    assert panel.post(page, given).status_code == 200
    assert Ownership.objects.get(pk=owner.pk).merchant.key == "ivanov-cloud"
    own = {**given, "ownerships-0-merchant": owner.merchant_id}
    again = {name.replace("-0-", "-1-"): value for name, value in own.items() if not name.endswith("-id")}
    both = panel.post(page, {**again, **own, "ownerships-TOTAL_FORMS": "2"})
    assert "Два владельца начинаются в один день" in both.content.decode()
    assert panel.post(page, own).status_code == 302
    location.refresh_from_db()
    assert location.deposit == {"amount": "3000.00"}


def test_billing_rules_obey_the_shapes_of_the_network_file(panel: Client) -> None:
    policy = AccountPolicy.objects.get(account__key="school")
    page = address(AccountPolicy, "change", policy.pk)
    given = {"mode": "installments", "issue_at": "10:00", "issue_days_before": "0", "salesbot_id": "3301"}
    rows = {"reminders-sent": "1", "reminders-rows": "1", "reminders-0-days": "1"}
    bad = panel.post(page, {**given, **rows, "reminders-0-channels": "pigeon"})
    assert list(bad.context["adminform"].form.errors) == ["reminders"]
    good = panel.post(page, {**given, **rows, "reminders-0-channels": "email"})
    assert good.status_code == 302
    policy.refresh_from_db()
    assert policy.reminders == [{"days": 1, "channels": ["email"]}]


def account_form(account: Account, **values: str) -> dict[str, Any]:
    api, widget = Integration.objects.filter(account=account).order_by("pk")
    form = {
        "key": account.key,
        "external_id": account.external_id,
        "subdomain": account.subdomain,
        "time_zone": account.time_zone,
        "fields": json.dumps(account.fields),
        "pipelines-TOTAL_FORMS": "0",
        "pipelines-INITIAL_FORMS": "0",
        "integrations-TOTAL_FORMS": "2",
        "integrations-INITIAL_FORMS": "2",
    }
    for number, row in enumerate((api, widget)):
        form |= {
            f"integrations-{number}-id": row.pk,
            f"integrations-{number}-account": account.pk,
            f"integrations-{number}-purpose": row.purpose,
            f"integrations-{number}-client_id": row.client_id,
            f"integrations-{number}-redirect_uri": row.redirect_uri,
        }
    return {**form, **values}


def test_an_account_keeps_and_changes_its_secrets(panel: Client) -> None:
    account = Account.objects.get(key="school")
    page, fingerprint = address(Account, "change", account.pk), account.webhook_key_hash
    assert panel.post(page, account_form(account)).status_code == 302
    account.refresh_from_db()
    assert account.webhook_key_hash == fingerprint
    assert Connection.objects.get(account=account).access_token == "amo-token"
    changed = {"token": "by-hand", "webhook_key": "an-unguessable-key", "integrations-0-secret": "fresh"}
    assert panel.post(page, account_form(account, **changed)).status_code == 302
    account.refresh_from_db()
    assert account.webhook_key_hash != fingerprint
    assert Connection.objects.get(account=account).access_token == "by-hand"
    secrets = (
        Integration.objects.filter(account=account).order_by("pk").values_list("client_secret", flat=True)
    )
    assert list(secrets) == ["fresh", "widget-secret"]


@pytest.mark.parametrize(
    "model", [Notice, ProviderCall, Message, OutboxRow, DealHint, Export], ids=lambda m: m.__name__
)
def test_a_parked_row_is_found_and_tried_again(panel: Client, model: type[QueueRow]) -> None:
    page = address(model, "changelist")
    row = model._default_manager.get(state="parked")
    found = panel.get(page + "?state__exact=parked")
    assert [each.pk for each in found.context["cl"].result_list] == [row.pk]
    assert panel.post(page, {"action": "wake", "_selected_action": [row.pk]}).status_code == 302
    row.refresh_from_db()
    assert row.state == "waiting"
    assert not panel.get(page + "?state__exact=parked").context["cl"].result_list


def test_who_may_only_look_cannot_wake(panel: Client) -> None:
    watcher = get_user_model().objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_message"))
    client = Client()
    client.force_login(watcher, backend="django.contrib.auth.backends.ModelBackend")
    page, row = address(Message, "changelist"), Message.objects.get()
    assert client.get(page).status_code == 200
    client.post(page, {"action": "wake", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.state == "parked"


@pytest.mark.parametrize("model", [Payment, Receipt, Invoice, Refund], ids=lambda model: model.__name__)
def test_facts_of_money_cannot_be_changed(panel: Client, model: type[models.Model]) -> None:
    row = model._default_manager.earliest("pk")
    assert panel.post(address(model, "change", row.pk), {"amount": "1"}).status_code == 403
    assert panel.get(address(model, "add")).status_code == 403
    assert panel.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
