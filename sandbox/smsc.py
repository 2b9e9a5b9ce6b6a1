"""The SMS gateway smsc.ru as its HTTP API documents it: messages are kept and shown, never sent on.

A phone that ends in 0000 is refused as wrong (code 7), one that ends in 0001 is out of money (code 3), a
repeat of an id is a duplicate (code 9), a wrong password code 2. Answers are JSON (fmt=3).
"""

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request

from sandbox.store import Document, Store

COLLECTION = "smsc"
KEPT = 500
PASSWORD = "sms-secret"  # noqa: S105 - an emulator's


def create_blueprint(store: Store) -> Blueprint:
    blueprint = Blueprint("smsc", __name__)

    @blueprint.route("/sys/send.php", methods=["GET", "POST"])
    def send() -> Response:
        given = request.values
        phone = re.sub(r"\D", "", given.get("phones", ""))
        if not given.get("login") or given.get("psw") != PASSWORD:
            return _error(2, "authorise error")
        if not phone or not given.get("mes"):
            return _error(1, "parameters error")
        if phone.endswith("0000") or len(phone) != 11:
            return _error(7, "invalid number")
        if phone.endswith("0001"):
            return _error(3, "no money")
        key = given.get("id") or str(store.next_number("smsc"))
        with store.transaction():
            if store.get(COLLECTION, key) is not None:
                return _error(9, "duplicate request, wait a minute")
            message: Document = {
                "id": key,
                "phone": phone,
                "text": given["mes"],
                "sender": given.get("sender", ""),
                "at": datetime.now(UTC).isoformat(),
            }
            store.put(COLLECTION, key, message)
            store.keep_last(COLLECTION, KEPT)
        return jsonify({"id": key, "cnt": 1})

    @blueprint.get("/api/messages")
    def messages() -> Response:
        """What was sent, newest first; `phone` narrows."""
        wanted = re.sub(r"\D", "", request.args.get("phone", ""))
        found = [one for one in reversed(store.all(COLLECTION)) if not wanted or one["phone"] == wanted]
        return jsonify(found)

    return blueprint


def _error(code: int, words: str) -> Response:
    return jsonify({"error": words, "error_code": code})
