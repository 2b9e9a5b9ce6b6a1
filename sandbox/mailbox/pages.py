"""The mailbox in the browser, and as JSON for checks."""

import base64
import re
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import mailbox
from sandbox.mailbox import ATTACHMENTS, COLLECTION
from sandbox.store import Document, Store

SHOWN = 200
_MOSCOW = ZoneInfo("Europe/Moscow")
# A message is a stranger's HTML: no scripts, no forms; links open outside the frame.
_MESSAGE_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:"
)


def create_blueprint(store: Store) -> Blueprint:
    blueprint = Blueprint("mail", __name__)

    @blueprint.get("/")
    def inbox() -> str:
        return render_template("mail/inbox.html", messages=_listed(store, request.args.get("to", "")))

    @blueprint.get("/rows")
    def rows() -> str:
        return render_template("mail/rows.html", messages=_listed(store, request.args.get("to", "")))

    @blueprint.get("/<int:number>")
    def message(number: int) -> str:
        return render_template("mail/message.html", message=_shown(_found(store, number)))

    @blueprint.get("/<int:number>/html")
    def html(number: int) -> Response:
        found = _found(store, number)
        body = re.sub(r"cid:([^\"'>\s)]+)", lambda match: _by_content_id(found, match[1]), found["html"])
        answer = Response(f'<base target="_blank">{body}', mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _MESSAGE_POLICY
        return answer

    @blueprint.get("/<int:number>/attachments/<int:place>")
    def attachment(number: int, place: int) -> Response:
        found = store.get(ATTACHMENTS, f"{number}/{place}")
        if found is None:
            abort(404)
        answer = Response(base64.b64decode(found["content"]), mimetype=found["content_type"])
        how = "inline" if found["content_type"] in ("image/png", "image/jpeg", "image/gif") else "attachment"
        answer.headers["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(found['name'])}"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @blueprint.get("/<int:number>/returned.eml")
    def returned(number: int) -> Response:
        """The mail as another server would give it back; `status` 4.2.2 is a full mailbox."""
        status, said = request.args.get("status", "5.1.1"), request.args.get("said", "550 no such user")
        return Response(
            mailbox.returned(_found(store, number), status=status, said=said), mimetype="message/rfc822"
        )

    @blueprint.post("/clear")
    def clear() -> AnyResponse:
        with store.transaction():
            store.clear(COLLECTION)
            store.clear(ATTACHMENTS)
        return redirect(url_for("mail.inbox"))

    @blueprint.get("/api/messages")
    def api_messages() -> Response:
        """Newest first; `to` matches a whole address in any case."""
        return jsonify(_matching(store, request.args.get("to", ""), whole=True))

    return blueprint


def _matching(store: Store, to: str, *, whole: bool) -> list[Document]:
    wanted = to.lower()
    return [
        message
        for message in reversed(store.all(COLLECTION))
        if not to
        or any(
            wanted == address.lower() or (not whole and wanted in address.lower())
            for address in message["to"]
        )
    ]


def _listed(store: Store, to: str) -> list[Document]:
    return [_shown(message) for message in _matching(store, to, whole=False)[:SHOWN]]


def _shown(message: Document) -> Document:
    """With the moment for people and a first line to recognise the message by."""
    at = datetime.fromisoformat(message["at"]).astimezone(_MOSCOW)
    plain = message["text"] or re.sub(r"<(style|head).*?</\1>|<[^>]+>", " ", message["html"], flags=re.S)
    today = at.date() == datetime.now(_MOSCOW).date()
    when = at.strftime("%H:%M" if today else "%d.%m.%Y")
    return message | {"when": when, "moment": at.strftime("%d.%m.%Y %H:%M"), "excerpt": _one_line(plain)}


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]


def _found(store: Store, number: int) -> Document:
    message = store.get(COLLECTION, str(number))
    if message is None:
        abort(404)
    return message


def _by_content_id(message: Document, content_id: str) -> str:
    urls = [part["url"] for part in message["attachments"] if part["content_id"] == content_id]
    return str(urls[0]) if urls else ""
