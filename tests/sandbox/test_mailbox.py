"""SMTP in, pages and JSON out."""

import smtplib
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sandbox import mailbox
from sandbox.mailbox import smtp
from sandbox.store import Store
from tests.sandbox.conftest import World


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Школа <pay@school.example.org>"
    message["To"] = "Анна Смирнова <anna@example.org>"
    message["Subject"] = "Счёт на 20 000 ₽"
    message.set_content("Здравствуйте, Анна!\n")
    message.add_alternative('<p>Здравствуйте, <b>Анна</b>! <img src="cid:logo"></p>', subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Счёт 14-26.pdf")
    return message


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_message_sent_by_smtp_is_in_the_mailbox(world: World, client: FlaskClient) -> None:
    port = free_port()
    server = smtp.start(world.sandbox.store, host="127.0.0.1", port=port)
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as session:
            session.send_message(letter(), to_addrs=["anna@example.org", "copy@example.org"])
    finally:
        server.stop()
    (message,) = client.get("/mail/api/messages?to=ANNA@example.org").get_json()
    assert message["to"] == ["anna@example.org", "copy@example.org"]
    assert (message["from"], message["subject"]) == ("Школа <pay@school.example.org>", "Счёт на 20 000 ₽")
    assert message["text"].strip() == "Здравствуйте, Анна!"
    assert [(file["name"], file["size"]) for file in message["attachments"]] == [("Счёт 14-26.pdf", 4)]
    assert client.get(message["attachments"][0]["url"]).data == b"%PDF"
    assert client.get("/mail/api/messages?to=nobody@example.org").get_json() == []


def test_the_newest_message_is_first_and_the_list_shows_whom_it_went_to(
    world: World, client: FlaskClient
) -> None:
    for number in (1, 2):
        mailbox.put(
            world.sandbox.store, to=[f"a{number}@example.org"], sender="s", subject=f"№{number}", text="t"
        )
    page = client.get("/mail/").text
    assert page.index("№2") < page.index("№1")
    rows = client.get("/mail/rows?to=a1@").text
    assert "a1@example.org" in rows
    assert "a2@example.org" not in rows


def test_html_of_a_message_stands_in_a_frame_without_scripts(world: World, client: FlaskClient) -> None:
    smtp.keep(world.sandbox.store, letter().as_bytes(), ["anna@example.org"])
    page = client.get("/mail/1").text
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in page
    body = client.get("/mail/1/html")
    assert "<b>Анна</b>" in body.text
    assert body.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-scripts" not in body.headers["Content-Security-Policy"]


def test_a_picture_by_content_id_is_shown(world: World, client: FlaskClient) -> None:
    picture = mailbox.Attachment("logo.png", "image/png", b"png", "logo")
    mailbox.put(
        world.sandbox.store,
        to=["a@example.org"],
        sender="s",
        subject="",
        text="",
        html='<img src="cid:logo"><img src="cid:none">',
        attachments=[picture],
    )
    assert '<img src="/mail/1/attachments/1"><img src="">' in client.get("/mail/1/html").text


def test_a_text_message_is_text_and_its_links_work(world: World, client: FlaskClient) -> None:
    mailbox.put(
        world.sandbox.store,
        to=["a@example.org"],
        sender="s",
        subject="<b>",
        text="<i> http://127.0.0.1/pay/1",
    )
    page = client.get("/mail/1").text
    assert "&lt;i&gt;" in page
    assert 'href="http://127.0.0.1/pay/1"' in page
    assert "<b>" not in client.get("/mail/rows").text.replace("<b>&lt;b&gt;</b>", "")


def test_only_the_last_thousand_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT", 3)
    store = Store(tmp_path / "mail.sqlite3")
    for number in range(5):
        mailbox.put(store, to=["a@example.org"], sender="s", subject=str(number), text="")
    assert [message["subject"] for message in store.all(mailbox.COLLECTION)] == ["2", "3", "4"]


def test_a_missing_message_is_404(client: FlaskClient) -> None:
    for path in ("/mail/7", "/mail/7/html", "/mail/7/attachments/1"):
        assert client.get(path).status_code == 404
