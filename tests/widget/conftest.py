"""The built widget in a bare host page, with the API answered by the test itself: no server at all."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

WIDGET = Path(__file__).resolve().parents[2] / "widget_js"
HOST = Path(__file__).with_name("host.html")
ORIGIN = "http://deal.invalid"
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
        given = self.answers.get(call.door, lambda _number: (200, self.card))(len(self.made(call.door)))
        if given is None:
            self.held.append(route)
        elif given[0] == 0:
            route.abort()
        else:
            text = given[1] if isinstance(given[1], str) else json.dumps(given[1])
            route.fulfill(status=given[0], headers=CORS, body=text)


def _host(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    route.fulfill(path=HOST if path == "/" else WIDGET / "dist" / path.lstrip("/"))


@pytest.fixture
def sample_card() -> dict[str, Any]:
    card: dict[str, Any] = json.loads((WIDGET / "tests" / "sample_card.json").read_text())
    return copy.deepcopy(card)


@pytest.fixture
def server(sample_card: dict[str, Any]) -> Server:
    return Server(sample_card)


@pytest.fixture
def deal(page: Page, server: Server) -> Iterator[Page]:
    """The open lead's card with the widget in it; a script error anywhere fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(f"{ORIGIN}/**", _host)
    page.route(f"{API}**", server.handle)
    page.goto(f"{ORIGIN}/")
    page.evaluate("boot('ru')")
    yield page
    for route in server.held:
        route.abort()
    assert errors == []
