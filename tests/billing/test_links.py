"""The payer's link: one live token per deal, unguessable, revocable."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from billing import links
from billing.models import Event, Invoice, PaymentLink
from tests.billing.collecting import entity_of
from tests.factories import NOW, make_deal, rub

pytestmark = pytest.mark.django_db


def test_a_token_has_128_bits_in_url_safe_letters() -> None:
    token = links.token(deal=make_deal(), at=NOW)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,64}", token)


def test_a_deal_keeps_its_token() -> None:
    deal = make_deal()
    assert links.token(deal=deal, at=NOW) == links.token(deal=deal, at=NOW)
    assert PaymentLink.objects.filter(deal=deal).count() == 1


def test_two_deals_never_share_a_token() -> None:
    assert links.token(deal=make_deal(), at=NOW) != links.token(deal=make_deal(), at=NOW)


def test_addresses_hang_below_the_public_url() -> None:
    deal = make_deal()
    token = links.token(deal=deal, at=NOW)
    assert links.page_url(deal=deal, at=NOW) == f"{settings.PUBLIC_URL}/pay/{token}/"
    assert links.go_url(deal=deal, what="full", at=NOW) == f"{settings.PUBLIC_URL}/pay/{token}/go/?what=full"


def test_an_invoice_is_named_by_its_id() -> None:
    deal = make_deal()
    invoice = Invoice.objects.create(
        deal=deal,
        legal_entity=entity_of(deal),
        number="2026-1",
        amount=rub(1),
        issued_on=NOW.date(),
        created_at=NOW,
    )
    query = urlsplit(links.go_url(deal=deal, what="invoice", at=NOW, invoice=invoice)).query
    assert parse_qs(query) == {"what": ["invoice"], "n": [str(invoice.pk)]}


def test_a_revoked_token_is_as_unknown_as_one_that_never_was() -> None:
    deal = make_deal()
    old = links.token(deal=deal, at=NOW)
    new = links.revoke(deal=deal, at=NOW, author="user:1")
    assert new != old
    assert links.deal_of(token=new) == deal
    for token in (old, "never-made-never-made-never", "", "x" * 100_000, new + " ", new.swapcase()):
        with pytest.raises(links.UnknownToken):
            links.deal_of(token=token)
    assert Event.objects.filter(deal=deal, kind="link_revoked", author="user:1").count() == 1
    assert links.token(deal=deal, at=NOW) == new
