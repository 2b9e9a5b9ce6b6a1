"""A file for the deal: uploaded part by part, attached and shown once, whatever breaks in between."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from crm import delivery, files, outbox, transport
from crm.client import Client
from crm.models import Deal, OutboxRow
from tests.crm.school import NOW, Amocrm

pytestmark = pytest.mark.django_db

CONTENT = b"%PDF-" + bytes(600_000)
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def made() -> Iterator[list[int]]:
    """A source of files that counts how often it was asked."""
    asked: list[int] = []

    def make(file_id: int) -> files.File:
        asked.append(file_id)
        if file_id == 0:
            raise files.NoFile("нет библиотеки")
        return files.File(name="Счет № 1.pdf", content_type="application/pdf", content=CONTENT)

    files.register("test", make)
    yield asked
    files._sources.pop("test")


def put(deal: Deal, file_id: int = 7) -> OutboxRow:
    outbox.file(deal=deal, key=f"document:{file_id}", source="test", file_id=file_id, at=NOW)
    return OutboxRow.objects.get(key=f"document:{file_id}")


def file_notes(amocrm: Amocrm) -> list[str]:
    return [
        note["params"]["file_name"] for note in amocrm.crm.rows("notes") if note["note_type"] == "attachment"
    ]


def test_a_file_is_uploaded_in_parts_attached_and_shown_in_the_feed(amocrm: Amocrm, deal: Deal) -> None:
    row = put(deal)
    put(deal)
    assert delivery.deliver(at=NOW) == 1
    row.refresh_from_db()
    (stored,) = amocrm.crm.rows("files")
    assert (stored["name"], stored["size"], len(stored["parts"])) == ("Счет № 1.pdf", len(CONTENT), 2)
    assert amocrm.lead()["files"] == [stored["id"]]
    assert file_notes(amocrm) == ["Счет № 1.pdf"]
    assert (row.state, row.payload["uuid"]) == ("done", stored["id"])
    assert delivery.deliver(at=LATER) == 0


@pytest.mark.parametrize("step", ["attach_file", "add_file_note"])
def test_an_answer_lost_at_any_step_repeats_nothing(
    amocrm: Amocrm, deal: Deal, made: list[int], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(Client, step)

    def lost(self: Client, *given: object, **named: object) -> None:
        real(self, *given, **named)
        monkeypatch.setattr(Client, step, real)
        raise transport.Unavailable("the answer is lost", unknown=True)

    monkeypatch.setattr(Client, step, lost)
    row = put(deal)
    assert delivery.deliver(at=NOW) == 0
    assert delivery.deliver(at=LATER) == 1
    row.refresh_from_db()
    assert row.state == "done"
    assert len(amocrm.crm.rows("files")) == len(amocrm.lead()["files"]) == len(file_notes(amocrm)) == 1
    assert made == [7]


def test_without_the_right_to_files_the_row_is_parked_with_the_way_out(amocrm: Amocrm, deal: Deal) -> None:
    token = amocrm.crm.get("tokens", "demo-amo-token-school")
    assert token is not None
    amocrm.crm.put("tokens", token | {"scopes": ["crm"]})
    row = put(deal)
    outbox.note(deal=deal, key="n", text="Счёт выставлен", at=NOW)
    assert delivery.deliver(at=NOW) == 2
    row.refresh_from_db()
    assert row.state == "parked"
    assert "файл" in row.last_error
    assert deal.account.connection.state == "connected"
    assert amocrm.notes() == ["Счёт выставлен"]


def test_a_file_that_cannot_be_made_says_why(amocrm: Amocrm, deal: Deal) -> None:
    row = put(deal, 0)
    delivery.deliver(at=NOW)
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("parked", "нет библиотеки")
    assert amocrm.crm.rows("files") == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://drive-b.amocrm.ru/v1.0", True),
        ("http://drive-b.amocrm.ru/v1.0", False),
        ("https://amocrm.ru.evil.example/", False),
        ("https://evil.example/.amocrm.ru", False),
        ("https://evil.example\\.amocrm.ru/", False),
        ("https://evil.example/?.amocrm.ru", False),
        ("https://u:p@evil.example#.amocrm.ru", False),
        ("http://127.0.0.1:9999/drive", True),
        ("http://127.0.0.2:8001/drive", False),
        ("", False),
    ],
)
def test_the_token_goes_to_no_other_host(settings: Settings, url: str, expected: bool) -> None:
    settings.AMOCRM_URL = "http://127.0.0.1:8001/amocrm/{subdomain}"
    assert transport.is_of_amocrm(url) is expected


def test_the_real_amocrm_is_reached_by_https_only(settings: Settings) -> None:
    settings.AMOCRM_URL = "https://{subdomain}.amocrm.ru"
    assert transport.is_of_amocrm("https://drive-b.amocrm.ru")
    assert not transport.is_of_amocrm("https://127.0.0.1/drive")


def test_a_drive_elsewhere_is_refused_before_anything_is_sent(
    amocrm: Amocrm, deal: Deal, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "is_of_amocrm", lambda url: False)
    row = put(deal)
    delivery.deliver(at=NOW)
    row.refresh_from_db()
    assert row.state == "parked"
    assert amocrm.crm.rows("files") == []
