"""The product's API as the test wants it: answers by door, and every call that was made."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Route

API = "https://grafik.invalid/api/v1/"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "*",
}

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Call:
    """One call of the widget; `door` is like 'PUT deals/7700123/schedule/'."""

    door: str
    body: Any
    key: str | None


@dataclass
class Server:
    """Answers by door: a pair of status and body, a function of the call's number, or the sample card."""

    card: dict[str, Any]
    answers: dict[str, Callable[[int], Answer | None]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    held: list[Route] = field(default_factory=list)

    def answer(self, door: str, status: int, body: Any) -> None:
        self.answers[door] = lambda _number: (status, body)

    def made(self, door: str) -> list[Call]:
        return [call for call in self.calls if call.door == door]

    def handle(self, route: Route) -> None:
        request = route.request
        if request.method == "OPTIONS":
            route.fulfill(status=204, headers=CORS)
            return
        call = Call(
            f"{request.method} {request.url.removeprefix(API)}",
            json.loads(request.post_data or "null"),
            request.headers.get("idempotency-key"),
        )
        self.calls.append(call)
        answer = self.answers.get(call.door)
        given = answer(len(self.made(call.door))) if answer else (200, self.card)
        if given is None:
            self.held.append(route)
        elif given[0] == 0:
            route.abort()
        else:
            text = given[1] if isinstance(given[1], str) else json.dumps(given[1])
            route.fulfill(status=given[0], headers=CORS, body=text)
