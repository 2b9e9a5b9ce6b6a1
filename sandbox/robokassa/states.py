"""The XML interface: OpStateExt, signed with Password#2.

Code 3 ("not found") is the normal answer until a payer has decided something. Test operations are not served;
a test and a real one under the same number make code 4.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from sandbox.robokassa import operations, shops, signing
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.robokassa import Service

# Real answers carry this namespace; the documentation prints another one.
NAMESPACE = "http://merchant.roboxchange.com/WebService/"
OK, BAD_SIGNATURE, NO_SHOP, NOT_FOUND, TWO_FOUND = 0, 1, 2, 3, 4
WORDS = {
    BAD_SIGNATURE: "Неверная цифровая подпись запроса",
    NO_SHOP: "Информация о магазине с таким MerchantLogin не найдена или магазин не активирован",
    NOT_FOUND: "Информация об операции с таким InvoiceID не найдена",
    TWO_FOUND: "Найдено две операции с таким InvoiceID",
}
_MOSCOW = ZoneInfo("Europe/Moscow")


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    @blueprint.route("/Merchant/WebService/Service.asmx/OpStateExt", methods=["GET", "POST"])
    def op_state_ext() -> Response:
        # Names come in any letter case there: clients in the field write InvoiceId, too.
        given = {name.lower(): value for name, value in request.values.items()}
        code, operation = _found(
            service, given.get("merchantlogin", ""), given.get("invoiceid", ""), given.get("signature", "")
        )
        root = ElementTree.Element("OperationStateResponse", xmlns=NAMESPACE)
        _result(root, code)
        if operation is not None:
            _describe(root, operation, service.sandbox.clock.now())
        text = ElementTree.tostring(root, encoding="unicode")
        return Response(
            f'<?xml version="1.0" encoding="utf-8"?>\n{text}', content_type="text/xml; charset=utf-8"
        )


def _found(service: "Service", login: str, invoice_id: str, signature: str) -> tuple[int, Document | None]:
    shop = shops.find(service.sandbox.store, login)
    if shop is None or not shop["active"]:
        return NO_SHOP, None
    text = signing.state_text(login, invoice_id, shop["password2"])
    if not signing.same(signature, signing.digest(shop["algorithm"], text)):
        return BAD_SIGNATURE, None
    found = operations.of_number(service.sandbox.store, login, invoice_id)
    real = [operation for operation in found if not operation["test"]]
    if not real:
        return NOT_FOUND, None
    if len(real) < len(found):
        return TWO_FOUND, None
    # A second try that was declined or went back does not hide the money that came.
    paid = [operation for operation in real if operation["state"] in (operations.CREDITING, operations.DONE)]
    return OK, (paid or real)[-1]


def _result(root: ElementTree.Element, code: int) -> None:
    result = _child(root, "Result")
    _child(result, "Code", str(code))
    if code != OK:
        _child(result, "Description", WORDS[code])


def _describe(root: ElementTree.Element, operation: Document, now: datetime) -> None:
    state = _child(root, "State")
    _child(state, "Code", str(operation["state"]))
    _child(state, "RequestDate", _moment(now))
    _child(state, "StateDate", _moment(datetime.fromisoformat(operation["state_at"])))
    info = _child(root, "Info")
    _child(info, "IncCurrLabel", operation["label"])
    _child(info, "IncSum", operation["out_sum"])
    _child(info, "IncAccount", operation["account"])
    _child(_child(info, "PaymentMethod"), "Code", operation["method"])
    _child(info, "OutCurrLabel", "RUR")
    _child(info, "OutSum", operation["out_sum"])
    if operation["state"] not in (operations.STARTED, operations.CANCELLED):
        _child(info, "OpKey", operation["op_key"])
        if operation["account"]:
            _child(info, "BankCardRRN", operation["rrn"])
    own = _child(root, "UserField")
    for name, value in operation["own"].items():
        field = _child(own, "Field")
        _child(field, "Name", name)
        _child(field, "Value", value)


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = text
    return child


def _moment(moment: datetime) -> str:
    """Moscow's time with seven digits of a second, as .NET writes it."""
    local = moment.astimezone(_MOSCOW)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}0+03:00"
