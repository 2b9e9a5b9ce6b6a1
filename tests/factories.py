"""Plain functions that make what a test needs, with sensible values for everything it does not care about."""

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing import ledger, schedules
from billing.models import (
    AccountPolicy,
    Installment,
    LegalEntity,
    MerchantAccount,
    ProviderOrder,
    Schedule,
    TaxSetting,
)
from billing.rules.schedule import Terms
from crm.models import Account, Connection, Deal, Integration, Pipeline

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
_numbers = itertools.count(1)

FIELDS = {
    "programme": 910010,
    "cohort": 910011,
    "service_on": 910013,
    "debt": 910020,
    "next_due_on": 910021,
    "next_amount": 910022,
    "payment_state": 910023,
    "payment_link": 910024,
}


def rub(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def make_legal_entity(**values: Any) -> LegalEntity:
    number = next(_numbers)
    given: dict[str, Any] = {
        "key": f"entity-{number}",
        "kind": "ooo",
        "name": f"ООО «Школа {number}»",
        "inn": "7700000009",
    }
    entity = LegalEntity.objects.create(**given | values)
    TaxSetting.objects.create(
        legal_entity=entity, valid_from=date(2020, 1, 1), tax_system="usn_income", vat="none"
    )
    return entity


def make_merchant(entity: LegalEntity, **values: Any) -> MerchantAccount:
    number = next(_numbers)
    given: dict[str, Any] = {
        "key": f"merchant-{number}",
        "provider": "cloudpayments",
        "settings": {"public_id": f"pk_{number}", "receipts": True},
        "secrets_json": json.dumps({"api_secret": f"secret-{number}"}),
    }
    return MerchantAccount.objects.create(legal_entity=entity, **given | values)


def make_account(*, entity: LegalEntity | None = None, **policy: Any) -> Account:
    """A connected school account whose legal entity has one merchant."""
    number = next(_numbers)
    account = Account.objects.create(
        key=f"school-{number}", external_id=31_000_000 + number, subdomain=f"school{number}", fields=FIELDS
    )
    Integration.objects.create(
        account=account,
        client_id=f"client-{number}",
        client_secret=f"secret-of-client-{number:047}",
        redirect_uri="http://127.0.0.1:8000/oauth/amocrm/callback/",
    )
    Connection.objects.create(account=account, access_token=f"token-{number}", state="connected")
    Pipeline.objects.create(
        account=account, external_id=6100001, overdue_status=55000150, lost_statuses=[143]
    )
    if entity is None:
        entity = make_legal_entity()
        make_merchant(entity)
    AccountPolicy.objects.create(account=account, legal_entity=entity, **policy)
    return account


def make_deal(account: Account | None = None, **values: Any) -> Deal:
    number = next(_numbers)
    given: dict[str, Any] = {
        "external_id": 7_700_000 + number,
        "name": f"Договор {number}/26",
        "price": rub(160000),
        "pipeline_id": 6100001,
        "status_id": 55000140,
        "responsible_user_id": 8100002,
        "programme": "Нутрициолог",
        "cohort": "Поток 12",
        "contact_id": 990000 + number,
        "contact_name": "Анна Смирнова",
        "contact_email": f"payer{number}@example.org",
        "contact_phone": "+79161234501",
        "fetched_at": NOW,
    }
    return Deal.objects.create(account=account or make_account(), **given | values)


def make_schedule(
    deal: Deal | None = None,
    *,
    total: object = "90000",
    count: int = 3,
    first_due_on: date = date(2026, 12, 10),
    at: datetime = NOW,
    **terms: Any,
) -> Schedule:
    deal = deal or make_deal()
    given = Terms(rub(total), first_due_on=first_due_on, count=count, **terms)
    schedule = Schedule.objects.filter(deal=deal).first()
    return schedules.save(
        deal=deal,
        terms=given,
        version=schedule.version if schedule else None,
        author="user:8100002",
        reason="новая договорённость" if schedule else "",
        at=at,
    )


def make_order(deal: Deal, *, amount: object = "30000", **values: Any) -> ProviderOrder:
    number = next(_numbers)
    merchant = MerchantAccount.objects.get(legal_entity=deal.account.policy.legal_entity)
    given: dict[str, Any] = {
        "purpose": "installment",
        "number": f"G{number}",
        "request_id": f"order:{number}",
        "state": "open",
        "ordered_on": TODAY,
        "created_at": NOW,
    }
    return ProviderOrder.objects.create(
        deal=deal, merchant=merchant, legal_entity=merchant.legal_entity, amount=rub(amount), **given | values
    )


def rows_of(schedule: Schedule) -> list[Installment]:
    return list(Installment.objects.filter(schedule=schedule).current().with_paid())


def standing_of(deal: Deal, *, on: date = TODAY) -> ledger.Standing:
    return ledger.standing(Deal.objects.select_related("account").get(id=deal.id), on=on)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)
