"""A document on its way: made when the outbox sends it, into the emulated deal, the same bytes everywhere."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from crm import delivery, outbox
from crm.models import OutboxRow
from documents import files, register, rendering
from documents.models import Document
from documents.values import OfferValues, Party
from tests.crm import school

pytestmark = pytest.mark.django_db


@pytest.fixture
def amocrm(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[school.Amocrm]:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}},
    }
    yield from school.emulated(tmp_path, settings, monkeypatch)


def make_offer(name: str = "Предложение № 1") -> Document:
    values = OfferValues(
        number="1",
        day="22 ноября 2026 г.",
        valid_until="6 декабря 2026 г.",
        contractor=Party(name="ООО «Школа»"),
        customer=Party(name="Анна"),
        service="Курс",
        facts=(("Группа", "Поток 12"),),
        total="1,00",
        total_words="Один рубль 00 копеек",
        vat="НДС не облагается",
        rows=(),
        signatures=(),
    )
    draft = register.Draft(kind=Document.Kind.OFFER, series="offer:test", name=name)
    deal = school.make_deal(school.make_account())
    return register.add(deal=deal, draft=draft, values=values, author="user:1", at=school.NOW)


def put(document: Document) -> OutboxRow:
    outbox.file(deal=document.deal, key="document:1", source=files.SOURCE, file_id=document.pk, at=school.NOW)
    return OutboxRow.objects.get(key="document:1")


def test_the_deal_gets_the_bytes_that_everybody_else_gets(amocrm: school.Amocrm) -> None:
    document = make_offer()
    put(document)
    assert document.path == ""
    assert delivery.deliver(at=school.NOW) == 1
    (stored,) = amocrm.crm.rows("files")
    sent = b"".join(base64.b64decode(part) for part in stored["parts"])
    assert sent == files.read(Document.objects.get(pk=document.pk))
    assert (stored["name"], amocrm.lead()["files"]) == ("Предложение № 1.pdf", [stored["id"]])


def test_without_pango_the_row_waits_for_a_person(
    amocrm: school.Amocrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(**_given: object) -> bytes:
        raise rendering.CannotRender("apt-get install libpango-1.0-0")

    monkeypatch.setattr(rendering, "pdf", cannot)
    row = put(make_offer())
    assert delivery.deliver(at=school.NOW) == 1
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("parked", "apt-get install libpango-1.0-0")


def test_a_name_that_no_disk_takes_is_made_harmless() -> None:
    assert files.file_name(make_offer('../Договор "1/26"\r\nX: y')) == "..-Договор -1-26---X- y.pdf"
