"""Robokassa: addresses to pay at, two kinds of notices, the state of an operation, refunds, second receipts.

By default making an order calls nobody: the order is an address that says everything, signed. Nothing exists
there until a payer confirms it, so an address cannot be revoked; it ends by its date or by being paid. Where
the shop is set to `orders: invoice`, the order is an invoice that lives there and can be taken back. Money of
a number comes once: a second payment of it is refused or sent back there.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from billing.providers import (
    robokassa_notices,
    robokassa_receipts,
    robokassa_refunds,
    robokassa_state,
    wire,
)
from billing.providers import robokassa_signing as signing
from billing.providers.base import (
    Answer,
    CreatedOrder,
    Delivery,
    FollowedReceipt,
    FollowedRefund,
    Forged,
    NoticeKind,
    NoticeRead,
    NotSent,
    Operation,
    OrderRequest,
    Provider,
    RefundRequest,
    Refused,
    SecondReceiptRequest,
    SentReceipt,
    Shop,
    Unknown,
    Unsupported,
    Verdict,
)
from billing.providers.robokassa_fiscal import WRONG_SIGNATURE, SecondReceipts
from billing.providers.robokassa_invoices import Invoices

BUSINESS_ZONE = ZoneInfo("Europe/Moscow")
# Numbers of the cabinet's own invoices are small ones.
FIRST_NUMBER = 10_000_000
DESCRIPTION_MAX = 100
# Longer addresses do not pass every server; the names are cut until they do.
LINK_MAX = 2000
NAME_LENGTHS = (128, 96, 64, 48, 32)
REFUSALS = {Verdict.FORGED: 403, Verdict.MALFORMED: 400, Verdict.NOT_STORED: 503}
_UNWELCOME = re.compile(r"[^\w\s.,:;!?()«»\"'№%+/&@\-–—]")


class Robokassa(Provider):
    """One shop. settings {login, algorithm, test, receipts, orders, certificate, inv_id_from}; secrets are
    passwords 1 to 3 and the test pair.

    `certificate` (PEM) is Robokassa's own: with it every order asks for the second, signed notice.
    """

    name = "robokassa"
    # An address cannot be cancelled, so it ends by itself: the payer's own link makes another one.
    order_lives = timedelta(days=1)
    second_receipts = 1

    def __init__(self, shop: Shop, *, url: str, services_url: str = "", fiscal_url: str = "") -> None:
        settings: Mapping[str, Any] = shop.settings
        secrets: Mapping[str, str] = json.loads(shop.secrets_json)
        self._url = url
        self._login: str = settings["login"]
        self._algorithm: str = settings.get("algorithm") or "md5"
        self._test = bool(settings.get("test"))
        self._fiscal = settings.get("receipts", "order") == "order"
        self._first_number = int(settings.get("inv_id_from") or FIRST_NUMBER)
        kind = "test_" if self._test else ""
        self._password1 = secrets.get(f"{kind}password1") or ""
        self._password2 = secrets.get("password2") or ""
        self._test_password2 = (secrets.get("test_password2") or "") if self._test else ""
        self._password3 = secrets.get("password3") or ""
        self._certificate: str = settings.get("certificate") or ""
        self._services_url = services_url or url
        self.prints_refund_receipt = self._fiscal
        # Test payments are never given back.
        self.gives_back = bool(self._password3) and not self._test
        signer = {"login": self._login, "password": self._password1, "algorithm": self._algorithm}
        # The services know no test payments, so a shop in test mode goes by links.
        by_invoice = settings.get("orders") == "invoice" and not self._test
        self._invoices = Invoices(url=self._services_url, **signer) if by_invoice else None
        self.finds_orders = by_invoice
        self._second_receipts = SecondReceipts(url=fiscal_url or url, **signer)

    @property
    def first_number(self) -> int:
        return self._first_number

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        """The signed address; nobody is asked, so the same request gives the same address. Or an invoice."""
        if not self._password1:
            raise Refused("the password for payments is missing", call="link")
        if self._invoices is not None:
            fields = self._fields(request, NAME_LENGTHS[0])
            return self._invoices.create(request, fields=fields, timeout=timeout)
        for name_max in NAME_LENGTHS:
            url = self._link(request, name_max)
            if len(url) <= LINK_MAX:
                return CreatedOrder(external_id=request.number, url=url)
        raise Refused("the address would be too long", call="link")

    def _link(self, request: OrderRequest, name_max: int) -> str:
        fields = self._fields(request, name_max)
        text = signing.payment(fields, password=self._password1)
        fields["SignatureValue"] = signing.digest(self._algorithm, text)
        return f"{self._url}/Merchant/Index.aspx?{urlencode(fields, quote_via=quote, safe='')}"

    def _fields(self, request: OrderRequest, name_max: int) -> dict[str, str]:
        """The fields before the address encodes them; empty ones are not sent."""
        receipt = request.receipt
        fields = {
            "MerchantLogin": self._login,
            "OutSum": f"{request.amount:.2f}",
            "InvId": request.number,
            "Description": _description(request.description, min(name_max, DESCRIPTION_MAX)),
            "Receipt": robokassa_receipts.field(receipt, name_max=name_max) if receipt else "",
            # Without lines of ours Robokassa would print a receipt for a "free sale".
            "IsWithoutFreeSale": "true" if self._fiscal and not receipt else "",
            "ResultUrl2": request.notice_url if self._certificate and not self._test else "",
            "SuccessUrl2": request.success_url,
            "SuccessUrl2Method": "GET" if request.success_url else "",
            "FailUrl2": request.fail_url,
            "FailUrl2Method": "GET" if request.fail_url else "",
            "Email": request.email,
            "ExpirationDate": _moment(request.expires_at) if request.expires_at else "",
            "Culture": "ru",
            "Encoding": "utf-8",
            "IsTest": "1" if self._test else "",
        }
        return {name: value for name, value in fields.items() if value}

    def find_order(self, *, number: str, created_on: date, timeout: float) -> CreatedOrder | None:
        if self._invoices is None:
            raise Unsupported(self.name, "lookup of addresses")
        return self._invoices.find(number=number, created_on=created_on, timeout=timeout)

    def cancel_order(self, *, external_id: str, timeout: float) -> None:
        if self._invoices is None:
            raise Unsupported(self.name, "cancelling of addresses")
        self._invoices.deactivate(number=external_id, timeout=timeout)

    def read_notice(self, kind: NoticeKind, delivery: Delivery) -> NoticeRead:
        if kind is NoticeKind.SIGNED_STATE:
            return robokassa_notices.read_state(delivery, login=self._login, certificate=self._certificate)
        if kind is not NoticeKind.PAY:
            raise Forged
        return robokassa_notices.read(
            delivery,
            algorithm=self._algorithm,
            password=self._password2,
            test_password=self._test_password2,
        )

    def answer(self, verdict: Verdict, notice: NoticeRead | None) -> Answer:
        """`OK<InvId>` and nothing else is a success; anything else is asked again. A signed state wants any
        2xx.
        """
        status = REFUSALS.get(verdict, 200)
        number = notice.order_number if notice else ""
        body = f"OK{number}" if verdict is Verdict.ACCEPTED else str(verdict)
        return Answer(status=status, body=body, content_type="text/plain; charset=utf-8")

    def check_credentials(self, *, timeout: float) -> tuple[str, ...]:
        """Ask for the state of any number: it proves the login, Password#2 and the hash method.

        Password#1 is proven by asking for a receipt, where the shop prints them; else it shows on the payment
        page (error 29). Password#3 shows at the first refund.
        """
        self.find_payment(order_number=str(self._first_number), timeout=timeout)
        untried = () if self._tries_password1(timeout=timeout) else ("password1",)
        return untried + (("password3",) if self._password3 else ())

    def _tries_password1(self, *, timeout: float) -> bool:
        if not self._fiscal or self._test:
            return False
        try:
            self._second_receipts.follow(external_id=str(self._first_number), timeout=timeout)
        except Refused as error:
            if error.code == WRONG_SIGNATURE:
                raise
            return False
        except (NotSent, Unknown):
            return False
        return True

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        """A payment's name is its order's number: see robokassa_notices."""
        return self.find_payment(order_number=external_id, timeout=timeout)

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        """OpStateExt; test payments are not served there."""
        text = signing.state(login=self._login, number=order_number, password=self._password2)
        answer = wire.get(
            f"{self._url}/Merchant/WebService/Service.asmx/OpStateExt",
            {
                "MerchantLogin": self._login,
                "InvoiceID": order_number,
                "Signature": signing.digest(self._algorithm, text),
            },
            call=robokassa_state.CALL,
            timeout=timeout,
        )
        return robokassa_state.read(answer, number=order_number)

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        """Ask for the payment's OpKey, then for the refund; Unsupported without Password#3."""
        if not self._password3:
            raise Unsupported(self.name, "refund without Password#3")
        return robokassa_refunds.create(
            self._services_url,
            request,
            key=self._refund_key(request.payment_external_id, timeout=timeout),
            password=self._password3,
            timeout=timeout,
        )

    def refund_state(self, *, external_id: str, timeout: float) -> FollowedRefund:
        return robokassa_refunds.state(self._services_url, external_id=external_id, timeout=timeout)

    def send_second_receipt(self, request: SecondReceiptRequest, *, timeout: float) -> SentReceipt:
        if not self._fiscal:
            raise Unsupported(self.name, "second receipt where the first one is not printed there")
        return self._second_receipts.attach(request, timeout=timeout)

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        """A second receipt by its own number, the first one by its order's: so Robokassa's own example asks
        (status "by InvId").
        """
        if not self._fiscal:
            raise Unsupported(self.name, "receipts of a shop that prints none there")
        return self._second_receipts.follow(external_id=external_id, timeout=timeout)

    def _refund_key(self, number: str, *, timeout: float) -> str:
        """Whatever goes wrong here, no refund was begun."""
        try:
            payment = self.find_payment(order_number=number, timeout=timeout)
        except Unknown as error:
            raise NotSent(error.detail, call=error.call, status=error.status) from None
        if payment is None or not payment.key:
            raise Refused("the payment is not known there, or has no money yet", call=robokassa_state.CALL)
        return payment.key


def _description(text: str, limit: int) -> str:
    """Letters, digits and punctuation only (documentation); cut by characters."""
    return " ".join(_UNWELCOME.sub(" ", text).split())[:limit].strip()


def _moment(at: datetime) -> str:
    """With its offset always: what Robokassa makes of a moment without one is unknown."""
    return at.astimezone(BUSINESS_ZONE).isoformat(timespec="seconds")
