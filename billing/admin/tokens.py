"""Keys of other programs to the API: made here, shown once, kept as a hash, revoked by a button."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import api_tokens
from billing.models import ApiToken
from crm.admin import COLUMNS
from crm.panel import SettingsPage, name_tables

name_tables(
    {ApiToken: (_("API token"), _("API tokens"))},
    {
        **COLUMNS,
        "name": _("What it is for"),
        "created_by": _("Made by"),
        "used_at": _("Last used"),
        "revoked_at": _("Revoked"),
        "hash": _("Fingerprint"),
    },
    {},
)


@admin.register(ApiToken)
class ApiTokenPage(SettingsPage):
    actions = ("revoke",)
    fields = ("name", "account")
    list_display = ("name", "account", "created_at", "created_by", "used_at", "revoked_at")
    list_select_related = ("account",)
    hidden = ("hash",)
    ordering = ("-id",)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        # What a key opens is settled when it is made.
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, token: ApiToken, form: Any, change: bool) -> None:
        author = request.user.get_username()
        made, key = api_tokens.make(name=token.name, account=token.account, author=author, at=timezone.now())
        token.pk = made.pk
        text = gettext("The key, shown only now: %(key)s")
        self.message_user(request, text % {"key": key}, messages.WARNING)

    @action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        api_tokens.revoke(rows=rows, at=timezone.now())
        self.message_user(request, gettext("The keys open nothing any more."), messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_apitoken")
