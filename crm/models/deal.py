"""The mirrored deal: what amoCRM last told us about a lead.

amoCRM is the truth for every column here; our money never depends on `price`. The row is also the one lock of
the ledger (`select_for_update(no_key=True)`), see docs/money.md.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db import models

from crm.models.account import Account


class DealQuerySet(models.QuerySet["Deal"]):
    def of(self, account: Account, lead_id: int) -> Self:
        return self.filter(account=account, external_id=lead_id)

    def locked(self) -> Self:
        """Lock the rows against every other ledger operation, but not against foreign keys that point at
        them.
        """
        return self.select_for_update(no_key=True, of=("self",))


class Deal(models.Model):
    """One lead of an account; `external_id` is amoCRM's lead id, `price` whole roubles as amoCRM keeps
    them.
    """

    class State(models.TextChoices):
        LIVE = "live"
        LOST = "lost"
        DELETED = "deleted"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deals")
    external_id = models.BigIntegerField()
    name = models.TextField(blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    pipeline_id = models.BigIntegerField(default=0)
    status_id = models.BigIntegerField(default=0)
    responsible_user_id = models.BigIntegerField(default=0)
    programme = models.TextField(blank=True)
    cohort = models.TextField(blank=True)
    location_value = models.TextField(blank=True)
    service_on = models.DateField(null=True, blank=True)
    # How the deal is to be paid, as its own fields say: {count, monthly, first_on}, texts; empty where they
    # are not mapped or not filled.
    asked = models.JSONField(default=dict, blank=True)
    contact_id = models.BigIntegerField(null=True, blank=True)
    contact_name = models.TextField(blank=True)
    contact_email = models.TextField(blank=True)
    contact_phone = models.TextField(blank=True)
    # Everybody of the deal, main contact first: [{id, name, email, phone}].
    contacts = models.JSONField(default=list, blank=True)
    # The company of the deal with the requisites that amoCRM knows: {id, name, inn, kpp, address, email,
    # phone, bank: {bic, account}}; empty without one.
    company = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    # A person decided that a lost or deleted deal goes on: it stays LIVE here until it is live in amoCRM, or
    # until more happens to it than the person knew.
    goes_on = models.BooleanField(default=False)
    went_on_as = models.CharField(max_length=10, choices=State, blank=True, default="")
    merged_into = models.BigIntegerField(null=True, blank=True)
    # Where the deal stood before its stage last changed, and when we saw that.
    previous_status_id = models.BigIntegerField(default=0)
    status_seen_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField()
    # No column: what amoCRM showed in the lead's fields (id -> first value), for who has just read it.
    shown: Mapping[int, Any] | None = None

    objects = DealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="deal_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.external_id}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.time_zone)

    def local_day(self, at: datetime) -> date:
        """The calendar day of a moment where the deal lives."""
        return at.astimezone(self.zone).date()


class PriceChange(models.Model):
    """The lead's budget became another one, as we learnt it at `recorded_at`; append-only, in roubles.

    So that a day can be shown as it was known then: before a schedule a deal costs its budget.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="price_changes")
    before = models.DecimalField(max_digits=14, decimal_places=2)
    after = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.before} to {self.after}"
