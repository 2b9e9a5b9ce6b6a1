"""Billing rules of an account: mode, hours, reminders, tasks."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing import texts
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.admin.json_fields import ShapedField
from billing.models import AccountPolicy, SmsGateway
from billing.network_file.schema import ACCOUNT
from crm.panel import SecretField, SettingsPage, name_tables

name_tables(
    {SmsGateway: (_("SMS gateway"), _("SMS gateways"))},
    {
        "account": _("Account"),
        "kind": _("Gateway"),
        "login": _("Login"),
        "password": _("Password"),
        "sender": _("Name of the sender"),
    },
    {},
)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    reminders = ShapedField(
        ACCOUNT.keys["reminders"],
        label=_("Reminders: days from the due date and channels"),
        example=[{"days": -3, "channels": ["email"]}, {"days": 1, "channels": ["email"]}],
        empty=[],
    )
    overdue_task = ShapedField(
        ACCOUNT.keys["overdue_task"],
        label=_("Task for an overdue payment"),
        example={"type": 1, "responsible": "deal"},
        empty={},
    )
    late_fee = ShapedField(
        ACCOUNT.keys["late_fee"],
        label=_("Late fee by contract; empty: none is charged"),
        example={"daily_percent": "0.1", "cap_percent": "10", "grace_days": 3, "from": "2026-12-01"},
        empty={},
    )
    cohorts = ShapedField(
        ACCOUNT.keys["cohorts"],
        label=_("Cohorts: when the service is rendered"),
        example=[
            {"cohort": "Поток 12", "starts_on": "2026-10-01", "ends_on": "2027-01-31", "rendered": "monthly"}
        ],
        empty=[],
    )

    rendered = ShapedField(
        ACCOUNT.keys["rendered"],
        label=_("What says by itself that the service was rendered; empty: a person"),
        example={"by": "service_day", "from": "2026-12-01"},
        empty={},
    )

    admin_only = ShapedField(
        ACCOUNT.keys["admin_only"],
        label=_("Only administrators of amoCRM may"),
        example=["refund", "cancel", "offline_payment", "write_off", "move"],
        empty=[],
    )

    cohort_reminders = ShapedField(
        ACCOUNT.keys["cohort_reminders"],
        label=_("Cohorts with reminders of their own"),
        example=[{"cohort": "Поток 12", "reminders": [{"days": 1, "channels": ["email"]}]}],
        empty=[],
    )
    escalation = ShapedField(
        ACCOUNT.keys["escalation"],
        label=_("Task for the head: days after the due date; empty: none"),
        example={"days": 7, "responsible": 8100001},
        empty={},
    )
    payer_page = ShapedField(
        ACCOUNT.keys["payer_page"],
        label=_("What the payer may do on his page"),
        example={"own_sum": True, "promise_days": 7, "move_days": 14, "moves": 1, "grants": False},
        empty={},
    )

    texts = ShapedField(
        ACCOUNT.keys["texts"],
        label=_("Texts of messages; empty: the built-in ones"),
        example={"reminder": {"subject": "До {day}: {amount}", "text": "{name}, скоро платёж {amount}."}},
        empty={},
    )

    class Meta:
        model = AccountPolicy
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grace_days"].required = False
        if self.instance.pk:
            self.fields["account"].disabled = True

    def clean_grace_days(self) -> int:
        return self.cleaned_data["grace_days"] or 0


@admin.register(AccountPolicy)
class PolicyPage(SettingsPage):
    form = PolicyForm
    readonly_fields = ("texts_preview",)
    list_display = ("account", "mode", "legal_entity", "issue_at", "issue_days_before")
    list_select_related = ("account", "legal_entity")
    ordering = ("account__key",)
    fields = (
        ("account", "mode"),
        ("legal_entity", "starts_on"),
        ("issue_at", "issue_days_before"),
        "reminders",
        "cohort_reminders",
        ("grace_days", "issuing_stopped"),
        ("overdue_task", "salesbot_id"),
        "escalation",
        "payer_page",
        "texts",
        "texts_preview",
        "late_fee",
        "cohorts",
        "rendered",
        "admin_only",
    )

    @admin.display(description=_("The texts as a payer reads them"))
    def texts_preview(self, policy: AccountPolicy) -> SafeString:
        return format_html_join(
            "", '<p><b>{}</b> · {}</p><p class="mb-4">{}</p>', texts.preview(policy)
        ) or SafeString("–")


class GatewayForm(forms.ModelForm):  # type: ignore[type-arg]
    password = SecretField(label=_("Password"))

    class Meta:
        model = SmsGateway
        fields = "__all__"

    def clean_password(self) -> str:
        typed: str = self.cleaned_data["password"] or self.instance.password
        if not typed:
            raise forms.ValidationError(_("This field may not be empty."))
        return typed


@admin.register(SmsGateway)
class GatewayPage(SettingsPage):
    """The account's SMS gateway; the password never comes back in a page."""

    form = GatewayForm
    list_display = ("account", "kind", "login", "sender")
    list_select_related = ("account",)
    fields = ("account", "kind", "login", "password", "sender")
