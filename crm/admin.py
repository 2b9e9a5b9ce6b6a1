"""Pages of the admin panel about amoCRM: accounts with their keys and stages, deals, and what waits for
amoCRM.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import StackedInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from crm import hooks, outbox, queues, setup_pages, transport, users
from crm.connection import try_stored
from crm.models import Account, Alert, Connection, Deal, DealHint, Integration, OutboxRow, Pipeline, QueueRow
from crm.panel import ChoiceWords, EditedRow, ReadOnlyPage, SecretField, SettingsPage, name_tables
from crm.pipeline_form import PipelineForm, with_stored
from crm.row_names import name_rows
from crm.setup_fields import SPECS

COLUMNS = {
    "key": _("Key"),
    "name": _("Name"),
    "account": _("amoCRM account"),
    "deal": _("Deal"),
    "state": _("State"),
    "kind": _("Kind"),
    "payload": _("Content"),
    "attempts": _("Attempts"),
    "not_before": _("Not before"),
    "leased_until": _("Taken by a worker until"),
    "last_error": _("Last error"),
    "created_at": _("Created"),
    "done_at": _("Done"),
    "external_id": _("amoCRM's number"),
    "subdomain": _("Subdomain"),
    "text": _("Text"),
    "closed_at": _("Over since"),
    "silent_notes": _("Notes that are not written"),
    "alert_email": _("E-mail for alerts"),
    "gated_statuses": _("Stages that need the deposit"),
    "contacts": _("Contacts"),
    "company": _("Company"),
    "goes_on": _("Goes on by decision"),
    "went_on_as": _("State when that was decided"),
    "merged_into": _("Merged into the deal"),
    "previous_status_id": _("Stage before"),
    "status_seen_at": _("Stage seen"),
    "uncertain": _("May have happened already"),
    "seen_at": _("Seen in the chat"),
    "time_zone": _("Time zone"),
    "fields": _("Fields of the deal"),
    "refill_after": _("Fields are filled after this deal"),
    "fallback_user": _("User for tasks of inactive people"),
    "purpose": _("Purpose"),
    "client_id": _("Integration ID"),
    "redirect_uri": _("Redirect address"),
    "expires_at": _("Expires"),
    "completed_status": _("Stage on full payment"),
    "paid_status": _("Stage of paid deals before the service"),
    "deposit_status": _("Stage on deposit"),
    "overdue_status": _("Stage of overdue deals"),
    "lost_statuses": _("Stages of lost deals"),
    "price": _("Price in amoCRM"),
    "pipeline_id": _("Pipeline"),
    "status_id": _("Stage"),
    "responsible_user_id": _("Responsible user"),
    "programme": _("Programme"),
    "cohort": _("Cohort"),
    "location_value": _("Location in amoCRM"),
    "service_on": _("Day of service"),
    "asked": _("Schedule that the deal's fields ask for"),
    "contact_id": _("Contact"),
    "contact_name": _("Contact's name"),
    "contact_email": _("E-mail"),
    "contact_phone": _("Phone"),
    "fetched_at": _("Read from amoCRM"),
    "revision": _("Revision"),
    "lead_id": _("Deal's number"),
    "deleted": _("Deleted in amoCRM"),
}
name_tables(
    {
        Account: (_("amoCRM account"), _("amoCRM accounts")),
        Integration: (_("integration"), _("integrations")),
        Connection: (_("connection"), _("connections")),
        Pipeline: (_("pipeline"), _("pipelines")),
        Deal: (_("deal"), _("deals")),
        OutboxRow: (_("change for amoCRM"), _("changes for amoCRM")),
        DealHint: (_("deal to be read again"), _("deals to be read again")),
        Alert: (_("alert"), _("alerts")),
    },
    COLUMNS,
    {(Deal, "external_id"): _("Deal's number"), (Account, "external_id"): _("Account's number")},
)
name_rows(
    {
        Alert: "%(kind)s: %(account)s",
        Connection: "%(account)s",
        Deal: "%(name)s · %(external_id)s",
        DealHint: "%(account)s: %(lead_id)s",
        Integration: "%(account)s: %(purpose)s",
        OutboxRow: "%(kind)s: %(deal)s",
        Pipeline: "%(account)s: %(external_id)s",
    }
)


class QueuePage(ReadOnlyPage):
    """A queue: parked rows wait for a person, who may send them again."""

    actions: tuple[str, ...] = ("wake",)
    list_filter: Any = (("state", ChoiceWords),)

    def has_wake_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    @action(description=_("Repeat"), permissions=["wake"])
    def wake(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        woken = 0
        for row in rows.filter(state=QueueRow.State.PARKED):
            self.try_again(row)
            woken += 1
        text = ngettext("%(count)s row will be tried again.", "%(count)s rows will be tried again.", woken)
        self.message_user(request, text % {"count": woken}, messages.SUCCESS if woken else messages.WARNING)

    def try_again(self, row: Any) -> None:
        queues.wake(row, at=timezone.now())


class IntegrationForm(forms.ModelForm):  # type: ignore[type-arg]
    secret = SecretField(label=_("Secret key"))

    class Meta:
        model = Integration
        # The inline names them.
        fields = ()

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        if not secret and self.instance.pk is None:
            raise forms.ValidationError(_("A new integration needs its secret key."))
        return secret

    def save(self, commit: bool = True) -> Any:
        if self.cleaned_data["secret"]:
            self.instance.client_secret = self.cleaned_data["secret"]
        return super().save(commit)


class Integrations(EditedRow, StackedInline):  # type: ignore[misc]
    model = Integration
    form = IntegrationForm
    fields = (("purpose", "client_id"), ("redirect_uri", "secret"))
    extra = 0
    tab = True


class Pipelines(StackedInline):  # type: ignore[misc]
    model = Pipeline
    form = PipelineForm
    extra = 0
    tab = True
    fields = (
        ("external_id", "overdue_status"),
        ("deposit_status", "completed_status"),
        "paid_status",
        ("gated_statuses", "lost_statuses"),
    )


def _user_field(people: Mapping[int, str], stored: int | None) -> forms.TypedChoiceField:
    """A user by name; one who is unknown stays by number."""
    named = sorted(people.items(), key=lambda one: one[1].casefold())
    return forms.TypedChoiceField(
        label=COLUMNS["fallback_user"],
        choices=with_stored([("", _("— nobody —")), *named], [stored]),
        coerce=int,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    token = SecretField(label=_("Long-lived token"))
    webhook_key = SecretField(label=_("Key of the webhook address"), min_length=16, max_length=128)

    class Meta:
        model = Account
        fields = (
            "key",
            "external_id",
            "subdomain",
            "time_zone",
            "fallback_user",
            "alert_email",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = users.remembered(account=self.instance) if self.instance.pk else {}
        if people:
            self.fields["fallback_user"] = _user_field(people, self.instance.fallback_user)

    def clean_token(self) -> str:
        typed: str = self.cleaned_data["token"].removeprefix("Bearer ").strip()
        if typed and not transport.TOKEN.fullmatch(typed):
            raise forms.ValidationError(_("A token has Latin letters, digits and signs, and no spaces."))
        return typed

    def clean_webhook_key(self) -> str:
        """The form writes this column, since the page names it: left empty, what is stored stays."""
        typed: str = self.cleaned_data["webhook_key"]
        if typed and not hooks.KEY.fullmatch(typed):
            raise forms.ValidationError(
                _("A webhook key has 16 to 128 Latin letters and digits that nobody can guess.")
            )
        return typed or self.instance.webhook_key

    def save(self, commit: bool = True) -> Any:
        key = self.cleaned_data["webhook_key"]
        if key:
            self.instance.webhook_key_hash = hooks.hash_of(key)
        return super().save(commit)


@admin.register(Account)
class AccountPage(SettingsPage):
    form = AccountForm
    actions_detail = ("set_up",)
    fields = (
        ("key", "time_zone"),
        ("subdomain", "external_id"),
        ("token", "webhook_key"),
        ("connection_state", "fallback_user"),
        "alert_email",
        "deal_fields",
    )
    readonly_fields = ("connection_state", "deal_fields")
    inlines = (Integrations, Pipelines)
    list_display = ("key", "subdomain", "external_id", "connection_state")
    list_select_related = ("connection",)
    search_fields = ("key", "subdomain")
    ordering = ("key",)

    @action(description=_("Set up"), icon="build", url_path="setup", permissions=["change"])
    def set_up(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = get_object_or_404(Account, pk=object_id)
        frame = {**self.admin_site.each_context(request), "title": f"{_('Set up')}: {account}"}
        return setup_pages.show(request, account, frame, at=timezone.now())

    @admin.display(description=_("Fields of the deal"))
    def deal_fields(self, account: Account) -> SafeString:
        """They are chosen by name on the page "Set up", where amoCRM shows them."""
        known = [(SPECS[ours].name, number) for ours, number in account.fields.items() if ours in SPECS]
        lines = format_html_join(SafeString("<br>"), "{} – {}", sorted(known)) or "–"
        hint = _("They are chosen on the page “Set up”.")
        return format_html('<div>{}<p class="mt-2 text-xs">{}</p></div>', lines, hint)

    @admin.display(description=_("Connection"))
    def connection_state(self, account: Account) -> str:
        connection = Connection.objects.filter(account_id=account.pk).first()
        if connection is None:
            return str(_("not connected"))
        words = {
            Connection.State.CONNECTED: _("connected"),
            Connection.State.NEEDS_RECONNECT: _("must be connected again"),
            Connection.State.UNINSTALLED: _("uninstalled in amoCRM"),
        }[Connection.State(connection.state)]
        return f"{words}. {connection.last_error}" if connection.last_error else str(words)

    def save_model(self, request: HttpRequest, account: Account, form: Any, change: bool) -> None:
        super().save_model(request, account, form, change)
        token = form.cleaned_data["token"]
        connection, _made = Connection.objects.get_or_create(account=account)
        if token:
            # The fingerprint of the network file stays: the file's older token does not come back by itself.
            connection.access_token, connection.refresh_token, connection.expires_at = token, "", None
            connection.state, connection.last_error = Connection.State.CONNECTED, ""
            connection.checked_at = None
            connection.save()
        elif "subdomain" in form.changed_data:
            try_stored(account=account)
        if "webhook_key" in form.changed_data:
            hooks.moved(account=account)


@admin.register(Deal)
class DealPage(ReadOnlyPage):
    list_display = ("name", "external_id", "account", "contact_name", "programme", "cohort", "state")
    list_filter = ("account", ("state", ChoiceWords))
    list_select_related = ("account",)
    search_fields = ("name", "=external_id", "contact_name", "contact_email", "contact_phone")


@admin.register(OutboxRow)
class OutboxPage(QueuePage):
    actions = ("wake", "give_up")
    list_display = ("id", "kind", "deal", "state", "attempts", "created_at", "last_error")
    list_filter = (("state", ChoiceWords), ("kind", ChoiceWords), "account")
    list_select_related = ("deal", "account")
    search_fields = ("key", "=deal__external_id", "deal__name")

    def try_again(self, row: OutboxRow) -> None:
        outbox.try_again(row, at=timezone.now())

    @action(description=_("Not needed any more"), permissions=["wake"])
    def give_up(self, request: HttpRequest, rows: QuerySet[OutboxRow]) -> None:
        at = timezone.now()
        count = sum(outbox.give_up(row, at=at) for row in rows)
        text = ngettext("%(count)s row left the queue.", "%(count)s rows left the queue.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)


@admin.register(DealHint)
class DealHintPage(QueuePage):
    list_display = ("id", "lead_id", "account", "state", "attempts", "created_at", "last_error")
    list_select_related = ("account",)
    search_fields = ("=lead_id",)


@admin.register(Alert)
class AlertPage(QueuePage):
    list_display = ("created_at", "account", "kind", "text", "closed_at", "state", "last_error")
    list_filter = (("closed_at", EmptyFieldListFilter), ("kind", ChoiceWords), "account")
    list_select_related = ("account",)
