"""Calls over HTTP to a provider: one session per thread and shop, a deadline, no redirects, exact numbers.

Every way in which a call can fail ends in one of the errors of billing.providers.base. Nothing of an answer's
body goes into them here, since it may quote the payer.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import requests

from billing.providers.base import NotSent, Refused, Unknown

ANSWER_BYTES_MAX = 8 * 1024 * 1024
SESSIONS_PER_THREAD = 16
CONNECT_SECONDS_MAX = 2.0


class _Local(threading.local):
    """Each thread's own sessions, by host and credentials: requests' sessions are not safe to share."""

    def __init__(self) -> None:
        self.sessions: OrderedDict[tuple[str, tuple[str, str]], requests.Session] = OrderedDict()


_local = _Local()


def post(
    url: str,
    payload: Mapping[str, Any],
    *,
    call: str,
    credentials: tuple[str, str],
    headers: Mapping[str, str],
    timeout: float,
) -> dict[str, Any]:
    """POST JSON and return the JSON object of a 200 answer; numbers come back as int and Decimal.

    Raises NotSent (no connection, 429), Refused (any other 4xx), Unknown (everything else) within `timeout`
    seconds.
    """
    body, status = _send(
        "POST",
        url,
        call=call,
        credentials=credentials,
        timeout=timeout,
        data=dump(payload).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    return _object(body, call=call, status=status)


def post_text(url: str, text: str, *, call: str, timeout: float) -> dict[str, Any]:
    """POST a text that is its own proof, without credentials, as "JSON"; answers and errors as by post()."""
    body, status = _send(
        "POST",
        url,
        call=call,
        credentials=("", ""),
        timeout=timeout,
        data=text.encode(),
        headers={"Content-Type": "application/json"},
    )
    return _object(body, call=call, status=status)


def get_object(url: str, query: Mapping[str, str], *, call: str, timeout: float) -> dict[str, Any]:
    """GET without credentials and return the JSON object of a 200 answer; raises as post() does."""
    body, status = _send("GET", url, call=call, credentials=("", ""), timeout=timeout, params=dict(query))
    return _object(body, call=call, status=status)


def get(url: str, query: Mapping[str, str], *, call: str, timeout: float) -> bytes:
    """GET without credentials and return the body of a 200 answer; raises as post() does."""
    return _send("GET", url, call=call, credentials=("", ""), timeout=timeout, params=dict(query))[0]


def _send(
    method: str, url: str, *, call: str, credentials: tuple[str, str], timeout: float, **content: Any
) -> tuple[bytes, int]:
    deadline = time.monotonic() + timeout
    connect = min(CONNECT_SECONDS_MAX, timeout / 2)
    try:
        with _session(url, credentials).request(
            method,
            url,
            timeout=(connect, timeout - connect),
            allow_redirects=False,
            stream=True,
            **content,
        ) as response:
            status = response.status_code
            body = _read(response, deadline=deadline, call=call)
    except requests.ConnectTimeout:
        raise NotSent("no connection", call=call) from None
    except requests.RequestException as error:
        _raise_unsent(error, call=call)
        raise Unknown(type(error).__name__, call=call) from None
    _check_status(status, call=call)
    return body, status


def dump(value: Any) -> str:
    """JSON in which a Decimal is written digit for digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(key))}:{dump(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def load(text: str) -> Any:
    """JSON in which a fraction becomes a Decimal; NaN and doubled keys are errors (ValueError)."""
    return json.loads(
        text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_without_doubles
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _session(url: str, credentials: tuple[str, str]) -> requests.Session:
    sessions = _local.sessions
    key = (url.split("/", 3)[2], credentials)
    if key not in sessions:
        sessions[key] = requests.Session()
        sessions[key].auth = credentials if any(credentials) else None
    sessions.move_to_end(key)
    while len(sessions) > SESSIONS_PER_THREAD:
        sessions.popitem(last=False)[1].close()
    return sessions[key]


def _read(response: requests.Response, *, deadline: float, call: str) -> bytes:
    body = b""
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise Unknown("answer too long", call=call, status=response.status_code)
        if time.monotonic() > deadline:
            raise Unknown("answer too slow", call=call, status=response.status_code)
    return body


def _raise_unsent(error: requests.RequestException, *, call: str) -> None:
    """A refused connection is as good as no call; a broken one is not."""
    reason: object = error.args[0] if error.args else None
    if type(getattr(reason, "reason", None)).__name__ in ("NewConnectionError", "NameResolutionError"):
        raise NotSent("no connection", call=call) from None


def _check_status(status: int, *, call: str) -> None:
    if status == 200:
        return
    if status == 429:
        raise NotSent("too many calls at once", call=call, status=status)
    if 400 <= status < 500:
        raise Refused(
            "wrong credentials" if status == 401 else "refused", call=call, status=status, code=str(status)
        )
    raise Unknown("no usable answer", call=call, status=status)


def _object(body: bytes, *, call: str, status: int) -> dict[str, Any]:
    try:
        answer = load(body.decode())
    except ValueError:
        raise Unknown("broken answer", call=call, status=status) from None
    if not isinstance(answer, dict):
        raise Unknown("broken answer", call=call, status=status)
    return answer
