"""Rows of statements written by hand are what the ORM would have read."""

import pytest
from django.db import connection, models

from billing.models import LegalEntity, Location, MerchantAccount
from crm.models import Account, Deal, plain
from tests.billing.bookings import make_booking, make_network

pytestmark = pytest.mark.django_db

MODELS = [Account, Deal, LegalEntity, Location, MerchantAccount]


@pytest.mark.parametrize("model", MODELS)
def test_a_row_is_the_same_by_hand_and_by_the_orm(model: type[models.Model]) -> None:
    _, [place, _other] = make_network()
    make_booking(place)
    known = model._default_manager.order_by("pk").first()
    assert known is not None
    with connection.cursor() as cursor:
        asked = f"SELECT {plain.columns(model, 't')}, 7 FROM {model._meta.db_table} t WHERE t.id = %s"  # noqa: S608
        cursor.execute(asked, [known.pk])
        row, rest = plain.built(model, cursor.fetchone())
    names = [field.attname for field in model._meta.concrete_fields]
    assert [getattr(row, name) for name in names] == [getattr(known, name) for name in names]
    assert (row, rest, row._state.adding) == (known, (7,), False)
