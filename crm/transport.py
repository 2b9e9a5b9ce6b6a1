"""One HTTP call to amoCRM: address, limit, time-outs, and what the many kinds of answer mean.

Knows the wire, no database. 204 is "nothing there"; errors may be problem+json, HTML or plain text, and only
the status decides (facts: a 429 and a blocked 403 are never JSON). Redirects are never followed: they would
carry the token away.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from crm import limits

log = structlog.get_logger("grafik.amocrm")

AGENT = "Grafik/0.1"
CONNECT_SECONDS, READ_SECONDS = 3.05, 8.0
BODY_MAX = 8 * 1024 * 1024
# What every library reads as the same host: a backslash or a space is understood in two ways.
SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
HOST = re.compile(r"[a-z0-9.-]+")
# What a header can carry and every token of amoCRM's is made of.
TOKEN = re.compile(r"[\x21-\x7e]+")
# A blocked address is asked once a minute whether the block is over (docs/decisions/blocked.md).
BLOCK_PAUSE_SECONDS = 60.0
# While amoCRM is away its rows must not keep every worker waiting for time-outs: payments have to go on.
OUTAGE_PAUSE_SECONDS = 10.0
_ACCOUNTS_KEPT = 200


class CrmError(Exception):
    """amoCRM did not do what it was asked."""


class Unavailable(CrmError):
    """It cannot be asked now: try later.

    `unknown` tells that the call may have been carried out although no good answer came.
    """

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class TooMany(Unavailable):
    """A 429: nothing was done, and the account is paused for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(_("amoCRM asks for a pause of %(seconds)d s (429)") % {"seconds": round(seconds)})
        self.seconds = seconds


class Blocked(Unavailable):
    """amoCRM lets nothing of ours in until its support lifts that."""


class Unpaid(Blocked):
    """The account's plan is over: nothing goes until somebody pays amoCRM."""


class Unauthorized(CrmError):
    """The token is not accepted (any more)."""


class Refused(CrmError):
    """A final no. `faults` are the entries of validation-errors: (code, path), `objects` the request_ids of
    the objects of a batch that they are about.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        faults: tuple[tuple[str, str], ...] = (),
        objects: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(
            _("amoCRM refuses (%(status)d): %(detail)s") % {"status": status, "detail": detail[:500]}
        )
        self.status = status
        self.faults = faults
        self.objects = objects


class NoFileScope(Refused):
    """The grant does not include the account's files."""


@dataclass(kw_only=True)
class Line:
    """The way to one account; `budget` is the seconds that all calls together may take (None: no end)."""

    subdomain: str
    token: str
    priority: limits.Priority
    patience: float
    budget: float | None = None
    _started: float = field(default_factory=time.monotonic)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        user_id: int | None = None,
    ) -> Any:
        """The parsed answer, or None for an empty one; raises Unavailable, Unauthorized or Refused.

        A person for whom a 429 leaves time enough waits for its end, instead of pressing again.
        """
        try:
            return self._call(method, path, query, body, user_id)
        except TooMany as error:
            if self.priority != limits.Priority.PERSON or error.seconds >= min(self.patience, self._left()):
                raise
        return self._call(method, path, query, body, user_id)

    def _call(
        self, method: str, path: str, query: dict[str, Any] | None, body: Any, user_id: int | None
    ) -> Any:
        headers = self._headers()
        if user_id is not None:
            headers["X-Context-User-ID"] = str(user_id)
        url = address(self.subdomain) + path
        with _place(self.subdomain, self.priority, min(self.patience, self._left())):
            seconds = max(0.05, self._left())
            response = _send(self.subdomain, method, url, headers, query, body, seconds)
        return _meaning(self.subdomain, method, path, response)

    def raw(
        self, method: str, path: str, *, body: Any = None, within_limit: bool = True
    ) -> requests.Response:
        """The answer as it came, whatever it is (crm.probe); raises Unavailable only when there is none."""
        place = _place(self.subdomain, self.priority, self.patience) if within_limit else nullcontext()
        url = address(self.subdomain) + path
        with place:
            return _send(self.subdomain, method, url, self._headers(), None, body, READ_SECONDS)

    def call_address(self, url: str, *, body: Any) -> None:
        """POST to an address that amoCRM gave us; the token goes to the account's own address only."""
        if not is_of_account(self.subdomain, url):
            raise Refused(0, f"address at {urlsplit(url).hostname}")
        self.call("POST", url.removeprefix(address(self.subdomain)), body=body)

    def drive(self, url: str, *, body: Any = None, content: bytes | None = None) -> dict[str, Any]:
        """POST to the account's drive, which names its own addresses; the token goes to no other host.

        Raises NoFileScope when the grant does not include files, else what call() raises. The caller has
        just used the token: a 401 here is about the scope.
        """
        if not is_of_amocrm(url):
            raise Refused(0, f"drive at {urlsplit(url).hostname}")
        headers = self._headers()
        if content is not None:
            headers["Content-Type"] = "application/octet-stream"
        with _place(self.subdomain, self.priority, min(self.patience, self._left())):
            seconds = max(0.05, self._left())
            response = _send(self.subdomain, "POST", url, headers, None, body, seconds, content=content)
        if response.status_code in (401, 403) and _is_json(response):
            raise NoFileScope(response.status_code, "files")
        answer = _meaning(self.subdomain, "POST", "drive", response)
        if not isinstance(answer, dict):
            raise Unavailable(_("amoCRM's answer cannot be read"), unknown=True)
        return answer

    def _headers(self) -> dict[str, str]:
        """A token that no header can carry (mistyped, a line end in a secret) is one that amoCRM refuses."""
        if not TOKEN.fullmatch(self.token):
            raise Unauthorized(_("What is stored is no token of amoCRM"))
        return {"Authorization": f"Bearer {self.token}", "User-Agent": AGENT}

    def _left(self) -> float:
        if self.budget is None:
            return CONNECT_SECONDS + READ_SECONDS
        left = self.budget - (time.monotonic() - self._started)
        if left <= 0:
            raise Unavailable(_("amoCRM did not answer in time"))
        return left


def post_token(subdomain: str, body: dict[str, str]) -> dict[str, Any]:
    """One call of the OAuth token address; raises Unavailable, or Refused with amoCRM's hint."""
    url = f"{address(subdomain)}/oauth2/access_token"
    with _place(subdomain, limits.Priority.PERSON, CONNECT_SECONDS):
        response = _send(subdomain, "POST", url, {"User-Agent": AGENT}, None, body, READ_SECONDS)
    if response.status_code in (400, 401):
        document = _json(response)
        words = (document.get("hint"), document.get("title")) if isinstance(document, dict) else ()
        raise Refused(
            response.status_code, next((str(word) for word in words if word), "authorisation refused")
        )
    answer = _meaning(subdomain, "POST", "/oauth2/access_token", response)
    if not isinstance(answer, dict):
        raise Unavailable(_("amoCRM's answer cannot be read"), unknown=True)
    return answer


def current_subdomain(api_domain: str, refresh: str) -> tuple[int, str]:
    """Account and subdomain of a refresh token's account now: it may have been renamed (facts 3.3).

    `api_domain` is what the token named; the call goes to amoCRM only. Raises Refused, Unavailable.
    """
    before, _name, _after = settings.AMOCRM_URL.partition("/{subdomain}")
    root = before if _name else f"https://{api_domain}"
    if not is_of_amocrm(f"{root}/"):
        raise Refused(0, "no address to ask")
    headers = {"X-Refresh-Token": refresh, "User-Agent": AGENT}
    url = f"{root}/oauth2/account/current/subdomain"
    response = _send(api_domain, "GET", url, headers, None, None, READ_SECONDS)
    if response.status_code in (400, 401, 404):
        raise Refused(response.status_code, "unknown token")
    told = _meaning(api_domain, "GET", "/oauth2/account/current/subdomain", response)
    if not isinstance(told, dict) or not SUBDOMAIN.fullmatch(str(told.get("subdomain", ""))):
        raise Refused(0, "names no subdomain")
    return int(told.get("id") or 0), str(told["subdomain"])


def address(subdomain: str) -> str:
    """Where the account's API and token addresses hang."""
    return settings.AMOCRM_URL.format(subdomain=subdomain)


def is_of_account(subdomain: str, url: str) -> bool:
    """Is this below the API of this very account? Nothing else may get its token."""
    home = urlsplit(address(subdomain))
    try:
        given = urlsplit(url)
    except ValueError:
        return False
    below = given.path.startswith(f"{home.path.rstrip('/')}/api/") and ".." not in given.path
    plain = not re.search(r"[\s\\\x00]", url)
    return plain and below and (given.scheme, given.netloc) == (home.scheme, home.netloc)


def is_of_amocrm(url: str) -> bool:
    """May our token be sent there? Only below amocrm.ru, or to the host that AMOCRM_URL names."""
    asked, known = urlsplit(url), urlsplit(settings.AMOCRM_URL)
    host = asked.hostname or ""
    if not HOST.fullmatch(host):
        return False
    if host.endswith(".amocrm.ru"):
        return asked.scheme == "https"
    return "{" not in known.netloc and (asked.scheme, host) == (known.scheme, known.hostname)


@contextmanager
def _place(subdomain: str, priority: limits.Priority, patience: float) -> Iterator[None]:
    try:
        with limits.place(subdomain, priority=priority, patience=patience):
            yield
    except limits.NoPlace as error:
        raise Unavailable(str(error)) from error


def _send(
    subdomain: str,
    method: str,
    url: str,
    headers: dict[str, str],
    query: dict[str, Any] | None,
    body: Any,
    seconds: float,
    *,
    content: bytes | None = None,
) -> requests.Response:
    timeouts = (min(CONNECT_SECONDS, seconds), min(READ_SECONDS, seconds))
    try:
        return _session(subdomain, threading.get_ident()).request(
            method,
            url,
            params=query,
            json=body,
            data=content,
            headers=headers,
            timeout=timeouts,
            allow_redirects=False,
        )
    except requests.ConnectTimeout as error:
        limits.pause(subdomain, at_most=OUTAGE_PAUSE_SECONDS)
        raise Unavailable(_("amoCRM cannot be reached")) from error
    except requests.RequestException as error:
        # A connection that broke after the bytes had left: nobody knows what was done. A person's short
        # patience says nothing about amoCRM; a full time-out does.
        if seconds >= READ_SECONDS or not isinstance(error, requests.ReadTimeout):
            limits.pause(subdomain, at_most=OUTAGE_PAUSE_SECONDS)
        raise Unavailable(_("amoCRM did not answer in time"), unknown=True) from error


@lru_cache(maxsize=_ACCOUNTS_KEPT)
def _session(subdomain: str, thread: int) -> requests.Session:
    """A kept connection for each account and thread, without anything of the machine's environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def _meaning(subdomain: str, method: str, path: str, response: requests.Response) -> Any:
    status = response.status_code
    if status in (200, 201, 202, 204):
        return _document(response)
    log.warning(
        "amocrm refused",
        account=subdomain,
        method=method,
        path=path,
        status=status,
        trace=response.headers.get("X-Request-Id", ""),
    )
    if status == 429:
        raise TooMany(limits.pause(subdomain, at_least=_retry_after(response)))
    if status == 403 and not _is_json(response):
        limits.pause(subdomain, at_least=BLOCK_PAUSE_SECONDS)
        raise Blocked(_("amoCRM blocks our calls (403)"))
    if status == 401:
        raise Unauthorized(_("amoCRM does not accept the token (401)"))
    if status == 402:
        raise Unpaid(_("The amoCRM account is not paid for (402)"))
    if status in (502, 503, 504):
        limits.pause(subdomain, at_most=OUTAGE_PAUSE_SECONDS)
    if status >= 500 or status == 408 or 300 <= status < 400:
        raise Unavailable(_("amoCRM answered with the error %(status)d") % {"status": status}, unknown=True)
    raise _refusal(response)


def _document(response: requests.Response) -> Any:
    if response.status_code == 204 or not response.content:
        return None
    if len(response.content) > BODY_MAX:
        raise Unavailable(_("amoCRM's answer cannot be read"), unknown=True)
    document = _json(response)
    if document is None:
        raise Unavailable(_("amoCRM's answer cannot be read"), unknown=True)
    return document


def _refusal(response: requests.Response) -> Refused:
    document = _json(response)
    if not isinstance(document, dict):
        return Refused(response.status_code, "refused")
    faults = []
    groups = _list(document.get("validation-errors"))
    for group in groups:
        for item in _list(group.get("errors")):
            faults.append((str(item.get("code", "")), str(item.get("path", ""))))
    words = "; ".join(" ".join(fault) for fault in faults) or str(document.get("detail", "refused"))
    named = frozenset(str(group.get("request_id", "")) for group in groups)
    return Refused(response.status_code, words, tuple(faults), named)


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("Content-Type", "")


def _retry_after(response: requests.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return min(float(given), 3600.0) if given.isdigit() else 0.0
