"""Widgets of the account: upload of an archive, its files, its settings, the token of `$authorizedAjax`.

An uploaded widget belongs to one integration of the account; the code amoCRM would make up is derived from
that integration, so a new upload replaces the old archive and keeps the settings.
"""

from __future__ import annotations

import base64
import http.client
import mimetypes
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, request

from sandbox.amocrm import archive, hooks, oauth, tokens
from sandbox.amocrm.session import answer, body_of, refuse, session_user
from sandbox.amocrm.world import Crm, Row, World

CRM_POST_SECONDS = 10.0


def upload(world: World) -> Response:
    """`POST /_sandbox/widget?subdomain=…[&client_id=…]` with the bytes of widget.zip.

    201 {code, version, client_id}; 400 {errors: [...]} with everything that is wrong; 404 for an unknown
    account."""
    crm = world.crm(request.args.get("subdomain", ""))
    if crm is None:
        return answer({"errors": ["такого аккаунта нет"]}, 404)
    integrations = crm.rows("integrations")
    asked = request.args.get("client_id", integrations[0]["id"] if integrations else "")
    owner = tokens.integration(crm, asked)
    if owner is None:
        return answer({"errors": ["такой интеграции нет"]}, 404)
    found = archive.read(_archive_bytes())
    if found.errors:
        return answer({"errors": found.errors}, 400)
    with world.store.transaction():
        row = _kept(crm, owner, found)
    return answer({"code": row["id"], "version": row["version"], "client_id": owner["id"]}, 201)


def file(world: World, subdomain: str, code: str, name: str) -> Response:
    """One file of the archive, as the card loads it."""
    crm = world.crm(subdomain)
    row = crm.get("widgets", code) if crm else None
    if row is None or name not in row["files"]:
        return Response("Not found", 404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(base64.b64decode(row["files"][name]), 200, content_type=kind)
    response.headers["Cache-Control"] = "no-cache"
    return response


def disposable_token(world: World, subdomain: str, client_uuid: str) -> Response:
    """`{"token": …}` for the user of the session; 401 without one."""
    crm = world.crm(subdomain)
    user = session_user(crm) if crm else None
    if crm is None or user is None or request.headers.get("X-Requested-With") != "XMLHttpRequest":
        return refuse(401, "Нет сессии")
    owner = tokens.integration(crm, client_uuid)
    if owner is None:
        return refuse(404, "Интеграция не найдена")
    if not owner.get("installed", True):
        return refuse(403, "Интеграция отключена")
    return answer({"token": tokens.disposable(crm, owner, user)})


def save(world: World, subdomain: str, code: str) -> Response:
    """The marketplace's dialog: {active: bool, settings: {…}}; administrators only."""
    crm = world.crm(subdomain)
    row = crm.get("widgets", code) if crm else None
    user = session_user(crm) if crm else None
    if crm is None or row is None or user is None:
        return refuse(404, "Виджет не найден")
    if not user["rights"]["is_admin"]:
        return refuse(403, "Устанавливать виджеты может только администратор")
    body = body_of()
    owner = tokens.integration(crm, row["client_id"])
    with world.store.transaction():
        was, row["installed"] = row["installed"], bool(body.get("active"))
        row["settings"] = {str(key): value for key, value in (body.get("settings") or {}).items()}
        crm.put("widgets", row)
        if owner and row["installed"] and not was:
            oauth.install(crm, owner, user["id"])
        if owner and was and not row["installed"]:
            oauth.uninstall(crm, owner)
    return answer(shown(crm, row))


def crm_post(world: World, subdomain: str) -> Response:
    """`self.crm_post`: the account's server posts a form to somebody's address and hands back the answer."""
    crm = world.crm(subdomain)
    if crm is None or session_user(crm) is None:
        return refuse(401, "Нет сессии")
    body = body_of()
    parts = urlsplit(str(body.get("url", "")))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return refuse(400, "Неверный адрес")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=CRM_POST_SECONDS)
    form = urlencode(hooks.flat(body.get("data") or {}))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        received = connection.getresponse()
        kept = Response(received.read(1024 * 1024), received.status)
        kept.headers["Content-Type"] = received.getheader("Content-Type", "text/plain")
        return kept
    except (OSError, http.client.HTTPException):
        return refuse(502, "Адрес не отвечает")
    finally:
        connection.close()


def shown(crm: Crm, row: Row) -> Row:
    """What the host page needs to run a widget."""
    path = f"{crm.url}/widgets/{row['id']}"
    return {
        "code": row["id"],
        "client_id": row["client_id"],
        "version": row["version"],
        "installed": row["installed"],
        "settings": row["settings"],
        "manifest": row["manifest"],
        "i18n": row["i18n"],
        "path": path,
        "images": {
            name.removeprefix("images/").rpartition(".")[0]: f"{path}/{name}?v={row['version']}"
            for name in row["files"]
            if name.startswith("images/")
        },
    }


def _kept(crm: Crm, owner: Row, found: archive.Archive) -> Row:
    code = f"amo_{owner['id'].replace('-', '')[:12]}"
    old = crm.get("widgets", code) or {"settings": {}, "installed": True}
    row: dict[str, Any] = {
        **old,
        "id": code,
        "client_id": owner["id"],
        "version": found.manifest["widget"]["version"],
        "manifest": found.manifest,
        "i18n": found.i18n,
        "files": {name: base64.b64encode(raw).decode() for name, raw in found.files.items()},
        "uploaded_at": crm.world.moment(),
    }
    return crm.put("widgets", row)


def _archive_bytes() -> bytes:
    """The body itself whatever type a client names, or the file of a form."""
    if request.mimetype != "multipart/form-data":
        return request.get_data()
    sent = next(iter(request.files.values()), None)
    return sent.read() if sent else b""


ROUTES = [
    ("GET", "widgets/<code>/<path:name>", file),
    ("GET", "ajax/v2/integrations/<client_uuid>/disposable_token", disposable_token),
    ("POST", "_ui/widgets/<code>", save),
    ("POST", "_ui/crm_post", crm_post),
]
