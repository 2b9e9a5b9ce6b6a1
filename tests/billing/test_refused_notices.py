"""Bad input at both doors: refused in the provider's way, nothing changed, bounded evidence, an alarm."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from billing import inbox, refused_notices
from billing.admin.alarm import alarm
from billing.models import Event, MerchantAccount, Notice, Payment, ProviderOrder, RefusedNotice
from billing.providers import robokassa_signing as signing
from billing.providers.base import Delivery, NoticeKind
from crm.models import OutboxRow
from tests.billing.notices import FORM, Answer, deliver, fields_of, secret_of, send, sign
from tests.factories import NOW, make_deal, make_legal_entity, make_merchant, make_order, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


@pytest.fixture
def robokassa(order: ProviderOrder) -> MerchantAccount:
    """The order's shop as one of Robokassa, its order numbered as there."""
    merchant = order.merchant
    merchant.provider, merchant.settings = "robokassa", {"login": "shop", "algorithm": "sha256"}
    merchant.secrets_json = json.dumps({"password1": "p1", "password2": "p2"})
    merchant.save()
    ProviderOrder.objects.update(number="70001")
    return merchant


def facts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Notice, Payment, Event, OutboxRow))


def post(merchant: MerchantAccount, body: bytes, mac: str, *, content_type: str = FORM) -> Answer:
    return Client().post(
        f"/webhooks/cloudpayments/{merchant.key}/pay/",
        data=body,
        content_type=content_type,
        headers={"Content-HMAC": mac},
    )


def altered(order: ProviderOrder) -> Answer:
    body = urlencode(fields_of(order)).encode()
    return post(order.merchant, body.replace(b"30000.00", b"30001.00"), sign(body, secret_of(order.merchant)))


def truncated(order: ProviderOrder) -> Answer:
    body = urlencode(fields_of(order)).encode()
    return post(order.merchant, body[:-40], sign(body, secret_of(order.merchant)))


def another_merchants_secret(order: ProviderOrder) -> Answer:
    stranger = make_merchant(make_legal_entity())
    return send(order.merchant, "pay", fields_of(order), secret=secret_of(stranger))


def unsigned(order: ProviderOrder) -> Answer:
    return Client().post(
        f"/webhooks/cloudpayments/{order.merchant.key}/pay/",
        data=urlencode(fields_of(order)),
        content_type=FORM,
    )


def in_another_charset(order: ProviderOrder) -> Answer:
    """Signed as UTF-8, sent as Windows-1251: other bytes."""
    fields = fields_of(order, Name="АННА")
    mac = sign(urlencode(fields).encode(), secret_of(order.merchant))
    return post(order.merchant, urlencode(fields, encoding="cp1251").encode(), mac)


def hex_digest(order: ProviderOrder) -> Answer:
    body = urlencode(fields_of(order)).encode()
    return post(order.merchant, body, sign(body, secret_of(order.merchant)).encode().hex())


def outside_ascii(order: ProviderOrder) -> Answer:
    return post(order.merchant, urlencode(fields_of(order)).encode(), "подпись")


def with_a_newline(order: ProviderOrder) -> Answer:
    body = urlencode(fields_of(order)).encode()
    return post(order.merchant, body + b"\n", sign(body, secret_of(order.merchant)))


FORGERIES = [
    altered,
    truncated,
    another_merchants_secret,
    unsigned,
    in_another_charset,
    hex_digest,
    outside_ascii,
    with_a_newline,
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forgery_is_refused_and_kept_as_evidence_only(
    order: ProviderOrder, forge: Callable[[ProviderOrder], Answer]
) -> None:
    before = facts()
    assert forge(order).status_code == 403
    assert facts() == before
    [kept] = RefusedNotice.objects.all()
    assert (kept.merchant, kept.kind, kept.reason) == (order.merchant, "pay", "forged")
    assert kept.size > 0


def test_a_megabyte_is_refused_unread(order: ProviderOrder) -> None:
    before = facts()
    body = b"A=" + b"x" * 1_000_000
    assert post(order.merchant, body, sign(body, secret_of(order.merchant))).status_code == 413
    assert facts() == before
    [kept] = RefusedNotice.objects.all()
    assert (kept.reason, kept.size, bytes(kept.body)) == ("too_long", 1_000_002, b"")


def test_a_genuine_notice_with_a_doubled_sum_is_a_persons_and_no_money(order: ProviderOrder) -> None:
    body = urlencode(fields_of(order)).encode() + b"&Amount=1.00"
    assert post(order.merchant, body, sign(body, secret_of(order.merchant))).status_code == 200
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Notice.objects.get().state == "parked"
    assert not Payment.objects.exists()


def test_a_genuine_notice_in_windows_1251_is_read(order: ProviderOrder) -> None:
    body = urlencode(fields_of(order, Name="АННА"), encoding="cp1251").encode()
    assert post(order.merchant, body, sign(body, secret_of(order.merchant))).status_code == 200
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Payment.objects.count() == 1


def test_last_years_notice_again_is_answered_and_changes_nothing(order: ProviderOrder) -> None:
    fields = fields_of(order, DateTime="2025-11-22 08:59:05")
    deliver(order.merchant, "pay", fields)
    before = facts()
    deliver(order.merchant, "pay", fields)
    assert facts() == before


def test_an_unreadable_check_is_refused_with_evidence(order: ProviderOrder) -> None:
    answer = send(order.merchant, "check", fields_of(order, Amount="many"))
    assert answer.status_code == 400
    assert "Amount" in RefusedNotice.objects.get().reason


# Robokassa


def result(merchant: MerchantAccount, *, password: str = "p2", **fields: str) -> Answer:
    given = {"OutSum": "30000.000000", "InvId": "70001"} | fields
    text = signing.notice(given, password=password)
    body = urlencode({**given, "SignatureValue": signing.digest("sha256", text)})
    return Client().post(f"/webhooks/robokassa/{merchant.key}/result/", data=body, content_type=FORM)


def raw_result(merchant: MerchantAccount, body: str) -> Answer:
    return Client().post(f"/webhooks/robokassa/{merchant.key}/result/", data=body, content_type=FORM)


@pytest.mark.parametrize(
    "forge",
    [
        lambda merchant: result(merchant, password="p1"),
        lambda merchant: result(merchant, password=""),
        lambda merchant: raw_result(merchant, "OutSum=30000.00&InvId=70001"),
        lambda merchant: raw_result(merchant, "OutSum=30000.00&InvId=70001&SignatureValue=%d0%af"),
        lambda merchant: raw_result(merchant, "OutSum=30000.00&InvId=70001&SignatureValue=%ff%fe"),
        lambda merchant: raw_result(merchant, ""),
        lambda merchant: result(merchant, password="tp2", IsTest="1"),
    ],
    ids=["password 1", "no password", "unsigned", "letters", "not UTF-8", "empty", "test password"],
)
def test_robokassas_forgery_is_refused_too(
    robokassa: MerchantAccount, forge: Callable[[MerchantAccount], Answer]
) -> None:
    before = facts()
    answer = forge(robokassa)
    assert answer.status_code == 403
    assert not answer.content.startswith(b"OK")
    assert facts() == before
    assert RefusedNotice.objects.count() == 1


def test_a_genuine_test_notice_at_a_live_shop_is_nobodys_money(robokassa: MerchantAccount) -> None:
    """Signed with the live password and yet a test: answered, so that it does not come again; no money."""
    assert result(robokassa, IsTest="1").content == b"OK70001"
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Notice.objects.get().outcome == "test_mode"
    assert not Payment.objects.exists()


def test_robokassas_doubled_number_is_a_persons_and_no_money(robokassa: MerchantAccount) -> None:
    given = {"OutSum": "30000.000000", "InvId": "70001"}
    digest = signing.digest("sha256", signing.notice(given, password="p2"))
    body = urlencode({**given, "SignatureValue": digest}) + "&InvId=70002"
    assert raw_result(robokassa, body).content == b"OK70001"
    assert Notice.objects.get().state == "parked"
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert not Payment.objects.exists()


# Evidence is bounded


def test_the_ring_keeps_the_newest_and_never_more(
    order: ProviderOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_notices, "KEPT_PER_MERCHANT", 30)
    for minute in range(50):
        forge_at(order.merchant, NOW + timedelta(minutes=minute), body=str(minute).encode())
    kept = [bytes(row.body) for row in RefusedNotice.objects.order_by("id")]
    assert kept == [str(minute).encode() for minute in range(20, 50)]


def test_a_flood_costs_twenty_rows_a_minute(order: ProviderOrder) -> None:
    for _ in range(100):
        forge_at(order.merchant, NOW)
    assert RefusedNotice.objects.count() == 20
    forge_at(order.merchant, NOW + timedelta(seconds=61))
    assert RefusedNotice.objects.count() == 21


def test_the_evidence_of_one_shop_does_not_push_out_anothers(order: ProviderOrder) -> None:
    other = make_merchant(make_legal_entity())
    forge_at(other, NOW)
    for _ in range(100):
        forge_at(order.merchant, NOW)
    assert RefusedNotice.objects.filter(merchant=other).count() == 1


def test_a_long_body_is_kept_by_its_beginning(order: ProviderOrder) -> None:
    forge_at(order.merchant, NOW, body=b"x" * 60_000)
    kept = RefusedNotice.objects.get()
    assert (len(kept.body), kept.size) == (4096, 60_000)


def forge_at(merchant: MerchantAccount, at: Any, body: bytes = b"a=1") -> None:
    delivery = Delivery(method="POST", body=body, query=b"", headers={}, content_type=FORM, received_at=at)
    answer = inbox.take(
        provider=merchant.provider, merchant_key=merchant.key, kind=NoticeKind.PAY, delivery=delivery, at=at
    )
    assert answer.status == 403


# The alarm


def test_refusals_that_repeat_raise_an_alarm_and_old_ones_do_not(order: ProviderOrder) -> None:
    for _ in range(4):
        forge_at(order.merchant, NOW)
    assert refused_notices.repeating(at=NOW) == {}
    forge_at(order.merchant, NOW)
    assert refused_notices.repeating(at=NOW) == {order.merchant.key: 5}
    assert refused_notices.repeating(at=NOW + timedelta(hours=2)) == {}


def test_the_panel_the_metrics_and_the_list_show_it(order: ProviderOrder, rf: Any, client: Client) -> None:
    for _ in range(5):
        unsigned(order)
    user = User.objects.create_superuser("root")
    request = rf.get("/admin/")
    request.user = user
    said = alarm(request)
    assert said is not None
    assert order.merchant.key in said[0]
    line = f'grafik_refused_notices{{merchant="{order.merchant.key}"}} 5.0'
    assert line in client.get("/metrics").content.decode()
    client.force_login(user)
    row = RefusedNotice.objects.first()
    assert row is not None
    assert client.get(reverse("admin:billing_refusednotice_changelist")).status_code == 200
    page = client.get(reverse("admin:billing_refusednotice_change", args=[row.pk])).content.decode()
    assert "TransactionId=3171000501" in page


# The page of a notice


def test_a_notices_page_shows_body_verdict_and_what_it_caused(order: ProviderOrder, client: Client) -> None:
    deliver(order.merchant, "pay", fields_of(order, Token="tk_secret", Name="<b>АННА</b>"))
    client.force_login(User.objects.create_superuser("root"))
    notice, payment = Notice.objects.get(), Payment.objects.get()
    page = client.get(reverse("admin:billing_notice_change", args=[notice.pk])).content.decode()
    assert "TransactionId=3171000501" in page
    assert "tk_secret" not in page
    assert "<b>" not in page.split("<pre", 1)[1].split("</pre>", 1)[0]
    assert reverse("admin:billing_payment_change", args=[payment.pk]) in page
    assert "деньги сделки" in page


def test_applying_again_from_the_page_changes_nothing(order: ProviderOrder, client: Client) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    before = facts()
    client.force_login(User.objects.create_superuser("root"))
    page = reverse("admin:billing_notice_change", args=[Notice.objects.get().pk])
    answer = client.get(page.replace("/change/", "/apply-again/"), follow=True)
    assert "Ничего не изменилось" in answer.content.decode()
    assert facts() == before


def test_a_token_in_json_is_masked_too() -> None:
    body = b'{"TransactionId": 5, "Token": "tk_1", "TokenRecipient": "x"}'
    assert inbox.masked(body) == b'{"TransactionId": 5, "Token": "***", "TokenRecipient": "x"}'
