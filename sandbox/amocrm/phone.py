"""amoCRM's mobile application, as far as a widget meets it: a deal's card with the blocks of `mobile_card`.

A block opens a WebView: a plain GET of `mobile.frame_url` with two more parameters, `token` (that of the card
in the browser, with `data` that names the deal) and `from` (the platform). Here the WebView is the browser
itself, so the page may refuse to be framed.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Response, render_template

from sandbox.amocrm import tokens
from sandbox.amocrm.session import open_session, refuse, session_user, usual_user
from sandbox.amocrm.world import Crm, Row, World

PLATFORM = "ios"


def card(world: World, subdomain: str, lead_id: int) -> Response:
    """The deal on the phone: its name and, below, one block for each widget of the location."""
    crm = world.crm(subdomain)
    lead = crm.get("leads", lead_id) if crm else None
    if crm is None or lead is None:
        return Response("Deal not found", 404)
    page = render_template(
        "amocrm/phone.html", lead=lead, blocks=_blocks(crm), root=f"/amocrm/{subdomain}/phone/leads/{lead_id}"
    )
    return open_session(crm, Response(page), session_user(crm) or usual_user(crm))


def web_view(world: World, subdomain: str, lead_id: int, code: str) -> Response:
    """What the application asks for when the block is opened."""
    crm = world.crm(subdomain)
    user = session_user(crm) if crm else None
    row = crm.get("widgets", code) if crm else None
    if crm is None or user is None or row is None or not _is_here(row):
        return refuse(404, "Такого блока нет")
    owner = tokens.integration(crm, row["client_id"])
    if owner is None or not owner.get("installed", True):
        return refuse(403, "Интеграция отключена")
    named = {"data": {"entity_type": "leads", "entity_id": lead_id}}
    parts = urlsplit(row["manifest"]["mobile"]["frame_url"])
    query = [
        *parse_qsl(parts.query),
        ("token", tokens.disposable(crm, owner, user, **named)),
        ("from", PLATFORM),
    ]
    return Response(status=302, headers={"Location": urlunsplit(parts._replace(query=urlencode(query)))})


def _blocks(crm: Crm) -> list[Row]:
    found = [row for row in crm.rows("widgets") if _is_here(row)]
    return [
        {"code": row["id"], "color": row["manifest"]["mobile"]["color"], "name": _name(row)} for row in found
    ]


def _is_here(row: Row) -> bool:
    return bool(row["installed"]) and "mobile_card" in row["manifest"]["locations"]


def _name(row: Row) -> str:
    words = next(iter(row["i18n"].values()))
    for key in row["manifest"]["widget"]["name"].split("."):
        words = words[key]
    return str(words)


ROUTES = [
    ("GET", "phone/leads/<int:lead_id>", card),
    ("GET", "phone/leads/<int:lead_id>/<code>", web_view),
]
