"""Billing rules of an account: mode, hours, tasks, all as plain fields (billing.admin.policy_parts)."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.admin import policy_parts as parts
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.admin.parts.field import PartField, PartForm
from billing.admin.parts.page import LookedAtPage
from billing.admin.parts.seen import SeenForm
from billing.admin.policy_texts import TEXTS
from billing.models import AccountPolicy, SmsGateway
from billing.network_file import checks, nodes
from billing.network_file.nodes import Problem
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
# Plain columns by their path in the network file.
SCALARS = {"issue.days_before": "issue_days_before", "grace_days": "grace_days", "salesbot_id": "salesbot_id"}


class PolicyForm(SeenForm, PartForm):
    reminders = PartField(parts.REMINDERS, ACCOUNT.keys["reminders"])
    cohort_reminders = PartField(parts.COHORT_REMINDERS, ACCOUNT.keys["cohort_reminders"])
    overdue_task = PartField(parts.OVERDUE_TASK, ACCOUNT.keys["overdue_task"])
    escalation = PartField(parts.ESCALATION, ACCOUNT.keys["escalation"])
    late_fee = PartField(parts.LATE_FEE, ACCOUNT.keys["late_fee"])
    payer_page = PartField(parts.PAYER_PAGE, ACCOUNT.keys["payer_page"])
    texts = PartField(TEXTS, ACCOUNT.keys["texts"])
    cohorts = PartField(parts.COHORTS, ACCOUNT.keys["cohorts"])
    rendered = PartField(parts.RENDERED, ACCOUNT.keys["rendered"])
    admin_only = PartField(parts.ADMIN_ONLY, ACCOUNT.keys["admin_only"])

    class Meta:
        model = AccountPolicy
        fields = "__all__"
        help_texts: ClassVar = {
            "issue_days_before": _("0: on the due date itself."),
            "starts_on": _("For schedules that were brought from another system."),
            "grace_days": _("They delay the task, the stage and the reminders; figures do not wait."),
            "salesbot_id": _("Number of the bot in amoCRM that sends reminders."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may only look has no fields at all.
        if "grace_days" in self.fields:
            self.fields["grace_days"].required = False
        if self.instance.pk and "account" in self.fields:
            self.fields["account"].disabled = True

    def clean_grace_days(self) -> int:
        return self.cleaned_data["grace_days"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for problem in list(self._problems(cleaned)):
            if name := SCALARS.get(problem.path):
                # What was not read at all has its own reason; the reader saw nothing there.
                if name not in self.errors:
                    self.add_error(name, problem.reason)
            elif found := re.fullmatch(r"([a-z_]+)\.?(.*)", problem.path):
                self.add_fault(found[1], found[2], problem.reason)
        return cleaned

    def _problems(self, cleaned: dict[str, Any]) -> Iterator[Problem]:
        """What the network file's reader says of the plain columns, and of the rules taken together."""
        given = {name: cleaned.get(name) for name in ("grace_days", "salesbot_id")}
        given |= {name: cleaned.get(name) for name in checks.RULES}
        given["issue"] = {"days_before": cleaned.get("issue_days_before")}
        account = cleaned.get("account")
        if account:
            given["pipelines"] = [
                {
                    "id": row.external_id,
                    "completed_status": row.completed_status,
                    "paid_status": row.paid_status,
                }
                for row in account.pipelines.all()
            ]
        found: list[Problem] = []
        entry = ACCOUNT.read(nodes.of({key: value for key, value in given.items() if value}), "", found)
        yield from (problem for problem in found if problem.path in SCALARS)
        yield from checks.rules(entry)


@admin.register(AccountPolicy)
class PolicyPage(LookedAtPage):
    form = PolicyForm
    change_form_after_template = "admin/billing/parts/seen.html"
    list_display = ("account", "mode", "legal_entity", "issue_at", "issue_days_before")
    list_select_related = ("account", "legal_entity")
    ordering = ("account__key",)
    fieldsets = (
        (None, {"fields": (("account", "mode"), ("legal_entity", "starts_on"))}),
        (_("Invoices"), {"fields": (("issue_at", "issue_days_before"), "issuing_stopped")}),
        (_("Reminders"), {"fields": ("reminders", "cohort_reminders", "salesbot_id")}),
        (_("Overdue"), {"fields": ("grace_days", "overdue_task", "escalation", "late_fee")}),
        (_("The payer's page"), {"fields": ("payer_page",)}),
        (_("Messages"), {"fields": ("texts",)}),
        (_("Service rendered"), {"fields": ("cohorts", "rendered")}),
        (_("Rights"), {"fields": ("admin_only",)}),
    )


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
