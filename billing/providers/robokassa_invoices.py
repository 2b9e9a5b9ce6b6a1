"""Robokassa's Invoice API: an address that lives there and can be taken back (facts: "Invoice API").

Every logical answer is HTTP 200 and `isSuccess` tells. Nothing protects against making an invoice twice, so
after silence the list is asked for its number.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.providers import robokassa_receipts, robokassa_tokens, wire
from billing.providers.base import CreatedOrder, OrderRequest, Refused, Unknown

API = "InvoiceServiceWebApi/api"
PAGE_ROWS, PAGES_MAX = 100, 50


class Invoices:
    """The invoices of one shop."""

    def __init__(self, *, url: str, login: str, password: str, algorithm: str) -> None:
        self._url = url
        self._login = login
        self._password = password
        self._algorithm = algorithm

    def create(self, request: OrderRequest, *, fields: Mapping[str, str], timeout: float) -> CreatedOrder:
        """Make the invoice; `fields` are those that a link would carry."""
        said = self._ask("CreateInvoice", _payload(request, fields), timeout=timeout)
        url = str(said.get("url") or "")
        if not url.startswith(("https://", "http://")):
            raise Unknown("an answer of an unknown shape", call="CreateInvoice", status=200)
        return CreatedOrder(external_id=request.number, url=url)

    def deactivate(self, *, number: str, timeout: float) -> None:
        self._ask("DeactivateInvoice", {"InvId": int(number)}, timeout=timeout)

    def find(self, *, number: str, created_on: date, timeout: float) -> CreatedOrder | None:
        """Look for an invoice by its number among those of the days around its making."""
        for page in range(1, PAGES_MAX + 1):
            rows = self._page(page, created_on, timeout=timeout)
            for row in rows:
                if str(row.get("invId")) == number:
                    return CreatedOrder(external_id=number, url=str(row["invoicePaymentUrl"]))
            if len(rows) < PAGE_ROWS:
                return None
        raise Unknown("the list has no end", call="GetInvoiceInformationList")

    def _page(self, page: int, created_on: date, *, timeout: float) -> list[Mapping[str, Any]]:
        asked = {
            "CurrentPage": page,
            "PageSize": PAGE_ROWS,
            "InvoiceStatuses": ["paid", "expired", "notpaid"],
            "InvoiceTypes": ["onetime"],
            "DateFrom": f"{created_on - timedelta(days=1)}T00:00:00+03:00",
            "DateTo": f"{created_on + timedelta(days=2)}T00:00:00+03:00",
        }
        said = self._ask("GetInvoiceInformationList", asked, timeout=timeout)
        rows = said.get("invoiceInformationList")
        if not isinstance(rows, list):
            raise Unknown("an answer of an unknown shape", call="GetInvoiceInformationList", status=200)
        return rows

    def _ask(self, call: str, payload: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        body = robokassa_tokens.invoice(
            {"MerchantLogin": self._login, **payload},
            login=self._login,
            password=self._password,
            algorithm=self._algorithm,
        )
        said = wire.post_text(f"{self._url}/{API}/{call}", body, call=call, timeout=timeout)
        if said.get("isSuccess") is True:
            return said
        if said.get("isSuccess") is False:
            raise Refused(str(said.get("message") or "declined")[:200], call=call, status=200)
        raise Unknown("an answer of an unknown shape", call=call, status=200)


def _payload(request: OrderRequest, fields: Mapping[str, str]) -> dict[str, Any]:
    """What a link says, in the words of this service; sums are numbers here."""
    more = {"Email": request.email, "ResultURL2": fields.get("ResultUrl2", "")}
    payload: dict[str, Any] = {
        "InvoiceType": "OneTime",
        "Culture": "ru",
        "InvId": int(request.number),
        "OutSum": Decimal(f"{request.amount:.2f}"),
        "Description": fields["Description"],
        "InvoiceItems": robokassa_receipts.items(request.receipt) if request.receipt else [],
        "IsWithoutFreeSale": fields.get("IsWithoutFreeSale") == "true",
        "SuccessUrl2Data": _way_back(request.success_url),
        "FailUrl2Data": _way_back(request.fail_url),
        "ExpirationDate": fields.get("ExpirationDate", ""),
        "AdditionalParameters": {name: value for name, value in more.items() if value},
    }
    return {name: value for name, value in payload.items() if value not in ("", [], {}, False)}


def _way_back(url: str) -> dict[str, str]:
    return {"Url": url, "Method": "GET"} if url else {}
