"""The built widget in a bare host page, with the API answered by the test itself: no server at all."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.widget.server import API, Server

WIDGET = Path(__file__).resolve().parents[2] / "widget_js"
HOST = Path(__file__).with_name("host.html")
ORIGIN = "http://deal.invalid"


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
    page.context.route(f"{ORIGIN}/**", _host)  # what a click opens in a tab of its own comes from here too
    page.route(f"{API}**", server.handle)
    page.goto(f"{ORIGIN}/")
    page.evaluate("boot('ru')")
    yield page
    for route in server.held:
        route.abort()
    assert errors == []
