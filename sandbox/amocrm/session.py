"""The browser's session at an account: which of its users am I, and the small JSON talk of the pages.

The sandbox has no log-in: a page without a session becomes that of the account's usual user. Pages change
things only by JSON bodies, which another origin cannot send without a preflight that nobody answers.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from sandbox.amocrm.world import Crm, Row


def cookie_name(crm: Crm) -> str:
    return f"amo_session_{crm.subdomain}"


def session_user(crm: Crm) -> Row | None:
    """The user of the session, or None."""
    given = request.cookies.get(cookie_name(crm), "")
    return crm.get("users", given) if given.isdigit() else None


def usual_user(crm: Crm) -> Row:
    """Whom a browser without a session becomes."""
    return crm.get("users", crm.account["session_user"]) or crm.rows("users")[0]


def open_session(crm: Crm, response: Response, user: Row) -> Response:
    response.set_cookie(
        cookie_name(crm), str(user["id"]), path=f"/amocrm/{crm.subdomain}", httponly=True, samesite="Lax"
    )
    return response


def answer(document: Any, status: int = 200) -> Response:
    response = Response(json.dumps(document, ensure_ascii=False), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(status: int, detail: str) -> Response:
    return answer({"status": status, "detail": detail}, status)


def body_of() -> Row:
    """The JSON object sent by a page; an empty one when it is anything else."""
    body = request.get_json(silent=True) if request.is_json else None
    return body if isinstance(body, dict) else {}
