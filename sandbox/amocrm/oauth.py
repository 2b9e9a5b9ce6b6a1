"""OAuth: the page where an administrator lets an integration in, the token endpoint, install and uninstall
calls.
"""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, redirect, render_template, request

from sandbox.amocrm import tokens, wire
from sandbox.amocrm.world import Crm, Row, World

INSTALL, UNINSTALL = "amocrm.install", "amocrm.uninstall"
SERVER_CALL_SECONDS = 3.0
MODES = ("popup", "post_message")


def register(world: World) -> None:
    """Server calls of amoCRM are made once, three seconds at most, whatever is answered."""
    for kind in (INSTALL, UNINSTALL):
        world.jobs.register(kind, lambda payload: _call_once(world, payload["url"]))


# --- the page ---


def grant_page(world: World) -> Response:
    client_id, mode = request.args.get("client_id", ""), request.args.get("mode", "popup")
    offers = [(crm, owner) for crm in world.crms() if (owner := tokens.integration(crm, client_id))]
    if not offers or mode not in MODES:
        return Response(render_template("amocrm/oauth.html", offers=[], mode=mode, state=""), 404)
    page = render_template(
        "amocrm/oauth.html",
        offers=offers,
        mode=mode,
        state=request.args.get("state", ""),
        client_id=client_id,
        admins=[admins(crm) for crm, _ in offers],
    )
    return Response(page)


def grant(world: World) -> Response:
    """The answer of the page: back to the integration with a code, or with `error=access_denied`."""
    form = request.form
    crm = world.crm(form.get("subdomain", ""))
    owner = tokens.integration(crm, form.get("client_id", "")) if crm else None
    if crm is None or owner is None:
        return Response("Unknown integration", 404)
    state = {"state": form["state"]} if form.get("state") else {}
    if form.get("decision") != "allow":
        return back(owner, {"error": "access_denied", **state}, form.get("mode", "popup"))
    with world.store.transaction():
        code = tokens.issue_code(crm, owner["id"], int(form["user_id"]))
        crm.put("integrations", {**owner, "installed": True})
    query = {"code": code, "referer": referer(crm), "platform": 1, "client_id": owner["id"], **state}
    return back(owner, query, form.get("mode", "popup"))


def admins(crm: Crm) -> list[Row]:
    return [user for user in crm.rows("users") if user["rights"]["is_admin"]]


def back(owner: Row, query: Row, mode: str) -> Response:
    address = f"{owner['redirect_uri']}?{urlencode(query)}"
    if mode == "popup":
        return Response(render_template("amocrm/oauth_popup.html", address=address))
    return Response(redirect(address).get_data(), 302, {"Location": address})


def referer(crm: Crm) -> str:
    """The account's host as the real redirect names it; the emulator's own address is in AMOCRM_URL."""
    return f"{crm.subdomain}.amocrm.ru"


# --- tokens ---


def access_token(world: World, subdomain: str) -> Response:
    return wire.traced(lambda: wire.weather(world, lambda: _access_token(world, subdomain)))


def _access_token(world: World, subdomain: str) -> Response:
    crm, body = world.crm(subdomain), _token_body()
    if crm is None:
        return _oauth_problem(401, "", "Account not found")
    owner = tokens.integration(crm, str(body.get("client_id", "")))
    if owner is None or owner["client_secret"] != body.get("client_secret"):
        return _oauth_problem(401, "", "Client authentication failed")
    if body.get("redirect_uri") != owner["redirect_uri"]:
        return _oauth_problem(400, "Check the `redirect_uri` parameter", "")
    with world.store.transaction():
        return _exchanged(crm, owner, body)


def _exchanged(crm: Crm, owner: Row, body: Row) -> Response:
    match body.get("grant_type"):
        case "authorization_code":
            found = tokens.take_code(crm, str(body.get("code", "")), owner["id"])
        case "refresh_token":
            found = tokens.take_refresh(crm, str(body.get("refresh_token", "")), owner["id"])
        case _:
            return _oauth_problem(400, "Check the `grant_type` parameter", "")
    if isinstance(found, str):
        return _oauth_problem(401 if "Token" in found else 400, found, "")
    pair = tokens.issue_pair(crm, owner["id"], found["user_id"])
    return Response(json.dumps(pair), 200, content_type="application/json")


def current_subdomain(world: World) -> Response:
    """Where the account of a refresh token lives now (it may have been renamed)."""
    refresh = request.headers.get("X-Refresh-Token", "")
    for crm in world.crms():
        row = crm.get("refreshes", refresh) if refresh else None
        if row and not row.get("revoked"):
            name = world.name_of(crm)
            document = {"id": crm.account["id"], "subdomain": name, "domain": f"{name}.amocrm.ru"}
            return wire.hal({**document, "top_level_domain": "ru"})
    return wire.problem(401, "Неверный логин или пароль")


def _token_body() -> Row:
    if request.is_json:
        body = request.get_json(silent=True)
        return body if isinstance(body, dict) else {}
    return dict(request.form)


def _oauth_problem(status: int, hint: str, title: str) -> Response:
    document: dict[str, Any] = {"hint": hint} if hint else {}
    document |= {
        "title": title or "Некорректный запрос",
        "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        "status": status,
        "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
    }
    return Response(json.dumps(document, ensure_ascii=False), status, content_type="application/problem+json")


# --- install and uninstall ---


def install(crm: Crm, owner: Row, user_id: int) -> None:
    """Switching a widget on: the redirect address is called by amoCRM's server with a code and without
    state.
    """
    crm.put("integrations", {**owner, "installed": True})
    code = tokens.issue_code(crm, owner["id"], user_id)
    query = {"code": code, "referer": referer(crm), "platform": 1, "from_widget": 1}
    payload = {"url": f"{owner['redirect_uri']}?{urlencode(query)}"}
    crm.world.jobs.add(INSTALL, payload, crm.world.later(0))


def uninstall(crm: Crm, owner: Row) -> None:
    """Switching an integration off: every grant dies, and the signed uninstall address is called."""
    tokens.revoke_all(crm, owner["id"])
    crm.put("integrations", {**owner, "installed": False})
    if owner.get("uninstall_uri"):
        payload = {"url": f"{owner['uninstall_uri']}?{urlencode(tokens.uninstall_query(crm, owner))}"}
        crm.world.jobs.add(UNINSTALL, payload, crm.world.later(0))


def _call_once(world: World, address: str) -> None:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SERVER_CALL_SECONDS)
    status: int | None = None
    try:
        connection.request(
            "GET", f"{parts.path}?{parts.query}", headers={"User-Agent": "amoCRM-Webhooks/3.0"}
        )
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        status = None
    finally:
        connection.close()
    world.journal.write(
        direction="out", service="amocrm", method="GET", url=address.partition("?")[0], status=status
    )
