"""An opened payment link: checked, and remembered as a visit.

A link has no life of its own here, as in reality: opening it makes a visit, and only the payer's decision
makes an operation that a state query can find. Several visits may stand open for one number.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from sandbox.robokassa import operations, receipt_rules, shops, signing
from sandbox.robokassa.errors import Refused
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.robokassa import Service

COLLECTION = "robokassa.visits"
VISITS_KEPT = 5000
MAX_INV_ID = 9223372036854775807
MAX_DESCRIPTION = 100
FIRST_AUTO_NUMBER = 500000001
_ALIASES = {"MerchantLogin": "MrchLogin", "InvId": "InvoiceID", "Description": "Desc"}
_SUM = re.compile(r"\d{1,8}(\.\d{1,6})?")
_MOSCOW = ZoneInfo("Europe/Moscow")


def open_link(service: "Service", sent: Mapping[str, str]) -> Document:
    """Check a link and remember it; returns the visit. Raises Refused with a documented code.

    1. the shop, its right to take this kind of payment, the signature;
    2. sum, number, term, receipt;
    3. a real number that was paid is refused (a test number may be paid again).
    """
    given = _named(sent)
    shop = shops.find(service.sandbox.store, given.get("MerchantLogin", ""))
    if shop is None:
        raise Refused(26, "MerchantLogin")
    test = given.get("IsTest", "") == "1"
    _check_right(shop, test=test)
    _check_signature(shop, given, test=test)
    _check_services(given)
    total = _total(given)
    inv_id = _inv_id(service, shop, given)
    visit = {
        "guid": str(uuid4()),
        "login": shop["login"],
        "test": test,
        "inv_id": inv_id,
        "out_sum": str(total),
        "description": given.get("Description", "")[:MAX_DESCRIPTION],
        "email": given.get("Email", ""),
        "culture": given.get("Culture") or "ru",
        "expires_at": _term(service, given),
        "receipt": _receipt(given, total),
        "free_sale": given.get("IsWithoutFreeSale", "").lower() != "true",
        "result_url2": given.get("ResultUrl2", ""),
        "success": _way_back(shop, given, "success", "SuccessUrl2"),
        "fail": _way_back(shop, given, "fail", "FailUrl2"),
        "own": signing.own_fields(given),
        "invoice_id": None,
    }
    return remember(service, visit)


def remember(service: "Service", visit: Document) -> Document:
    """Write a visit whose number is not paid yet; raises Refused 40."""
    store = service.sandbox.store
    if not visit["test"] and operations.credited(store, visit["login"], visit["inv_id"]):
        raise Refused(40, f"InvId {visit['inv_id']}")
    visit["opened_at"] = service.sandbox.clock.now().isoformat()
    with store.transaction():
        store.put(COLLECTION, visit["guid"], visit)
        if store.next_number("robokassa.visit") % 100 == 0:
            store.keep_last(COLLECTION, VISITS_KEPT)
    return visit


def auto_number(service: "Service", login: str) -> str:
    """A number for a link without one, among those of the same shop."""
    store = service.sandbox.store
    while True:
        number = str(store.next_number(f"robokassa.inv_id.{login}", FIRST_AUTO_NUMBER))
        if not operations.of_number(store, login, number):
            return number


def _named(sent: Mapping[str, str]) -> dict[str, str]:
    """Older names of parameters become the present ones."""
    given = dict(sent)
    for name, alias in _ALIASES.items():
        if name not in given and alias in given:
            given[name] = given[alias]
    return given


def _check_right(shop: Document, *, test: bool) -> None:
    if test and not (shop["test_password1"] and shop["test_password2"]):
        raise Refused(23, "test_password1, test_password2")
    if not test and not shop["active"]:
        raise Refused(25, "IsTest")


def _check_signature(shop: Document, given: Mapping[str, str], *, test: bool) -> None:
    algorithm, password1, _ = shops.passwords(shop, test=test)
    if not given.get("OutSum"):
        raise Refused(31, "OutSum")
    if any(bool(given.get(name)) != bool(given.get(f"{name}Method")) for name in ("SuccessUrl2", "FailUrl2")):
        raise Refused(29, "SuccessUrl2, FailUrl2: адрес и метод неразделимы")
    signature = given.get("SignatureValue", "")
    texts = signing.payment_texts(given, password1)
    if not any(signing.same(signature, signing.digest(algorithm, text)) for text in texts):
        shown = texts[0].replace(f":{password1}", ":Пароль#1")
        raise Refused(29, f"{algorithm} от строки {shown}")


def _check_services(given: Mapping[str, str]) -> None:
    """Services that a shop gets only by agreement; none of these shops has one."""
    if given.get("Recurring", "").lower() == "true":
        raise Refused(34, "Recurring")
    if given.get("StepByStep"):
        raise Refused(64, "StepByStep")
    if given.get("OutSumCurrency") or given.get("Token"):
        raise Refused(41, "OutSumCurrency, Token: песочница этого не умеет")


def _total(given: Mapping[str, str]) -> Decimal:
    text = given["OutSum"]
    total = Decimal(text) if _SUM.fullmatch(text) else Decimal()
    if total <= 0 or total != total.quantize(Decimal("0.01")):
        raise Refused(31, f"OutSum {text}")
    return total.quantize(Decimal("0.01"))


def _inv_id(service: "Service", shop: Document, given: Mapping[str, str]) -> str:
    text = given.get("InvId", "") or "0"
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_INV_ID:
        raise Refused(30, f"InvId {text}")
    return str(int(text)) if int(text) else auto_number(service, shop["login"])


def _term(service: "Service", given: Mapping[str, str]) -> str | None:
    """ExpirationDate as a moment; without an offset it is taken as Moscow's time (undocumented)."""
    text = given.get("ExpirationDate", "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(41, f"ExpirationDate {text}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=_MOSCOW)
    if moment <= service.sandbox.clock.now():
        raise Refused(33, f"ExpirationDate {text}")
    return moment.isoformat()


def _receipt(given: Mapping[str, str], total: Decimal) -> Document | None:
    if not given.get("Receipt"):
        return None
    try:
        return receipt_rules.of_link(given["Receipt"], total)
    except receipt_rules.BadReceipt as bad:
        raise Refused(41, str(bad)) from None


def _way_back(shop: Document, given: Mapping[str, str], kind: str, name: str) -> dict[str, str]:
    """Where the payer is sent: the payment's own address, else the shop's."""
    url, method = given.get(name, ""), given.get(f"{name}Method", "")
    if not url:
        url, method = shop[f"{kind}_url"], shop[f"{kind}_method"]
    if method not in ("GET", "POST"):
        raise Refused(29, f"{name}Method")
    return {"url": url if urlsplit(url).scheme in ("http", "https") else "", "method": method}
