"""amoCRM accounts, their integrations, connection and stages.

An account may carry two integrations (facts: an external integration cannot carry a widget), so a one-time
token is checked by the secret of the integration that it names.
"""

from django.conf import settings
from django.db import models

from crm.models.encrypted import EncryptedTextField


class Account(models.Model):
    """One amoCRM account; `external_id` is amoCRM's account_id, the only tenant key of a token."""

    key = models.SlugField(unique=True)
    external_id = models.BigIntegerField(unique=True)
    subdomain = models.CharField(max_length=63, unique=True)
    time_zone = models.CharField(max_length=63, default=settings.DEFAULT_TIME_ZONE)
    # ours -> id of the account's custom field of a lead: programme, cohort, location, service_on, debt,
    # next_due_on, next_amount, payment_state, payment_link, payment_text, deposit_link, full_link,
    # schedule_count, schedule_monthly, schedule_first_on
    fields = models.JSONField(default=dict, blank=True)
    # The deals up to this id have their figures in fields that were mapped just now; null: all of them have.
    refill_after = models.BigIntegerField(null=True, blank=True, editable=False)
    fallback_user = models.BigIntegerField(null=True, blank=True)
    # The unguessable part of the hooks' address: the hash finds the account, the key itself is what set-up
    # tells amoCRM.
    webhook_key_hash = models.CharField(max_length=64, blank=True)
    webhook_key = EncryptedTextField(blank=True)
    # Which kinds of notes (crm.outbox.NOTES) are not written into the deals' feeds.
    silent_notes = models.JSONField(default=list, blank=True)
    # Who is told by mail that the connection is lost; empty: the owners of this installation.
    alert_email = models.EmailField(blank=True)

    def __str__(self) -> str:
        return self.key


class Integration(models.Model):
    """Credentials of one amoCRM integration of an account."""

    class Purpose(models.TextChoices):
        API = "api"
        WIDGET = "widget"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="integrations")
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.API)
    client_id = models.CharField(max_length=64, unique=True)
    client_secret = EncryptedTextField()
    redirect_uri = models.URLField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "purpose"], name="one_integration_per_purpose")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.purpose}"


class Connection(models.Model):
    """The tokens by which we call an account's API.

    `expires_at` null means a long-lived token. `given_hash` remembers the value of the network file, so that
    a refreshed token is replaced only when the file's value changed. `refreshing_until` is the claim of the
    one process that exchanges the one-use refresh token right now.
    """

    class State(models.TextChoices):
        CONNECTED = "connected"
        NEEDS_RECONNECT = "needs_reconnect"
        UNINSTALLED = "uninstalled"

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="connection")
    access_token = EncryptedTextField(blank=True)
    refresh_token = EncryptedTextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.NEEDS_RECONNECT)
    refreshing_until = models.DateTimeField(null=True, blank=True)
    given_hash = models.CharField(max_length=64, blank=True)
    events_until = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.account_id}: {self.state}"


class Pipeline(models.Model):
    """Which stages of a pipeline mean something to us; empty stage = we never move there."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="pipelines")
    external_id = models.BigIntegerField()
    completed_status = models.BigIntegerField(default=142)
    paid_status = models.BigIntegerField(null=True, blank=True)
    deposit_status = models.BigIntegerField(null=True, blank=True)
    overdue_status = models.BigIntegerField(null=True, blank=True)
    lost_statuses = models.JSONField(default=list)
    # Stages that a deal may enter only when its deposit is paid.
    gated_statuses = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="pipeline_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.external_id}"
