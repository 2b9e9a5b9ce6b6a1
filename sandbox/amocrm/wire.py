"""How the emulated API listens and answers: Bearer check, limits, faults, HAL and problem documents.

A handler is a plain function `handler(call, **parts of the path) -> Response`; `door` wraps it into a Flask
view. Order of checks as a client meets them: known account, switched faults, token, rate, body. Every
answer carries X-Request-Id. The documents are those of the amoCRM documentation: `application/hal+json` for
success, `application/problem+json` for errors, but a 429 and a blocked 403 are not JSON at all.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import MultiDict

from sandbox.amocrm import tokens
from sandbox.amocrm.world import Crm, Row, World

MAX_LIMIT = 250
PER_SECOND_OF_TOKEN, PER_SECOND_OF_ACCOUNT = 7, 50
# A client that counts at its own door may send its eighth request exactly one second after the first, and the
# network may carry the first one slower than the eighth: so much difference is not held against it.
WINDOW = 0.95


@dataclass(frozen=True)
class Call:
    """One authorised API call."""

    world: World
    crm: Crm
    token: Row
    args: MultiDict[str, str]
    body: Any
    context_user: int | None

    @property
    def user_id(self) -> int:
        """Who acts: the user named in X-Context-User-ID, otherwise the one who gave the token."""
        return self.context_user or int(self.token["user_id"])

    @property
    def granted_by_admin(self) -> bool:
        user = self.crm.get("users", self.token["user_id"])
        return bool(user and user["rights"]["is_admin"])


Handler = Callable[..., Response]


class Refusal(Exception):
    """An answer that a handler gives by raising it."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def hal(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, content_type="application/hal+json")


def empty(status: int = 204) -> Response:
    response = Response(b"", status)
    response.headers.pop("Content-Type", None)
    return response


def problem(status: int, detail: str, title: str = "", more: Row | None = None) -> Response:
    """An error document; `type` is the address that amoCRM prints in it."""
    document = {
        "title": title or TITLES.get(status, "Error"),
        "type": f"https://httpstatus.es/{status}",
        "status": status,
        "detail": detail,
        **(more or {}),
    }
    return Response(
        json.dumps(document, ensure_ascii=False),
        status,
        content_type="application/problem+json; charset=utf-8",
    )


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
}


def invalid(errors: dict[str, list[Row]]) -> Response:
    """400 with `validation-errors`: for each request_id its list of {code, path, detail}."""
    listed = [{"request_id": key, "errors": found} for key, found in errors.items()]
    return problem(400, "Request validation failed", more={"validation-errors": listed})


def fault(code: str, path: str, detail: str) -> Row:
    return {"code": code, "path": path, "detail": detail}


def forbidden() -> Response:
    return problem(403, "Недостаточно прав")


def need_admin(call: Call) -> None:
    """Users, webhooks and fields answer only to a grant given by an administrator."""
    if not call.granted_by_admin:
        raise Refusal(forbidden())


def objects(call: Call) -> list[Row]:
    """The body of a batch call: a list of objects, at most 250."""
    body = call.body
    if (
        not isinstance(body, list)
        or not all(isinstance(item, dict) for item in body)
        or len(body) > MAX_LIMIT
    ):
        raise Refusal(problem(400, "Request validation failed: expected an array of objects"))
    return body


def request_key(item: Row, index: int) -> str:
    """What comes back as request_id: the caller's own word, else the index as a string."""
    given = item.get("request_id")
    return str(given) if given is not None else str(index)


def page_of(call: Call, name: str, rows: list[Row], path: str, cap: int = MAX_LIMIT, **more: Any) -> Response:
    """One page of a list with `_links.next` where there is more; 204 when the page is empty."""
    page, limit = _number(call, "page", 1), _number(call, "limit", 50)
    if limit > cap or limit < 1 or page < 1:
        raise Refusal(invalid({"0": [fault("TooHigh", "limit", f"This value should be {cap} or less.")]}))
    chosen = rows[(page - 1) * limit : page * limit]
    if not chosen:
        return empty()
    links: Row = {"self": {"href": _href(call, path, page, limit)}}
    if len(rows) > page * limit:
        links["next"] = {"href": _href(call, path, page + 1, limit)}
    return hal({"_page": page, "_links": links, "_embedded": {name: chosen}, **more})


def wanted(call: Call, key: str) -> list[str]:
    """Values of a filter however it is written: `key`, `key[]`, `key[0]`, comma separated."""
    pattern = re.compile(re.escape(key) + r"(\[\d*\])?$")
    found: list[str] = []
    for name, values in call.args.lists():
        if pattern.match(name):
            for value in values:
                found += [part for part in value.split(",") if part]
    return found


def in_range(call: Call, key: str, value: int | None) -> bool:
    """Whether a moment lies within `key[from]` … `key[to]` (or equals a bare `key`)."""
    start, end, exact = (call.args.get(f"{key}{suffix}") for suffix in ("[from]", "[to]", ""))
    moment = value or 0
    if exact is not None and moment != _whole(exact):
        return False
    return (start is None or moment >= _whole(start)) and (end is None or moment <= _whole(end))


def ordered(call: Call, rows: list[Row], names: tuple[str, ...]) -> list[Row]:
    """Rows in the order asked by `order[<name>]=asc|desc`; by id otherwise."""
    for name in names:
        direction = call.args.get(f"order[{name}]")
        if direction:
            return sorted(rows, key=lambda row: (row[name], row["id"]), reverse=direction == "desc")
    return rows


def door(world: World, handler: Handler) -> Callable[..., Response]:
    """A Flask view around a handler of the account's API."""

    def view(subdomain: str, **parts: Any) -> Response:
        return traced(lambda: _answer(world, world.crm(subdomain), handler, parts))

    return view


def drive_door(world: World, handler: Handler) -> Callable[..., Response]:
    """The same for the drive, whose host is shared by all accounts: the token tells the account."""

    def view(**parts: Any) -> Response:
        found = (crm for crm in world.crms() if tokens.find(crm, _bearer()) is not None)
        return traced(lambda: _answer(world, next(found, None), handler, parts))

    return view


def traced(work: Callable[[], Response]) -> Response:
    try:
        response = work()
    except Refusal as refusal:
        response = refusal.response
    response.headers["X-Request-Id"] = uuid.uuid4().hex
    return response


def weather(world: World, work: Callable[[], Response]) -> Response:
    """Runs the work unless amoCRM's own kinds of refusal are switched on; the frame works the common
    faults.
    """
    if world.faults.take("amocrm", "html_403"):
        return Response(NGINX_403, 403, content_type="text/html")
    if world.faults.take("amocrm", "unpaid"):
        return problem(402, "Аккаунт не оплачен")
    return work()


def too_many() -> Response:
    """Not JSON and without Retry-After, as amoCRM answers."""
    return Response("Too many requests", 429, content_type="text/plain")


NGINX_403 = (
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n"
    "<center><h1>403 Forbidden</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Meter:
    """Counts the requests of the last second of real time; the emulated clock has no say in a rate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, deque[float]] = defaultdict(deque)

    def admits(self, key: str, per_second: int) -> bool:
        with self._lock:
            seen, now = self._seen[key], time.monotonic()
            while seen and now - seen[0] >= WINDOW:
                seen.popleft()
            if len(seen) >= per_second:
                return False
            seen.append(now)
            return True


METER = Meter()


def _answer(world: World, crm: Crm | None, handler: Handler, parts: Row) -> Response:
    token = tokens.find(crm, _bearer()) if crm else None
    if crm is None or token is None:
        return problem(401, "Неверный логин или пароль")
    limits = crm.account.get("limits", {})
    fits = METER.admits(str(token["id"]), int(limits.get("token", PER_SECOND_OF_TOKEN))) and METER.admits(
        f"account {crm.subdomain}", int(limits.get("account", PER_SECOND_OF_ACCOUNT))
    )
    if not fits:
        return too_many()
    call = Call(world, crm, token, request.args, _body(), _context_user(crm))

    def work() -> Response:
        if request.method == "GET":
            return handler(call, **parts)
        with world.store.transaction():
            return handler(call, **parts)

    return weather(world, work)


def _bearer() -> str:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _body() -> Any:
    if request.method == "GET" or not request.content_length or request.path.find("/upload/") >= 0:
        return None
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise Refusal(problem(400, "Request body is not valid JSON")) from None


def _context_user(crm: Crm) -> int | None:
    given = request.headers.get("X-Context-User-ID")
    if given is None:
        return None
    if not given.isdigit() or not crm.get("users", given):
        raise Refusal(forbidden())
    return int(given)


def _number(call: Call, name: str, default: int) -> int:
    value = call.args.get(name, str(default))
    return _whole(value)


def _whole(value: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", value):
        raise Refusal(problem(400, f"Request validation failed: {value!r} is not a number"))
    return int(value)


def _href(call: Call, path: str, page: int, limit: int) -> str:
    kept = [(key, value) for key, value in call.args.items(multi=True) if key not in ("page", "limit")]
    query = urlencode([*kept, ("page", str(page)), ("limit", str(limit))])
    return f"{call.crm.url}/api/v4/{path}?{query}"
