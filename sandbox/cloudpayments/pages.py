"""The payment page and the public receipt page: what a payer sees, with buttons for what goes wrong.

`POST /cloudpayments/d/<Id>` pays; with `Accept: application/json` it answers for programs:
{"TransactionId", "Status", "ReasonCode", "Transactions": […]}.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.cloudpayments import orders, payments, reasons, receipts, sites
from sandbox.cloudpayments.notices import HONEST, Delivery
from sandbox.cloudpayments.payments import Attempt, NotPayable
from sandbox.cloudpayments.wire import rub
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.cloudpayments import Service

FIRST_CARD = "2200000000000004"
EXPIRES = "12/29"
LATE_SECONDS, DISORDER_SECONDS = 30, 3
_MOSCOW = ZoneInfo("Europe/Moscow")

# Ways to send the notice of an otherwise honest payment.
DELIVERIES = {
    "": HONEST,
    "twice": HONEST,
    "late": Delivery(delay_seconds=LATE_SECONDS),
    "notify_twice": Delivery(copies=2),
    "lost": Delivery(lost=True),
    "bad_signature": Delivery(forged=True),
}
OTHER_TRICKS = ("decline", "out_of_order", "forged")
SETTLEMENT = {
    1: "Предоплата 100%",
    2: "Предоплата",
    3: "Аванс",
    4: "Полный расчёт",
    5: "Частичный расчёт и кредит",
    6: "Передача в кредит",
    7: "Оплата кредита",
}
TAXATION = {0: "ОСН", 1: "УСН доход", 2: "УСН доход − расход", 3: "ЕНВД", 4: "ЕСХН", 5: "Патент"}


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    store = service.sandbox.store

    @blueprint.get("/d/<order_id>")
    def order_page(order_id: str) -> str:
        return _order_page(service, _order(service, order_id))

    @blueprint.post("/d/<order_id>")
    def pay(order_id: str) -> AnyResponse:
        order = _order(service, order_id)
        try:
            paid = _pay(service, order)
        except NotPayable as error:
            if _wants_json():
                return jsonify({"Status": None, "OrderStatus": str(error), "Transactions": []})
            return redirect(url_for(".order_page", order_id=order_id))
        if _wants_json():
            return jsonify(_outcome(paid))
        if not paid:
            return redirect(url_for(".order_page", order_id=order_id, forged=1))
        return redirect(url_for(".result_page", order_id=order_id, number=paid[-1]["id"]))

    @blueprint.get("/d/<order_id>/result/<int:number>")
    def result_page(order_id: str, number: int) -> str:
        order, transaction = _order(service, order_id), store.get(payments.COLLECTION, str(number))
        if transaction is None or transaction["order_id"] != order_id:
            abort(404)
        declined = transaction["status"] == "Declined"
        return render_template(
            "cloudpayments/result.html",
            **_common(service, order),
            transaction=transaction,
            declined=declined,
            message=reasons.REASONS[transaction["reason_code"]][1],
            back_url=_web_address(order["fail_url" if declined else "success_url"]),
        )

    @blueprint.get("/r/<number>")
    def receipt_page(number: str) -> str:
        receipt = store.get(receipts.COLLECTION, number)
        if receipt is None:
            abort(404)
        return render_template("cloudpayments/receipt.html", **_receipt_view(receipt))

    @blueprint.get("/r/<number>/qr.svg")
    def receipt_qr(number: str) -> Response:
        receipt = store.get(receipts.COLLECTION, number)
        if receipt is None or receipt["status"] != "Processed":
            abort(404)
        image = segno.make(_qr_text(receipt), micro=False).svg_inline(scale=4, border=1)
        return Response(f'<?xml version="1.0"?>{image.replace("<svg", _SVG, 1)}', mimetype="image/svg+xml")


_SVG = '<svg xmlns="http://www.w3.org/2000/svg"'


def _pay(service: "Service", order: Document) -> list[Document]:
    """What the pressed button means; returns the transactions made, the decisive one last."""
    trick = request.form.get("trick", "")
    if trick not in DELIVERIES and trick not in OTHER_TRICKS:
        abort(400)
    if trick == "forged":
        payments.forge_pay(service, order["id"])
        return []
    if trick == "decline":
        return [payments.pay_order(service, order["id"], _attempt(reason_code=reasons.INSUFFICIENT_FUNDS))]
    if trick == "out_of_order":
        # A first try is declined, the second is paid, and the news of the first comes last.
        late = _attempt(
            reason_code=reasons.INSUFFICIENT_FUNDS, delivery=Delivery(delay_seconds=DISORDER_SECONDS)
        )
        return [payments.pay_order(service, order["id"], attempt) for attempt in (late, _attempt())]
    again = trick == "twice"
    paid = [payments.pay_order(service, order["id"], _attempt(again=again, delivery=DELIVERIES[trick]))]
    if again and order["status"] == "Created":
        paid.append(payments.pay_order(service, order["id"], _attempt(again=True)))
    return paid


def _attempt(
    *, reason_code: int = reasons.APPROVED, again: bool = False, delivery: Delivery = HONEST
) -> Attempt:
    """The try described by the submitted form."""
    ip = request.remote_addr or "127.0.0.1"
    if request.form.get("method") == "sbp":
        return Attempt(card=None, ip=ip, reason_code=reason_code, again=again, delivery=delivery)
    number = "".join(filter(str.isdigit, request.form.get("card", FIRST_CARD)))
    expires = request.form.get("expires", EXPIRES).replace(" ", "")
    card = reasons.CARDS.get(number)
    return Attempt(
        card=card or reasons.Card(number.ljust(16, "0")[:19], "", 5014),
        expires=expires,
        name=request.form.get("name", "").strip().upper()[:60],
        ip=ip,
        reason_code=reason_code or _expiry_reason(expires) or (card.reason_code if card else 5014),
        again=again,
        delivery=delivery,
    )


def _expiry_reason(expires: str) -> int:
    month, _, year = expires.partition("/")
    if not (month.isdigit() and year.isdigit() and 1 <= int(month) <= 12):
        return reasons.EXPIRED_CARD
    today = datetime.now(_MOSCOW)
    alive = (2000 + int(year) % 100, int(month)) >= (today.year, today.month)
    return reasons.APPROVED if alive else reasons.EXPIRED_CARD


def _order(service: "Service", order_id: str) -> Document:
    order = service.sandbox.store.get(orders.COLLECTION, order_id)
    if order is None:
        abort(404)
    return order


def _order_page(service: "Service", order: Document) -> str:
    return render_template(
        "cloudpayments/order.html",
        **_common(service, order),
        cards=[reasons.CARDS[number] for number in _SHOWN_CARDS],
        expires=EXPIRES,
        back_url=_web_address(order["success_url"]),
        forged="forged" in request.args,
        late_seconds=LATE_SECONDS,
    )


_SHOWN_CARDS = (FIRST_CARD, "4242424242424242", "5555555555554444", "2202202202202200")


def _common(service: "Service", order: Document) -> Document:
    site = sites.get(service.sandbox.store, order["public_id"])
    sum_text = rub(order["amount"])
    return {"site": site, "order": order, "sum": sum_text, "offer_url": _web_address(order["offer_url"])}


def _web_address(url: str) -> str:
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _outcome(paid: list[Document]) -> Document:
    listed = [
        {"TransactionId": row["id"], "Status": row["status"], "ReasonCode": row["reason_code"]}
        for row in paid
    ]
    last: Document = listed[-1] if listed else {"TransactionId": None, "Status": None, "ReasonCode": None}
    return last | {"Transactions": listed}


def _receipt_view(receipt: Document) -> Document:
    content = receipt["content"]
    items = [
        {
            "label": item["Label"],
            "quantity": item["Quantity"],
            "price": rub(str(item["Price"])),
            "amount": rub(str(item["Amount"])),
            "vat": _vat(item.get("Vat")),
            "method": SETTLEMENT.get(int(item.get("Method") or 0), ""),
        }
        for item in content.get("Items", [])
    ]
    at = receipt["processed_at"] or receipt["created_at"]
    amounts = content.get("Amounts", {})
    return {
        "receipt": receipt,
        "title": receipts.TITLES[receipt["type"]],
        "items": items,
        "total": rub(receipt["amount"]),
        "at": datetime.fromisoformat(at).astimezone(_MOSCOW).strftime("%d.%m.%Y %H:%M"),
        "taxation": TAXATION.get(content.get("TaxationSystem", -1), ""),
        "electronic": rub(str(amounts.get("Electronic") or 0)),
        "advance": rub(str(amounts["AdvancePayment"]))
        if Decimal(str(amounts.get("AdvancePayment") or 0))
        else "",
        "email": content.get("Email") or "",
    }


def _vat(rate: object) -> str:
    if rate in (None, ""):
        return "без НДС"
    code = int(str(rate))
    return f"НДС {code - 100}/{code}" if code > 100 else f"НДС {code}%"


def _qr_text(receipt: Document) -> str:
    """The line every Russian receipt carries: time, sum, register's memory, document, sign, operation."""
    at = datetime.fromisoformat(receipt["processed_at"]).astimezone(_MOSCOW).strftime("%Y%m%dT%H%M")
    fiscal = receipt["fiscal"]
    kind = list(receipts.TITLES).index(receipt["type"]) + 1
    return (
        f"t={at}&s={receipt['amount']}&fn={fiscal['FiscalNumber']}&i={fiscal['DocumentNumber']}"
        f"&fp={fiscal['FiscalSign']}&n={kind}"
    )
