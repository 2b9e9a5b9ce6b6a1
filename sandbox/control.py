"""The control page `/` and its JSON twins under `/_sandbox/`: health, seed, faults, clock, journal, notices.

The page is for a person who tries the product; the JSON is for black-box checks. Both do the same things.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import faults, mailbox, seed
from sandbox.cloudpayments import chargebacks, notices, orders, payments, receipts, sites
from sandbox.cloudpayments.wire import rub
from sandbox.robokassa import board as robokassa_board
from sandbox.robokassa import notices as robokassa_notices
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.app import Sandbox

SHOWN = 10
DUMPED = 1000
SERVICES = {"cloudpayments": "CloudPayments", "robokassa": "Robokassa", "amocrm": "amoCRM"}
AMOCRM_FAULTS = {
    "hook_lost": "Потерять вебхук",
    "hook_twice": "Прислать вебхук дважды",
    "hook_late": "Прислать вебхук через минуту",
    "html_403": "Запретить доступ (403)",
    "unpaid": "Аккаунт не оплачен (402)",
    "chat_silent": "Бот не находит чата клиента",
}
FAULTS = {
    "cloudpayments": faults.WIRE | notices.FAULTS | receipts.FAULTS,
    "robokassa": faults.WIRE | robokassa_board.FAULTS,
    "amocrm": faults.WIRE | AMOCRM_FAULTS,
}
DUMPS = {
    "cloudpayments": {
        "orders": orders.COLLECTION,
        "transactions": payments.COLLECTION,
        "receipts": receipts.COLLECTION,
        "notices": notices.COLLECTION,
    },
    "robokassa": robokassa_board.DUMPS,
}
_SEND_AGAIN = {"cloudpayments": notices.send_again, "robokassa": robokassa_notices.send_again}
_STATES = {
    "Completed": ("good", "оплачен"),
    "Authorized": ("warn", "заблокирован"),
    "Cancelled": ("", "отменён"),
    "Declined": ("bad", "отказ"),
    "Processed": ("good", "пробит"),
    "Queued": ("warn", "в очереди"),
    "Error": ("bad", "не пробит"),
    "delivered": ("good", "доставлено"),
    "waiting": ("warn", "ждёт"),
    "gave up": ("bad", "не доставлено"),
    "lost": ("bad", "потеряно"),
}
_MOSCOW = ZoneInfo("Europe/Moscow")


def create_blueprint(sandbox: "Sandbox") -> Blueprint:
    blueprint = Blueprint("control", __name__)
    _add_page(blueprint, sandbox)
    _add_switches(blueprint, sandbox)
    _add_json(blueprint, sandbox)
    _add_journal(blueprint, sandbox)
    _add_bank(blueprint, sandbox)
    return blueprint


def _add_page(blueprint: Blueprint, sandbox: "Sandbox") -> None:
    @blueprint.get("/")
    def page() -> str:
        return render_template("control.html", **_board(sandbox))

    @blueprint.get("/_sandbox/board")
    def board() -> str:
        return render_template("board.html", **_board(sandbox))


def _add_switches(blueprint: Blueprint, sandbox: "Sandbox") -> None:
    """What the buttons of the page send; afterwards back to the page."""

    @blueprint.post("/_sandbox/buttons/fault")
    def fault_button() -> AnyResponse:
        service, fault = _known_fault(request.form)
        how = request.form.get("how", "")
        if how == "off":
            sandbox.faults.clear(service, fault)
        else:
            sandbox.faults.switch(
                service, fault, count=1 if how == "once" else None, seconds=60 if how == "minute" else None
            )
        return redirect("/")

    @blueprint.post("/_sandbox/buttons/clock")
    def clock_button() -> AnyResponse:
        if "speed" in request.form:
            sandbox.clock.set_speed(float(request.form["speed"]))
        else:
            hours = float(request.form.get("hours", 0))
            offset = sandbox.clock.offset + timedelta(hours=hours) if hours else timedelta(0)
            sandbox.clock.set_offset(offset)
        sandbox.jobs.wake()
        return redirect("/")

    @blueprint.post("/_sandbox/buttons/notice/<service>/<number>")
    def notice_button(service: str, number: str) -> AnyResponse:
        _send_again(sandbox, service, number)
        return redirect("/")


def _add_json(blueprint: Blueprint, sandbox: "Sandbox") -> None:
    @blueprint.get("/_sandbox/health")
    def health() -> Response:
        return jsonify({"ok": True, "now": sandbox.clock.now().isoformat()})

    @blueprint.post("/_sandbox/seed")
    def load_seed() -> Response:
        try:
            seed.load(sandbox.store, sandbox.clock, _json(), reset=request.args.get("reset") == "1")
        except (ValueError, KeyError) as error:
            return _refusal(f"seed: {error}")
        return jsonify({"ok": True})

    @blueprint.get("/_sandbox/faults")
    def list_faults() -> Response:
        return jsonify({"active": sandbox.faults.active(), "known": FAULTS})

    @blueprint.post("/_sandbox/faults")
    def switch_fault() -> Response:
        """{"service", "fault", "count": n|null, "seconds": s|null}; {"on": false} switches it off."""
        data = _json()
        service, fault = _known_fault(data)
        if data.get("on", True):
            sandbox.faults.switch(service, fault, count=data.get("count"), seconds=data.get("seconds"))
        else:
            sandbox.faults.clear(service, fault)
        return jsonify({"active": sandbox.faults.active()})

    @blueprint.delete("/_sandbox/faults")
    def clear_faults() -> Response:
        sandbox.store.clear(faults.COLLECTION)
        return jsonify({"active": []})

    @blueprint.get("/_sandbox/clock")
    def show_clock() -> Response:
        return jsonify(_clock(sandbox))

    @blueprint.post("/_sandbox/clock")
    def set_clock() -> Response:
        """{"speed": x} and/or {"offset_seconds": s}."""
        data = _json()
        try:
            if "offset_seconds" in data:
                sandbox.clock.set_offset(timedelta(seconds=float(data["offset_seconds"])))
            if "speed" in data:
                sandbox.clock.set_speed(float(data["speed"]))
        except (TypeError, ValueError, OverflowError) as error:
            return _refusal(f"clock: {error}")
        sandbox.jobs.wake()
        return jsonify(_clock(sandbox))


def _add_journal(blueprint: Blueprint, sandbox: "Sandbox") -> None:
    @blueprint.get("/_sandbox/journal")
    def show_journal() -> Response:
        """Filters: service, path (a part of the address), direction (in|out), method, limit. Oldest first."""
        wanted = {name: request.args.get(name, "") for name in ("service", "path", "direction", "method")}
        lines = sandbox.journal.lines(**wanted)
        return jsonify(lines[-request.args.get("limit", len(lines) or 1, type=int) :])

    @blueprint.delete("/_sandbox/journal")
    def clear_journal() -> Response:
        sandbox.journal.clear()
        return jsonify({"ok": True})

    @blueprint.get("/_sandbox/<any(cloudpayments, robokassa):service>/<name>")
    def dump(service: str, name: str) -> Response:
        if name not in DUMPS[service]:
            abort(404)
        return jsonify(sandbox.store.all(DUMPS[service][name])[-DUMPED:])

    @blueprint.post("/_sandbox/<any(cloudpayments, robokassa):service>/notices/<number>/send")
    def send_again(service: str, number: str) -> Response:
        _send_again(sandbox, service, number)
        return jsonify({"ok": True})


def _add_bank(blueprint: Blueprint, sandbox: "Sandbox") -> None:
    @blueprint.post("/_sandbox/cloudpayments/chargebacks")
    def charge_back() -> Response:
        """{"TransactionId", "Amount"?, "Type"?: Chargeback|Fee, "Operation"?: Presentment|Representment}."""
        try:
            return jsonify(chargebacks.make(sandbox, _json()))
        except (LookupError, ArithmeticError) as error:
            return _refusal(f"chargeback: {error}")


def _json() -> dict[str, Any]:
    data = request.get_json(force=True)
    if not isinstance(data, dict):
        abort(400)
    return data


def _refusal(message: str) -> Response:
    answer = jsonify({"ok": False, "error": message})
    answer.status_code = 400
    return answer


def _known_fault(data: Any) -> tuple[str, str]:
    service, fault = str(data.get("service", "")), str(data.get("fault", ""))
    if fault not in FAULTS.get(service, {}):
        abort(400, f"unknown fault {service}:{fault}")
    return service, fault


def _send_again(sandbox: "Sandbox", service: str, number: str) -> None:
    try:
        _SEND_AGAIN[service](sandbox, number)
    except LookupError:
        abort(404)


def _clock(sandbox: "Sandbox") -> Document:
    clock = sandbox.clock
    return {
        "now": clock.now().isoformat(),
        "speed": clock.speed,
        "offset_seconds": round(clock.offset.total_seconds(), 3),
    }


def _board(sandbox: "Sandbox") -> Document:
    store, active = sandbox.store, {(row["service"], row["fault"]): row for row in sandbox.faults.active()}
    rows = [
        (
            service,
            title,
            [(name, label, active.get((service, name))) for name, label in FAULTS[service].items()],
        )
        for service, title in SERVICES.items()
    ]
    return {
        "product_url": sandbox.product_url,
        "accounts": store.all("amocrm/accounts"),
        "sites": store.all(sites.COLLECTION),
        "mail_count": len(store.all(mailbox.COLLECTION)),
        "orders": _newest(store.all(orders.COLLECTION)),
        "payments": _newest(store.all(payments.COLLECTION)),
        "receipts": _newest(store.all(receipts.COLLECTION)),
        "notices": _newest(store.all(notices.COLLECTION)),
        "robokassa": robokassa_board.rows(store, SHOWN),
        "faults": rows,
        "faults_on": len(active),
        "now": sandbox.clock.now().astimezone(_MOSCOW),
        "moved": abs(sandbox.clock.offset.total_seconds()) > 1,
        "speed": sandbox.clock.speed,
        "states": _STATES,
        "titles": receipts.TITLES,
        "rub": rub,
        "moscow": _moscow,
        "moscow_time": lambda at: datetime.fromtimestamp(at, _MOSCOW).strftime("%H:%M:%S"),
    }


def _newest(rows: list[Document]) -> list[Document]:
    return rows[: -SHOWN - 1 : -1]


def _moscow(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(_MOSCOW).strftime("%d.%m %H:%M:%S")
