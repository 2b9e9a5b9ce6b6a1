"""The payment page: what a payer sees, with buttons for what goes wrong.

`GET` or `POST /robokassa/Merchant/Index.aspx` opens a link. For programs: `POST` of the same link with
`Accept: application/json` opens and pays it at once (form: `method` card|sbp, `card`, `email`, `trick`) and
answers {"InvId", "OutSum", "State", "OpKey", "Operations": […], "Redirect"} or {"Error", "Message"}.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from sandbox.robokassa import invoices, jws, links, notices, operations, shops, signing, tricks
from sandbox.robokassa.errors import Refused
from sandbox.robokassa.words import money, receipt_lines
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.robokassa import Service


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    store = service.sandbox.store

    @blueprint.errorhandler(Refused)
    def refused(error: Refused) -> AnyResponse:
        if _wants_json():
            answer = jsonify({"Error": error.code, "Message": error.words, "Detail": error.detail})
        else:
            shop = shops.find(store, request.values.get("MerchantLogin", ""))
            answer = make_response(render_template("robokassa/error.html", error=error, shop=shop))
        answer.status_code = 400
        return answer

    @blueprint.route("/Merchant/Index.aspx", methods=["GET", "POST"])
    def open_link() -> AnyResponse | str:
        visit = links.open_link(service, request.values.to_dict())
        if request.method == "POST" and _wants_json():
            return _paid_by_program(service, visit)
        return _page(service, visit)

    @blueprint.post("/Merchant/Indexjson.aspx")
    def open_by_program() -> Response:
        return jsonify({"invoiceID": links.open_link(service, request.values.to_dict())["guid"]})

    @blueprint.get("/merchant/Invoice/<encoded_id>")
    def open_invoice(encoded_id: str) -> str:
        return _page(service, invoices.visit(service, encoded_id))

    @blueprint.post("/merchant/Invoice/<encoded_id>")
    def pay_invoice(encoded_id: str) -> Response:
        return _paid_by_program(service, invoices.visit(service, encoded_id))

    @blueprint.get("/Merchant/Index/<guid>")
    def visit_page(guid: str) -> str:
        visit = _visit(service, guid)
        if not visit["test"] and operations.credited(store, visit["login"], visit["inv_id"]):
            raise Refused(40, f"InvId {visit['inv_id']}")
        return _page(service, visit)

    @blueprint.post("/Merchant/Index/<guid>")
    def pay(guid: str) -> AnyResponse:
        visit = _visit(service, guid)
        if _wants_json():
            return _paid_by_program(service, visit)
        done = tricks.play(service, visit, request.form, _term_is_over(service, visit))
        if not done:
            return redirect(url_for(".visit_page", guid=guid, forged=1))
        return redirect(url_for(".result_page", guid=guid, number=done[-1]["number"]))

    @blueprint.get("/Merchant/Index/<guid>/<number>")
    def result_page(guid: str, number: str) -> str:
        visit, operation = _visit(service, guid), store.get(operations.COLLECTION, number)
        if operation is None or (operation["login"], operation["inv_id"]) != (
            visit["login"],
            visit["inv_id"],
        ):
            abort(404)
        way = _way_back(service, visit, operation)
        view = _common(service, visit) | {"operation": operation, "paid_sum": money(operation["out_sum"])}
        return render_template("robokassa/result.html", **view, way=way, states=operations)

    @blueprint.get("/media/files/jwtsign.cer")
    def certificate() -> Response:
        return Response(jws.certificate(store), mimetype="application/pkix-cert")


def _visit(service: "Service", guid: str) -> Document:
    try:
        visit = service.sandbox.store.get(links.COLLECTION, str(UUID(guid)))
    except ValueError:
        visit = None
    if visit is None:
        abort(404)
    return visit


def _term_is_over(service: "Service", visit: Document) -> bool:
    expires_at = visit["expires_at"]
    return bool(expires_at) and datetime.fromisoformat(expires_at) <= service.sandbox.clock.now()


def _paid_by_program(service: "Service", visit: Document) -> Response:
    done = tricks.play(service, visit, request.form, _term_is_over(service, visit))
    listed = [{"State": row["state"], "OutSum": row["out_sum"], "OpKey": row["op_key"]} for row in done]
    last = listed[-1] if listed else {"State": None, "OutSum": visit["out_sum"], "OpKey": None}
    way = _way_back(service, visit, done[-1]) if done else {"url": ""}
    return jsonify({"InvId": visit["inv_id"], **last, "Operations": listed, "Redirect": way["url"]})


def _page(service: "Service", visit: Document) -> str:
    return render_template(
        "robokassa/pay.html",
        **_common(service, visit),
        lines=receipt_lines(visit["receipt"]),
        cards=tricks.CARDS,
        action=url_for(".visit_page", guid=visit["guid"]),
        forged="forged" in request.args,
        tricks=tricks.shown(visit, shops.get(service.sandbox.store, visit["login"])),
        trial_card=tricks.GOOD_CARD,
    )


def _common(service: "Service", visit: Document) -> Document:
    shop = shops.get(service.sandbox.store, visit["login"])
    return {"shop": shop, "visit": visit, "sum": money(visit["out_sum"])}


def _way_back(service: "Service", visit: Document, operation: Document) -> Document:
    """Where the payer goes: {"url", "method", "fields"}; `url` is whole for GET and empty for nowhere.

    SuccessURL is signed with Password#1; FailURL is not signed at all.
    """
    paid = operation["state"] in (operations.DONE, operations.CREDITING)
    target = visit["success" if paid else "fail"]
    if not target["url"]:
        return {"url": "", "method": "GET", "fields": {}}
    total = notices.out_sum(operation)
    fields = {"OutSum": total, "InvId": visit["inv_id"]}
    if paid:
        shop = shops.get(service.sandbox.store, visit["login"])
        algorithm, password1, _ = shops.passwords(shop, test=visit["test"])
        text = signing.notice_text(total, visit["inv_id"], password1, visit["own"])
        fields["SignatureValue"] = signing.digest(algorithm, text)
    fields["Culture"] = visit["culture"]
    fields |= ({"IsTest": "1"} if visit["test"] else {}) | visit["own"]
    if target["method"] == "POST":
        return {"url": target["url"], "method": "POST", "fields": fields}
    joint = "&" if "?" in target["url"] else "?"
    return {"url": f"{target['url']}{joint}{urlencode(fields)}", "method": "GET", "fields": {}}


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
