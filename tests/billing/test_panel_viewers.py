"""Who may look at everything and change nothing: every page opens, none shows braces or a secret."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import models
from django.test import Client
from django.urls import reverse

from billing.models import LegalEntity, Location, MerchantAccount
from billing.network_file.apply import apply
from crm import memory
from crm.models import Account
from tests.billing.network_files import ENVIRONMENT, WHOLE
from tests.billing.panel_rows import make_rows
from tests.billing.typed_forms import inputs
from tests.factories import make_deal

pytestmark = pytest.mark.django_db
MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in ("billing", "crm", "analytics")),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def viewer(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    apply(WHOLE)
    school = Account.objects.get(key="school")
    memory.keep(f"stages-heard:{school.pk}", {6100001: ("Курсы", {55000140: "Оплата"})}, seconds=60)
    memory.keep(f"users-heard:{school.pk}", {8100002: "Мария Кузнецова"}, seconds=60)
    make_rows(make_deal(school))
    watcher = get_user_model().objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(watcher, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_page_can_be_looked_at(viewer: Client, model: type[models.Model]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    rows = list(model._default_manager.all()[:2])
    assert rows
    for page in [reverse(f"{name}_changelist"), *(reverse(f"{name}_change", args=[row.pk]) for row in rows)]:
        answer = viewer.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert not re.search(r"\{(&quot;|&#x27;|\")[a-z_]+", re.sub(r"<[^>]*>", " ", text)), page
        assert [secret for secret in ENVIRONMENT.values() if secret in text] == [], page


def test_what_only_a_form_holds_is_shown_too(viewer: Client) -> None:
    def page(row: models.Model) -> str:
        name = f"admin:billing_{row._meta.model_name}_change"
        return re.sub(r"<[^>]*>|\s+", " ", viewer.get(reverse(name, args=[row.pk])).content.decode())

    entity = page(LegalEntity.objects.get(key="ip-ivanov"))
    assert ["40802810100000000001" in entity, "Индивидуальный предприниматель" in entity] == [True, True]
    place = page(Location.objects.get(key="baumana"))
    assert ["1000.00" in place, "180" in place, "Задача менеджеру" in place] == [True, True, True]
    shop = page(MerchantAccount.objects.get(key="ivanov-robokassa"))
    assert ["SHA256" in shop, "Вместе с платежом" in shop, "second" in shop] == [True, True, False]


def test_no_form_asks_for_braces(viewer: Client) -> None:
    get_user_model().objects.filter(username="watcher").update(is_superuser=True)
    forms = 0
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for row in model._default_manager.all():
            page = viewer.get(reverse(name, args=[row.pk])).content.decode()
            sent = inputs(page, f"{model._meta.model_name}_form")
            forms += "csrfmiddlewaretoken" in sent
            asked = [text for values in sent.values() for text in values if text[:1] in ("{", "[")]
            assert asked == [], row
    assert forms > 8
