"""Looking things up: `/payments/get|find|list`, `/v2/payments/find|list`, `/payments/tokens/list`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.cloudpayments import payments, reasons, wire
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.cloudpayments import Service

PAGE_SIZE = 100
STATUSES = ("Authorized", "Completed", "Cancelled", "Declined")
# Keys that rows of a list have beyond the single model.
_LIST_KEYS = {"IsLocalOrder": False, "HideInvoiceId": False, "Gateway": 0, "MasterPass": False}


def get(service: "Service", site: Document, given: wire.Parameters) -> Document:
    return _found(payments.own(service, site, given.number("TransactionId")))


def find(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """The last payment with this InvoiceId."""
    return _last(service, site, given, ("Payment",))


def find_v2(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """The last operation with this InvoiceId, refunds too."""
    return _last(service, site, given, ("Payment", "Refund"))


def list_day(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """Everything registered on one day of the given time zone."""
    day, zone = given.day("Date"), given.zone()
    rows = [row for row in _rows(service, site) if _created(row).astimezone(zone).date() == day]
    return wire.envelope([payments.model(row) | _LIST_KEYS for row in rows])


def list_v2(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """Created between two moments, oldest first, a hundred on a page, without a total."""
    zone = given.zone()
    start, end = given.moment("CreatedDateGte", zone), given.moment("CreatedDateLte", zone)
    statuses = given.raw("Statuses") or list(STATUSES)
    if not isinstance(statuses, list) or not set(statuses) <= set(STATUSES):
        raise wire.Refused("Invalid Statuses value")
    rows = [
        row for row in _rows(service, site) if start <= _created(row) <= end and row["status"] in statuses
    ]
    return wire.envelope([payments.model(row) | _LIST_KEYS for row in _page(rows, given)])


def list_tokens(service: "Service", site: Document, given: wire.Parameters) -> Document:
    rows = [
        row for row in service.sandbox.store.all(payments.TOKENS) if row["public_id"] == site["public_id"]
    ]
    return wire.envelope([_token(row) for row in _page(rows, given)])


def _page(rows: list[Document], given: wire.Parameters) -> list[Document]:
    page = given.number("PageNumber")
    if page < 1:
        raise wire.Refused("Invalid PageNumber value")
    return rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def _rows(service: "Service", site: Document) -> list[Document]:
    rows = [
        row for row in service.sandbox.store.all(payments.COLLECTION) if row["public_id"] == site["public_id"]
    ]
    return sorted(rows, key=lambda row: (_created(row), row["id"]))


def _last(
    service: "Service", site: Document, given: wire.Parameters, operations: tuple[str, ...]
) -> Document:
    invoice_id = given.required("InvoiceId")
    rows = [
        row
        for row in _rows(service, site)
        if row["invoice_id"] == invoice_id and row["operation"] in operations
    ]
    if not rows:
        raise wire.Refused("Not found")
    return _found(rows[-1])


def _found(row: Document) -> Document:
    """A declined transaction comes with its Model but Success false, as in the documented samples."""
    return wire.envelope(payments.model(row), success=row["reason_code"] == reasons.APPROVED)


def _created(row: Document) -> datetime:
    return datetime.fromisoformat(row["created_at"]).astimezone(UTC)


def _token(row: Document) -> Document:
    number, (month, year) = row["number"], row["expires"].split("/")
    return {
        "Token": row["token"],
        "AccountId": row["account_id"],
        "CardMask": f"{number[:4]} {number[4:6]}****** {number[-4:]}",
        "ExpirationDateMonth": int(month),
        "ExpirationDateYear": 2000 + int(year),
    }
