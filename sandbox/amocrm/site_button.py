"""The site button with metadata: an external integration in the chosen account, its secret told first.

The documentation: "the web hook always comes before the redirect", and carries the integration's id, its
secret and the state. Such an integration has no archive and no long-lived token.
"""

from __future__ import annotations

import http.client
import json
import secrets
from urllib.parse import urlsplit

from flask import Response, render_template, request

from sandbox.amocrm import oauth, tokens
from sandbox.amocrm.world import Row, World, fresh_uuid

SECONDS = 3.0

# What the page that carries the button loads: it puts a link where the script tag stands.
SCRIPT = """(function () {
  var tag = document.currentScript;
  var query = new URLSearchParams();
  ['name', 'redirect_uri', 'secrets_uri', 'scopes', 'state', 'mode'].forEach(function (name) {
    query.set(name, tag.getAttribute('data-' + name) || '');
  });
  var link = document.createElement('a');
  link.href = tag.src.replace(/auth\\/button.*$/, 'oauth/external?') + query;
  link.className = 'amocrm-oauth';
  link.target = '_blank';
  link.textContent = tag.getAttribute('data-title');
  tag.parentNode.insertBefore(link, tag);
})();
"""


def script(world: World) -> Response:
    return Response(SCRIPT, content_type="application/javascript; charset=utf-8")


def page(world: World) -> Response:
    """Which account shall get the integration; needs both addresses, as the real page does."""
    if not _address(request.args.get("redirect_uri", "")) or not _address(
        request.args.get("secrets_uri", "")
    ):
        return Response(render_template("amocrm/oauth.html", offers=[], mode="popup", state=""), 404)
    offers = [(crm, {"name": request.args.get("name", "")}) for crm in world.crms()]
    return Response(
        render_template(
            "amocrm/oauth.html",
            offers=offers,
            mode=request.args.get("mode", "popup"),
            state=request.args.get("state", ""),
            client_id="",
            admins=[oauth.admins(crm) for crm, _ in offers],
        )
    )


def grant(world: World) -> Response:
    """Make the integration, tell its secret, then send the browser back with a code."""
    form, asked = request.form, request.args
    crm = world.crm(form.get("subdomain", ""))
    state = {"state": asked["state"]} if asked.get("state") else {}
    owner: Row = {
        "id": fresh_uuid(),
        "name": asked.get("name", ""),
        "client_secret": secrets.token_urlsafe(32),
        "redirect_uri": asked.get("redirect_uri", ""),
        "external": True,
        "installed": True,
    }
    if crm is None or not _address(owner["redirect_uri"]):
        return Response("Unknown account", 404)
    mode = form.get("mode", "popup")
    if form.get("decision") != "allow":
        return oauth.back(owner, {"error": "access_denied", **state}, mode)
    with world.store.transaction():
        crm.put("integrations", owner)
        code = tokens.issue_code(crm, str(owner["id"]), int(form["user_id"]))
    told = {"client_id": owner["id"], "client_secret": owner["client_secret"], **state}
    status = _tell(asked.get("secrets_uri", ""), json.dumps(told))
    url = asked.get("secrets_uri", "")
    world.journal.write(direction="out", service="amocrm", method="POST", url=url, status=status)
    query = {"code": code, "referer": oauth.referer(crm), "platform": 1, "client_id": owner["id"], **state}
    return oauth.back(owner, query, mode)


def _address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _tell(url: str, body: str) -> int | None:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("POST", parts.path, body.encode(), {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
