"""Who takes the money: legal entities, their merchant accounts, locations and the account's rules.

A legal entity's tax settings are dated, because a rate changes in the middle of a year. A location's owner is
dated, because a location may change hands. Everything here is made by `manage.py network apply` or in the
admin panel.
"""

from typing import Self

from django.db import models

from crm.models import Account
from crm.models.encrypted import EncryptedTextField


class LegalEntity(models.Model):
    """A company, a sole proprietor or a self-employed person that receives money."""

    class Kind(models.TextChoices):
        OOO = "ooo"
        IP = "ip"
        SELF_EMPLOYED = "self_employed"

    key = models.SlugField(unique=True)
    kind = models.CharField(max_length=15, choices=Kind)
    name = models.CharField(max_length=255)
    inn = models.CharField(max_length=12)
    kpp = models.CharField(max_length=9, blank=True)
    ogrn = models.CharField(max_length=15, blank=True)
    address = models.TextField(blank=True)
    site = models.URLField(blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    vat_basis = models.CharField(max_length=255, blank=True)
    # {name, position, name_genitive, position_genitive, basis_genitive}; {bic, account, correspondent, name}
    signatory = models.JSONField(default=dict, blank=True)
    bank = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class TaxSetting(models.Model):
    """Tax regime and VAT rate of a legal entity from a day on, until the next row."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="tax_settings")
    valid_from = models.DateField()
    tax_system = models.CharField(max_length=20)
    vat = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "valid_from"], name="one_tax_setting_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.legal_entity_id} {self.valid_from}: {self.tax_system} {self.vat}"


class MerchantAccount(models.Model):
    """A shop at a payment provider; its secrets are encrypted one by one.

    settings by provider: cloudpayments {public_id, receipts, cash_receipts}; robokassa {login, algorithm,
    test, receipts, inv_id_from, orders, certificate}. secrets: cloudpayments {api_secret,
    api_secret_previous}; robokassa {password1…3}. `last_number` is the last one drawn where orders are
    counted.
    """

    class Provider(models.TextChoices):
        CLOUDPAYMENTS = "cloudpayments"
        ROBOKASSA = "robokassa"

    key = models.SlugField(unique=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="merchants")
    provider = models.CharField(max_length=20, choices=Provider)
    settings = models.JSONField(default=dict)
    secrets_json = EncryptedTextField(default="{}")
    other_orders = models.CharField(max_length=500, default="refuse")
    last_number = models.BigIntegerField(null=True, blank=True, editable=False)
    stamp: str  # set by known_shops.read()

    class Meta:
        # The composite key that orders and payments refer to: a merchant cannot take money for another
        # entity.
        constraints = [models.UniqueConstraint(fields=["id", "legal_entity"], name="merchant_and_its_entity")]

    def __str__(self) -> str:
        return self.key


class Location(models.Model):
    """A place where the service is rendered; `crm_value` is its text or enum id in the account's location
    field.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="locations")
    key = models.SlugField()
    name = models.CharField(max_length=255)
    crm_value = models.CharField(max_length=255)
    time_zone = models.CharField(max_length=63, blank=True)
    # {percent, round_to?, minimum?} or {amount}; {minutes, same_day?, then: "task" | "stage" | id of a stage}
    deposit = models.JSONField(default=dict, blank=True)
    deposit_due = models.JSONField(default=dict, blank=True)
    cash_receipts = models.CharField(max_length=10, default="desk")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="location_once_per_account")]

    def __str__(self) -> str:
        return self.name


class Ownership(models.Model):
    """Which legal entity owns a location from a day on (until the next row), and by which shop it is paid."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="ownerships")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    valid_from = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["location", "valid_from"], name="one_owner_a_day")]

    def __str__(self) -> str:
        return f"{self.location_id} {self.valid_from}: {self.legal_entity_id}"


class AccountPolicies(models.QuerySet["AccountPolicy"]):
    def of(self, account: Account | None) -> Self:
        """With their accounts; of one account when it is named, else of all."""
        found = self.select_related("account")
        return found.filter(account=account) if account else found


class AccountPolicy(models.Model):
    """How one amoCRM account bills: mode, hours, reminders, tasks.

    reminders: [{days, channels}], days relative to effective_due_on; overdue_task: {type, responsible: "deal"
    | id}.
    """

    class Mode(models.TextChoices):
        INSTALLMENTS = "installments"
        DEPOSIT = "deposit"

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="policy")
    mode = models.CharField(max_length=15, choices=Mode, default=Mode.INSTALLMENTS)
    issue_at = models.TimeField(default="09:00")
    issue_days_before = models.PositiveSmallIntegerField(default=0)
    starts_on = models.DateField(null=True, blank=True)
    reminders = models.JSONField(default=list, blank=True)
    overdue_task = models.JSONField(default=dict, blank=True)
    # [{cohort, starts_on, ends_on, rendered: monthly | at_end | by_stage}], days as ISO text
    cohorts = models.JSONField(default=list, blank=True)
    # {by: service_day | stage | act, from, statuses?}: what says that it was rendered; empty: a person
    rendered = models.JSONField(default=dict, blank=True)
    salesbot_id = models.BigIntegerField(null=True, blank=True)
    # What only amoCRM's administrators may do: refund, cancel, offline_payment, write_off, move
    admin_only = models.JSONField(default=list, blank=True)
    # {daily_percent, cap_percent, grace_days, from?}, numbers as texts; empty: no late fees
    late_fee = models.JSONField(default=dict, blank=True)
    # Nothing goes out by itself while this stands.
    issuing_stopped = models.BooleanField(default=False)
    # [{cohort, reminders}]: a cohort with steps of its own
    cohort_reminders = models.JSONField(default=list, blank=True)
    # Days after the effective due date before task, reminder and stage; figures and states do not wait.
    grace_days = models.PositiveSmallIntegerField(default=0)
    # {days, responsible, type?}: the head's task; empty: nobody is told
    escalation = models.JSONField(default=dict, blank=True)
    # {event: {subject, text}}; an event without texts has the built-in ones
    texts = models.JSONField(default=dict, blank=True)
    # What the payer may do by himself: {own_sum, promise_days, move_days, moves, grant}
    payer_page = models.JSONField(default=dict, blank=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)

    objects = AccountPolicies.as_manager()

    def __str__(self) -> str:
        return str(self.account)


class SmsGateway(models.Model):
    """The gateway by which an account sends SMS; its key is encrypted."""

    class Kind(models.TextChoices):
        SMSC = "smsc"

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="sms_gateway")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SMSC)
    login = models.CharField(max_length=100)
    password = EncryptedTextField()
    sender = models.CharField(max_length=11, blank=True)

    def __str__(self) -> str:
        return str(self.account)


class Product(models.Model):
    """The receipt line and the documents' text of a programme."""

    programme = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=128)
    subject = models.CharField(max_length=20, default="service")
    # Empty: the legal entity's own rate. `vat_dates` [{from, vat}] stands instead of `vat` where the rate is
    # dated.
    vat = models.CharField(max_length=10, blank=True)
    vat_dates = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.programme
