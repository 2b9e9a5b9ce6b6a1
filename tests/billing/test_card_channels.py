"""By what the card says that an invoice can reach the payer."""

import pytest

from billing import deal_card, payers
from billing.models import AccountPolicy
from billing.payers import Payer
from crm.models import Deal
from tests.billing.test_document_letters import NOON
from tests.factories import make_deal

pytestmark = pytest.mark.django_db


def channels(deal: Deal) -> list[tuple[str, str]]:
    fresh = Deal.objects.select_related("account").get(pk=deal.pk)
    return [(one["channel"], one["to"]) for one in deal_card.card(fresh, at=NOON)["channels"]]


def test_by_the_payers_mail_then_by_the_bot() -> None:
    deal = make_deal()
    assert channels(deal) == [("email", deal.contact_email)]
    payers.name(
        deal=deal, payer=Payer("third_party", "Пётр", email="petr@example.org"), author="user:1", at=NOON
    )
    AccountPolicy.objects.update_or_create(account=deal.account, defaults={"salesbot_id": 3301})
    assert channels(deal) == [("email", "petr@example.org"), ("salesbot", deal.contact_name)]


def test_by_nothing_where_nothing_is_known() -> None:
    assert channels(make_deal(contact_email="")) == []
