"""The card in the language of who reads it; what the payer gets stays in the payer's."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from crm.models import Deal
from tests.billing.bookings import make_booking, make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    return client


@pytest.fixture
def deal(staff: Client) -> Deal:
    """A booking with its links, lost since in amoCRM, whose client has no e-mail."""
    _, [place, _other] = make_network()
    made = make_booking(place, fetched_at=timezone.now(), contact_email="")
    ask(staff, made, "payment-links/", method="post")
    Deal.objects.filter(pk=made.pk).update(state=Deal.State.LOST)
    return made


def ask(staff: Client, deal: Deal, door: str = "", *, language: str = "", method: str = "get") -> Any:
    path = f"/api/v1/deals/{deal.external_id}/{door}?account={deal.account.key}&language={language}"
    call = getattr(staff, method)
    answer = call(path, "{}", content_type="application/json") if method == "post" else call(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def words(card: dict[str, Any]) -> str:
    return " ".join(warning["text"] for warning in card["warnings"])


def test_warnings_are_told_in_the_readers_language(staff: Client, deal: Deal) -> None:
    assert "закрыта или удалена" in words(ask(staff, deal))
    assert "The deal is lost or deleted" in words(ask(staff, deal, language="en"))


@pytest.mark.parametrize("odd", ["fr", "", "en-US", "<script>", "x" * 300])
def test_a_language_that_we_do_not_speak_is_answered_in_ours(staff: Client, deal: Deal, odd: str) -> None:
    assert ask(staff, deal, language=odd)["warnings"] == ask(staff, deal)["warnings"]


def test_a_changed_card_comes_back_in_the_same_language(staff: Client, deal: Deal) -> None:
    card = ask(staff, deal, "pay-link/revoke/", language="en", method="post")
    assert "The deal is lost or deleted" in words(card)


def test_the_ready_message_stays_in_the_payers_language(staff: Client, deal: Deal) -> None:
    ours, theirs = ask(staff, deal), ask(staff, deal, language="en")
    assert theirs["links"] == ours["links"]
    assert "внесите" in theirs["links"]["deposit"]["text"]


def test_the_history_is_told_in_the_readers_language(staff: Client, deal: Deal) -> None:
    ours, theirs = (
        [event["text"] for event in ask(staff, deal, "history/", language=language)["results"]]
        for language in ("ru", "en")
    )
    assert len(ours) == len(theirs) > 0
    assert ours[0] != theirs[0]
    assert theirs[0].isascii() or "₽" in theirs[0]
