"""What a notice said is stored encrypted: a copy of the database gives nobody the token of a card."""

from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import connection

from billing import cards, inbox
from billing.models import Notice, ProviderOrder, RefusedNotice, SavedCard
from crm.models.encrypted import unseal
from tests.billing.notices import code, fields_of, send
from tests.factories import NOW, make_deal, make_order, make_schedule

pytestmark = pytest.mark.django_db

TOKEN = "tk_477BBA133C182267FE5F086924ABDC5DB71F77BFC27F"
sealing = import_module("billing.migrations.0031_sealed_bodies")


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal)


def stored(table: str = "billing_notice") -> bytes:
    """As the database has it, and every copy of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT body FROM {table}")  # noqa: S608 - a constant
        return bytes(cursor.fetchone()[0])


def with_token(order: ProviderOrder, **changes: Any) -> bytes:
    return urlencode(fields_of(order, Token=TOKEN, **changes)).encode()


def test_a_token_is_read_by_us_and_by_nobody_else(order: ProviderOrder) -> None:
    body = with_token(order)
    for _first_and_as_a_known_shop in range(2):
        Notice.objects.all().delete()
        assert code(send(order.merchant, "pay", body)) == 0
        assert TOKEN.encode() not in stored()
        assert unseal(stored()) == body == Notice.objects.get().body


def test_a_sealed_notice_still_brings_its_card(order: ProviderOrder) -> None:
    cards.consent(deal=order.deal, words="согласен", at=NOW)
    send(order.merchant, "pay", with_token(order))
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert SavedCard.objects.get().token == TOKEN


def test_a_refused_and_an_unreadable_notice_are_sealed_too(order: ProviderOrder) -> None:
    send(order.merchant, "pay", with_token(order), secret="of somebody else")
    assert TOKEN.encode() not in stored("billing_refusednotice")
    assert RefusedNotice.objects.get().body == with_token(order)
    send(order.merchant, "pay", with_token(order, Amount="many"))
    assert TOKEN.encode() not in stored()
    assert Notice.objects.get().state == "parked"


def test_what_was_stored_before_is_sealed_by_the_migration_and_can_go_back(order: ProviderOrder) -> None:
    body = with_token(order)
    send(order.merchant, "pay", body)
    send(order.merchant, "pay", b"", secret="of somebody else")
    editor = SimpleNamespace(connection=connection)
    sealing.rewrite(sealing.unseal, None, editor)
    assert stored() == body
    sealing.rewrite(sealing.seal, None, editor)
    assert TOKEN.encode() not in stored()
    assert Notice.objects.get().body == body
    assert RefusedNotice.objects.get().body == b""


def test_keys_are_changed_without_losing_a_body(order: ProviderOrder, settings: Any) -> None:
    body, old = with_token(order), settings.FIELD_KEYS
    send(order.merchant, "pay", body)
    new = (Fernet.generate_key().decode(),)
    settings.FIELD_KEYS = (*new, *old)
    call_command("rotate_keys", stdout=StringIO())
    settings.FIELD_KEYS = new
    assert Notice.objects.get().body == body
    settings.FIELD_KEYS = old
    with pytest.raises(InvalidToken):
        Notice.objects.get()
