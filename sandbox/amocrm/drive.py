"""The drive: files in parts of 512 KiB at its own address, then attached to a lead.

A session names the size beforehand; each answer gives the address of the next part; the last part answers
with the file. Errors of the drive are plain JSON, not problem documents. Needs the scope "files".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets

from flask import Response, request

from sandbox.amocrm.wire import Call, Refusal, empty, hal, objects, problem
from sandbox.amocrm.world import Crm, Row, World, fresh_uuid

MAX_FILE, MAX_PART = 314_572_800, 524_288
# A sandbox keeps files in its database: what amoCRM takes and we do not is refused as too large.
KEPT_FILE = 20 * 1024 * 1024
SESSION_LIFE = 24 * 3600


def open_session(call: Call) -> Response:
    _need_scope(call)
    body = call.body if isinstance(call.body, dict) else {}
    name, size = body.get("file_name"), body.get("file_size")
    if not isinstance(name, str) or not name or not isinstance(size, int) or not 0 < size <= KEPT_FILE:
        return _refused(400, "file_name and file_size are required")
    number = call.crm.number("sessions")
    session: Row = {
        "id": str(number),
        "name": name,
        "size": size,
        "content_type": str(body.get("content_type") or "application/octet-stream"),
        "file_uuid": body.get("file_uuid") or fresh_uuid(),
        "parts": [],
        "received": 0,
        "user_id": call.user_id,
        "expires_at": call.crm.world.moment() + SESSION_LIFE,
    }
    address = _next_address(call.crm, session)
    return _json(
        {
            "session_id": number,
            "upload_url": address,
            "max_file_size": MAX_FILE,
            "max_part_size": MAX_PART,
        }
    )


def upload(call: Call, ticket: str) -> Response:
    """One part, raw bytes, to the last address given."""
    _need_scope(call)
    session = call.crm.get("upload_sessions", ticket.split(".")[0])
    if session is None or session["expires_at"] <= call.crm.world.moment():
        return _refused(404, "session not found")
    if session["ticket"] != ticket:
        return _refused(400, "parts must be sent in order")
    part = request.get_data()
    received = session["received"] + len(part)
    if not part or len(part) > MAX_PART or received > session["size"]:
        return _refused(400, "wrong size of a part")
    session["parts"].append(base64.b64encode(part).decode())
    session["received"] = received
    if received < session["size"]:
        return _json({"next_url": _next_address(call.crm, session), "session_id": int(session["id"])})
    call.crm.drop("upload_sessions", session["id"])
    return _json(_file(call.crm, call.crm.put("files", _finished(call.crm, session))))


def show_file(call: Call, file_uuid: str) -> Response:
    row = call.crm.get("files", file_uuid)
    return _json(_file(call.crm, row)) if row else _refused(404, "file not found")


def attach(call: Call, lead_id: int) -> Response:
    """202 without a body."""
    lead, uuids = _lead_and_files(call, lead_id)
    call.crm.put("leads", {**lead, "files": list(dict.fromkeys(lead["files"] + uuids))})
    return empty(202)


def detach(call: Call, lead_id: int) -> Response:
    lead, uuids = _lead_and_files(call, lead_id)
    call.crm.put("leads", {**lead, "files": [uuid for uuid in lead["files"] if uuid not in uuids]})
    return empty(202)


def attached(call: Call, lead_id: int) -> Response:
    _need_scope(call)
    lead = call.crm.get("leads", lead_id)
    if lead is None:
        return problem(404, "Lead not found")
    if not lead["files"]:
        return empty()
    rows = [{"file_uuid": uuid, "id": place + 1} for place, uuid in enumerate(lead["files"])]
    links = {"self": {"href": f"{call.crm.url}/api/v4/leads/{lead_id}/files"}}
    return hal({"_links": links, "_embedded": {"files": rows}})


def download(world: World, subdomain: str, file_uuid: str) -> Response:
    """The bytes, for a person at the deal page."""
    crm = world.crm(subdomain)
    row = crm.get("files", file_uuid) if crm else None
    if row is None:
        return _refused(404, "file not found")
    raw = b"".join(base64.b64decode(part) for part in row["parts"])
    response = Response(raw, 200, content_type=row["content_type"])
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = f'inline; filename="{row["sanitized_name"]}"'
    return response


def _lead_and_files(call: Call, lead_id: int) -> tuple[Row, list[str]]:
    _need_scope(call)
    lead = call.crm.get("leads", lead_id)
    if lead is None:
        raise Refusal(problem(404, "Lead not found"))
    uuids = [str(item.get("file_uuid")) for item in objects(call)]
    if not all(call.crm.get("files", uuid) for uuid in uuids):
        raise Refusal(problem(400, "Request validation failed: unknown file_uuid"))
    return lead, uuids


def _need_scope(call: Call) -> None:
    if "files" not in call.token["scopes"]:
        raise Refusal(problem(403, "Недостаточно прав"))


def _next_address(crm: Crm, session: Row) -> str:
    session["ticket"] = f"{session['id']}.{secrets.token_urlsafe(24)}"
    crm.put("upload_sessions", session)
    return f"{crm.world.root}/drive/v1.0/sessions/upload/{session['ticket']}"


def _finished(crm: Crm, session: Row) -> Row:
    name = session["name"]
    return {
        "id": session["file_uuid"],
        "version_uuid": fresh_uuid(),
        "name": name,
        "sanitized_name": re.sub(r"[^\w.\-]+", "_", name, flags=re.ASCII),
        "size": session["size"],
        "content_type": session["content_type"],
        "parts": session["parts"],
        "created_at": crm.world.moment(),
        "created_by": session["user_id"],
    }


def _file(crm: Crm, row: Row) -> Row:
    kind = "image" if row["content_type"].startswith("image/") else "document"
    raw = b"".join(base64.b64decode(part) for part in row["parts"])
    return {
        "uuid": row["id"],
        "version_uuid": row["version_uuid"],
        "type": kind,
        "is_trashed": False,
        "name": row["name"],
        "sanitized_name": row["sanitized_name"],
        "size": row["size"],
        "md5": hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        "has_multiple_versions": False,
        "created_at": row["created_at"],
        "created_by": {"id": row["created_by"], "type": "internal"},
        "updated_at": row["created_at"],
        "deleted_at": None,
        "metadata": {"extension": row["name"].rpartition(".")[2], "mime_type": row["content_type"]},
        "previews": [],
        "_links": {
            "self": {"href": f"{crm.world.root}/drive/v1.0/files/{row['id']}"},
            "download": {"href": f"{crm.world.root}/drive/download/{crm.subdomain}/{row['id']}"},
        },
    }


def _json(document: Row, status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, content_type="application/json")


def _refused(status: int, detail: str) -> Response:
    return _json(
        {"status": status, "title": "Bad Request" if status == 400 else "Not Found", "detail": detail}, status
    )
