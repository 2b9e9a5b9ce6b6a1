"""Merchant accounts: settings are plain fields, secrets are written and never shown, keys can be tried."""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from billing import credentials, shops
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.admin.parts.page import LookedAtPage
from billing.models import MerchantAccount
from billing.network_file import kinds
from billing.network_file.entities import SECRETS, SETTINGS
from billing.network_file.entity_checks import PROVIDER_KEYS
from crm.panel import SecretField

ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512", "ripemd160")
# Fields of the form that are not the name of a setting: both providers have `receipts`, of different kinds.
RENAMED = {"cloud_receipts": "receipts", "robokassa_receipts": "receipts"}
CLOUDPAYMENTS = ("public_id", "cloud_receipts", "cash_receipts", "api_secret", "api_secret_previous")
ROBOKASSA = (
    "login",
    "algorithm",
    "robokassa_receipts",
    "inv_id_from",
    "orders",
    "certificate",
    "password1",
    "password2",
    "password3",
    "test",
    "test_password1",
    "test_password2",
)
OF_PROVIDER = {"cloudpayments": CLOUDPAYMENTS, "robokassa": ROBOKASSA}


def _line(label: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=255, widget=UnfoldAdminTextInputWidget())


def _switch(label: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanSwitchWidget())


class MerchantForm(forms.ModelForm):  # type: ignore[type-arg]
    public_id = _line(_("Public ID"))
    cloud_receipts = _switch(_("Receipts through CloudKassir"))
    cash_receipts = _switch(_("CloudKassir confirmed receipts for cash"))
    api_secret = SecretField(label=_("API secret"))
    api_secret_previous = SecretField(label=_("Previous API secret, while it is rotated"))
    login = _line(_("Shop's login"))
    algorithm = forms.ChoiceField(
        label=_("Hash algorithm"),
        required=False,
        choices=[(name, name.upper()) for name in ALGORITHMS],
        widget=UnfoldAdminSelectWidget(),
    )
    robokassa_receipts = forms.ChoiceField(
        label=_("Receipts"),
        required=False,
        choices=[("order", _("With the payment")), ("none", _("None"))],
        widget=UnfoldAdminSelectWidget(),
    )
    inv_id_from = forms.IntegerField(
        label=_("Our numbers start at"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    orders = forms.ChoiceField(
        label=_("An order is"),
        required=False,
        choices=[("link", _("A signed address")), ("invoice", _("An invoice that can be taken back"))],
        widget=UnfoldAdminSelectWidget(),
    )
    certificate = forms.CharField(
        label=_("Robokassa's certificate for signed notices"),
        help_text=_("The file jwtsign.cer of its documentation as PEM text. Empty: no signed notices."),
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    password1 = SecretField(label=_("Password 1"))
    password2 = SecretField(label=_("Password 2"))
    password3 = SecretField(label=_("Password 3, for refunds"))
    test = _switch(_("Test mode"))
    test_password1 = SecretField(label=_("Test password 1"))
    test_password2 = SecretField(label=_("Test password 2"))

    class Meta:
        model = MerchantAccount
        fields = ("key", "legal_entity", "provider", "other_orders")
        help_texts: ClassVar = {
            "other_orders": _(
                "refuse: nobody else sells by this shop; accept: another program does too; "
                "an address: its notices go there."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.instance.provider if self.instance.pk else None
        for name in (*CLOUDPAYMENTS, *ROBOKASSA):
            if name not in SECRETS:
                settings = {key: value for each in SETTINGS.values() for key, value in each.items()}
                if provider and name in OF_PROVIDER[provider]:
                    settings = self.instance.settings
                elif name in RENAMED:
                    settings = SETTINGS["cloudpayments" if name in CLOUDPAYMENTS else "robokassa"]
                self.initial.setdefault(name, settings.get(RENAMED.get(name, name)))
        if provider:
            # An account never changes its provider or its legal entity: money may refer to both.
            for name in {"key", "provider", "legal_entity"} & self.fields.keys():
                self.fields[name].disabled = True

    def clean_other_orders(self) -> str:
        try:
            return kinds.other_orders(self.cleaned_data["other_orders"])
        except kinds.Wrong as error:
            raise forms.ValidationError(str(error)) from error

    def clean_certificate(self) -> str:
        text = self.cleaned_data["certificate"]
        try:
            return kinds.certificate(text) if text.strip() else ""
        except kinds.Wrong as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._must_be_new()
        stored = json.loads(self.instance.secrets_json)
        needed, _optional = PROVIDER_KEYS.get(cleaned.get("provider", ""), ((), ()))
        for name in needed:
            if not cleaned.get(name) and not (name in SECRETS and stored.get(name)):
                self.add_error(name, _("This provider needs it."))
        return cleaned

    def _must_be_new(self) -> None:
        """A shop has one home: its numbers are counted and its notices arrive in one place."""
        cleaned = self.cleaned_data
        name = {"robokassa": "login", "cloudpayments": "public_id"}.get(cleaned.get("provider", ""), "")
        other = shops.registered(provider=cleaned.get("provider", ""), name=cleaned.get(name) or "")
        if other is not None and other.pk != self.instance.pk:
            where = {"key": other.key, "entity": other.legal_entity.name}
            self.add_error(name, _("This shop is registered already: %(key)s of %(entity)s.") % where)

    def save(self, commit: bool = True) -> Any:
        merchant, cleaned = self.instance, self.cleaned_data
        secrets, settings = json.loads(merchant.secrets_json), dict(merchant.settings)
        for name in OF_PROVIDER[cleaned["provider"]]:
            if name in SECRETS:
                secrets |= {name: cleaned[name]} if cleaned[name] else {}
            else:
                settings[RENAMED.get(name, name)] = cleaned[name]
        merchant.settings = {key: value for key, value in settings.items() if value not in (None, "")}
        merchant.secrets_json = json.dumps(secrets, sort_keys=True)
        return super().save(commit)


@admin.register(MerchantAccount)
class MerchantPage(LookedAtPage):
    form = MerchantForm
    actions_detail = ("try_keys",)
    list_display = ("key", "legal_entity", "provider", "other_orders")
    list_select_related = ("legal_entity",)
    list_filter = ("provider",)
    search_fields = ("key", "legal_entity__name", "legal_entity__inn")
    ordering = ("key",)
    readonly_fields = ("addresses",)

    @admin.display(description=_("Enter at the provider"))
    def addresses(self, merchant: MerchantAccount) -> str:
        lines = ((name, address) for name, address in shops.addresses(merchant=merchant).items())
        return format_html_join("", "<p>{}<br><code>{}</code></p>", lines)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        common = (None, {"fields": (("key", "legal_entity"), ("provider", "other_orders"))})
        cloudpayments = ("CloudPayments", {"fields": CLOUDPAYMENTS})
        robokassa = (_("Robokassa"), {"fields": ROBOKASSA})
        if obj is None:
            return (common, cloudpayments, robokassa)
        addresses = (_("Addresses"), {"fields": ("addresses",)})
        own = cloudpayments if obj.provider == "cloudpayments" else robokassa
        return self.shut(request, obj, (common, addresses, own))

    @action(description=_("Try the keys"), icon="key", url_path="try-keys", permissions=["view"])
    def try_keys(self, request: HttpRequest, object_id: int) -> HttpResponse:
        merchant = get_object_or_404(MerchantAccount, pk=object_id)
        result = credentials.check_merchant(merchant=merchant)
        self.message_user(request, result.words, messages.SUCCESS if result.works else messages.ERROR)
        warning = credentials.shared(merchant=merchant, at=timezone.now()) if result.works else ""
        if warning:
            self.message_user(request, warning, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:billing_merchantaccount_change", args=[object_id]))
