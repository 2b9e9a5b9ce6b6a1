"""Doors of the OAuth connection: where amoCRM sends a browser back, and its call after an uninstall.

amoCRM's own server calls the callback too, with `from_widget` and without a state, when a widget is
installed. Such a call can be forged, which is harmless: the account comes from what amoCRM says about the new
token.
"""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from crm import grants, site_button
from crm.client import Refused, Unauthorized, Unavailable
from crm.models import Integration


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """The redirect after an administrator gave access or refused it: connect the account."""
    query = request.GET
    if "error" in query:
        return _page(request, 200, _("Access was not given"), _("You can close this window and try again."))
    state, referer = query.get("state", ""), query.get("referer", "").lower()
    integration = None
    if query.get("code") and (state or "from_widget" in query):
        integration = grants.integration_of(
            state=state, client_id=query.get("client_id", ""), referer=referer
        )
    if integration is None:
        text = _("Open the connection from the settings once more: this link is out of date or not ours.")
        return _page(request, 400, _("This link cannot be used"), text)
    return _connect(request, integration, query["code"], referer)


@csrf_exempt
@require_POST
def secrets(request: HttpRequest) -> HttpResponse:
    """amoCRM's server tells the secret of the integration that the site button made (crm.site_button)."""
    try:
        site_button.take(site_button.parse(request.body))
    except site_button.Forged:
        return HttpResponse("forbidden", status=403, content_type="text/plain")
    except (site_button.Unreadable, UnreadablePostError):
        return HttpResponse("cannot be read", status=400, content_type="text/plain")
    except (RequestDataTooBig, TooManyFieldsSent):
        return HttpResponse("too long", status=413, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def uninstalled(request: HttpRequest) -> HttpResponse:
    """amoCRM's signed call when an integration is removed from an account."""
    query = request.GET
    client_id = (query.get("client_uuid") or query.get("client_id") or "").replace("\x00", "")
    integration = Integration.objects.select_related("account").filter(client_id=client_id).first()
    account_id, signature = query.get("account_id", ""), query.get("signature", "")
    if integration is None or not grants.signed_by(integration, account_id=account_id, signature=signature):
        return HttpResponse("forbidden", status=403, content_type="text/plain")
    grants.uninstalled(integration=integration, at=timezone.now())
    return HttpResponse("ok", content_type="text/plain")


def _connect(request: HttpRequest, integration: Integration, code: str, referer: str) -> HttpResponse:
    try:
        account = grants.connect(integration=integration, code=code, referer=referer, at=timezone.now())
    except grants.NotAmocrm:
        return _page(request, 400, _("This link cannot be used"), _("The address does not belong to amoCRM."))
    except grants.ForeignAccount:
        site_button.give_back(state=request.GET.get("state", ""), integration=integration)
        text = _("Access was given to another amoCRM account. Choose the right account and try again.")
        return _page(request, 403, _("Not this account"), text)
    except (Refused, Unauthorized):
        text = _("amoCRM did not accept the code. Codes live for 20 minutes: connect once more.")
        return _page(request, 400, _("The code is out of date"), text)
    except Unavailable:
        text = _("amoCRM does not answer now. Connect once more in a few minutes.")
        return _page(request, 503, _("amoCRM does not answer"), text)
    text = _("Account %(subdomain)s is connected. You can close this window.") % {
        "subdomain": account.subdomain
    }
    return _page(request, 200, _("amoCRM is connected"), text)


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    response = render(request, "crm/message.html", {"title": title, "text": text}, status=status)
    response["Referrer-Policy"] = "no-referrer"
    return response
