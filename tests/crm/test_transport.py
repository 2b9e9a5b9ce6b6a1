"""What each kind of answer means: retry later, final, or the token; and what is never sent anywhere."""

import json
from threading import Event
from typing import Any

import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Response

from crm import client, connection, limits, transport
from crm.limits import Priority


@pytest.fixture
def line(httpserver: HTTPServer, settings: Settings) -> transport.Line:
    settings.AMOCRM_URL = httpserver.url_for("/{subdomain}").replace("%7B", "{").replace("%7D", "}")
    transport._session.cache_clear()
    limits._redis.cache_clear()
    return transport.Line(subdomain="school", token="secret-token", priority=Priority.QUEUE, patience=1)


def answer(
    httpserver: HTTPServer, status: int, body: Any = "", kind: str = "application/problem+json"
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    httpserver.expect_request("/school/api/v4/account").respond_with_data(text, status, content_type=kind)


def ask(line: transport.Line) -> Any:
    return line.call("GET", "/api/v4/account")


@pytest.mark.parametrize(
    ("status", "body", "kind", "unknown"),
    [
        (429, "Too many requests", "text/plain", False),
        (403, "<html>403 Forbidden</html>", "text/html", False),
        (402, {"title": "Payment Required"}, "application/problem+json", False),
        (500, "<html>oops</html>", "text/html", True),
        (502, "", "text/html", True),
        (302, "", "text/html", True),
        (200, "<html>maintenance</html>", "text/html", True),
        (200, "[" * 100_000, "application/json", True),
    ],
)
def test_retry_later(
    httpserver: HTTPServer, line: transport.Line, status: int, body: Any, kind: str, unknown: bool
) -> None:
    answer(httpserver, status, body, kind)
    with pytest.raises(client.Unavailable) as caught:
        ask(line)
    assert caught.value.unknown is unknown


@pytest.mark.parametrize("stored", ["токен", "secret-token\n", "secret token", ""])
def test_what_no_header_can_carry_is_a_refused_token(line: transport.Line, stored: str) -> None:
    line.token = stored
    with pytest.raises(client.Unauthorized):
        ask(line)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422])
def test_a_final_no_carries_the_reason(httpserver: HTTPServer, line: transport.Line, status: int) -> None:
    answer(httpserver, status, {"title": "x", "detail": "Недостаточно прав"})
    with pytest.raises(client.Refused) as caught:
        ask(line)
    assert caught.value.status == status
    assert "Недостаточно прав" in str(caught.value)


def test_validation_errors_are_named(httpserver: HTTPServer, line: transport.Line) -> None:
    fault = {"code": "NotSupportedChoice", "path": "custom_fields_values.0.values.0.value", "detail": "…"}
    answer(
        httpserver,
        400,
        {"detail": "d", "validation-errors": [{"request_id": "0", "errors": [fault, 7]}, None]},
    )
    with pytest.raises(client.Refused) as caught:
        ask(line)
    assert caught.value.faults == (("NotSupportedChoice", "custom_fields_values.0.values.0.value"),)


@pytest.mark.parametrize("body", ["", "null", "[]", '{"validation-errors": {"a": 1}}', "<html>"])
def test_an_odd_refusal_is_still_a_refusal(httpserver: HTTPServer, line: transport.Line, body: str) -> None:
    answer(httpserver, 400, body)
    with pytest.raises(client.Refused):
        ask(line)


def test_an_unaccepted_token_is_told_apart(httpserver: HTTPServer, line: transport.Line) -> None:
    answer(httpserver, 401, {"title": "Unauthorized"})
    with pytest.raises(client.Unauthorized):
        ask(line)


def test_nothing_there_is_none(httpserver: HTTPServer, line: transport.Line) -> None:
    answer(httpserver, 204)
    assert ask(line) is None


def test_a_redirect_does_not_carry_the_token_away(httpserver: HTTPServer, line: transport.Line) -> None:
    seen: list[str] = []

    def thief(request: Any) -> Response:
        seen.append(request.headers.get("Authorization", ""))
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/thief").respond_with_handler(thief)
    httpserver.expect_request("/school/api/v4/account").respond_with_data(
        "", 307, headers={"Location": httpserver.url_for("/thief")}
    )
    with pytest.raises(client.Unavailable):
        ask(line)
    assert seen == []


def test_what_we_send(httpserver: HTTPServer, line: transport.Line) -> None:
    answer(httpserver, 200, {"id": 1})
    line.call("GET", "/api/v4/account", user_id=8100002)
    request, _ = httpserver.log[0]
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert request.headers["User-Agent"].startswith("Grafik/")
    assert request.headers["X-Context-User-ID"] == "8100002"


def test_retry_after_is_obeyed(httpserver: HTTPServer, line: transport.Line) -> None:
    httpserver.expect_request("/school/api/v4/account").respond_with_data(
        "", 429, headers={"Retry-After": "90"}
    )
    with pytest.raises(client.Unavailable):
        ask(line)
    assert limits.pause_left("school") > 80


def test_a_person_with_time_enough_waits_for_the_end_of_a_429(
    httpserver: HTTPServer, line: transport.Line
) -> None:
    httpserver.expect_ordered_request("/school/api/v4/account").respond_with_data("", 429)
    httpserver.expect_ordered_request("/school/api/v4/account").respond_with_json({"id": 1})
    line.priority, line.patience = Priority.PERSON, 5
    assert ask(line) == {"id": 1}


@pytest.mark.parametrize(
    ("priority", "patience"), [(Priority.QUEUE, 5), (Priority.PERSON, 0.5)], ids=["the queue", "in a hurry"]
)
def test_nobody_else_waits_for_the_end_of_a_429(
    httpserver: HTTPServer, line: transport.Line, priority: Priority, patience: float
) -> None:
    httpserver.expect_request("/school/api/v4/account").respond_with_data("", 429)
    line.priority, line.patience = priority, patience
    with pytest.raises(client.Unavailable):
        ask(line)
    assert len(httpserver.log) == 1


def test_a_person_waits_no_longer_than_the_budget(httpserver: HTTPServer, line: transport.Line) -> None:
    asked_in_vain = Event()

    def slow(request: Any) -> Response:
        asked_in_vain.wait(transport.READ_SECONDS - 3)
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/school/api/v4/account").respond_with_handler(slow)
    line.budget = 0.3
    for _ in range(2):
        with pytest.raises(client.Unavailable):
            ask(line)
    asked_in_vain.set()


@pytest.mark.parametrize(("status", "paused"), [(500, False), (502, True), (503, True), (504, True)])
def test_an_outage_pauses_the_account_for_seconds(
    httpserver: HTTPServer, line: transport.Line, status: int, paused: bool
) -> None:
    answer(httpserver, status)
    with pytest.raises(client.Unavailable):
        ask(line)
    assert (0 < limits.pause_left("school") <= 10) is paused


def test_an_address_where_nobody_listens_is_unavailable(settings: Settings) -> None:
    settings.AMOCRM_URL = "http://127.0.0.1:9/{subdomain}"
    transport._session.cache_clear()
    line = transport.Line(subdomain="school", token="t", priority=Priority.PERSON, patience=1)
    with pytest.raises(client.Unavailable):
        ask(line)


def test_needing_a_reconnect_is_a_kind_of_unavailable() -> None:
    assert issubclass(connection.NeedsReconnect, client.Unavailable)
