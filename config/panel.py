"""The frame of the admin panel: its name, its sections, and the one looser rule that its script needs."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

PREFIX = "/admin/"


class PanelPolicy:
    """Unfold's pages compile expressions in the browser; no other page of ours may. Stands below
    CSPMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith(PREFIX):
            more = getattr(response, "panel_scripts", [])
            response._csp_update = {"script-src": [SELF, UNSAFE_EVAL, *more]}  # type: ignore[attr-defined]
        return response


def _link(title: Any, icon: str, model: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


def _list(title: Any, icon: str, model: str, query: str) -> dict[str, Any]:
    """A work list: a table as a filter shows it."""
    return {
        "title": title,
        "icon": icon,
        "link": lambda _request: f"{reverse(f'admin:{model}_changelist')}?{query}",
    }


UNFOLD = {
    "SITE_TITLE": "Grafik",
    "SITE_HEADER": "Grafik",
    "SITE_SUBHEADER": _("Payment schedules and receipts"),
    "SITE_SYMBOL": "calendar_month",
    "SITE_URL": None,
    # A word beside the name of every page while something is wrong with a connection.
    "ENVIRONMENT": "billing.admin.alarm.alarm",
    # What waits for a person; billing names the page's template.
    "DASHBOARD_CALLBACK": "billing.admin.front.front",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": _("Network"),
                "items": [
                    _link(_("Legal entities"), "apartment", "billing_legalentity"),
                    _link(_("Merchant accounts"), "credit_card", "billing_merchantaccount"),
                    _link(_("Locations"), "location_on", "billing_location"),
                    _link(_("Accounts of amoCRM"), "hub", "crm_account"),
                    {
                        "title": _("Widget for amoCRM"),
                        "icon": "extension",
                        "link": reverse_lazy("widget_zip"),
                    },
                    _link(_("Billing rules"), "tune", "billing_accountpolicy"),
                    _link(_("Products"), "school", "billing_product"),
                    _link(_("Schedule templates"), "event_repeat", "billing_scheduletemplate"),
                    _link(_("Production calendar"), "event_busy", "billing_calendaryear"),
                ],
            },
            {
                "title": _("Money"),
                "separator": True,
                "items": [
                    _link(_("Deals"), "handshake", "crm_deal"),
                    _link(_("Schedules"), "calendar_month", "billing_schedule"),
                    _link(_("Payments"), "payments", "billing_payment"),
                    _link(_("Debtors"), "person_alert", "billing_overdueflag"),
                    _list(
                        _("Transfers to be found"), "search", "billing_transferclaim", "closed_at__isempty=1"
                    ),
                    _link(_("Money without a deal"), "help_center", "billing_unplacedmoney"),
                    _link(_("Refunds"), "undo", "billing_refund"),
                    _link(_("Refunds asked for"), "assignment_return", "billing_refundorder"),
                    _link(_("Invoices"), "request_quote", "billing_invoice"),
                    _link(_("Receipts"), "receipt_long", "billing_receipt"),
                    _list(_("Money without a receipt"), "receipt_long_off", "billing_receipt", "open=yes"),
                    _link(_("Rendered services"), "event_available", "billing_rendering"),
                    _link(_("Acts"), "task", "billing_act"),
                    _list(
                        _("Prepayments not closed"), "pending_actions", "billing_payment", "prepayment=due"
                    ),
                    _list(_("Differences"), "difference", "billing_difference", "state__exact=open"),
                    _link(_("Reconciliations"), "compare_arrows", "billing_reconciliation"),
                    _link(_("Provider orders"), "shopping_cart_checkout", "billing_providerorder"),
                ],
            },
            {
                "title": _("Queues"),
                "separator": True,
                "items": [
                    _link(_("Provider notices"), "notifications", "billing_notice"),
                    _link(_("Refused notices"), "gpp_bad", "billing_refusednotice"),
                    _link(_("Calls to providers"), "call_made", "billing_providercall"),
                    _link(_("Messages to payers"), "mail", "billing_message"),
                    _link(_("SMS gateways"), "sms", "billing_smsgateway"),
                    _link(_("Changes for amoCRM"), "sync", "crm_outboxrow"),
                    _link(_("Deals to be read again"), "refresh", "crm_dealhint"),
                    _link(_("Lost deals that owe"), "help", "billing_lostdeal"),
                    _link(_("Requests of pipelines"), "conversion_path", "billing_crmrequest"),
                    _link(_("Alerts"), "warning", "crm_alert"),
                    _link(_("Workbooks"), "table_view", "analytics_export"),
                ],
            },
            {
                "title": _("Access"),
                "separator": True,
                "items": [
                    _link(_("People"), "person", "auth_user"),
                    _link(_("API keys"), "key", "billing_apitoken"),
                ],
            },
        ],
    },
}
