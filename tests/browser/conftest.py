"""One demo for all browser tests: the start is the dearest part, and each test has deals of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import Page

from config import embedded
from tests.browser.deal_panel import is_known, opened, today

MANAGER = "8100002"

if TYPE_CHECKING:
    from tests.demo import Demo


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    from tests.demo import Demo
    from tests.free_ports import free_run

    folder = Path(tempfile.mkdtemp(prefix="grafik-demo-"))
    folder.chmod(0o711)
    running = Demo(port=free_run(3), data_dir=folder)
    running.start()
    yield running
    running.stop()
    embedded.erase(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lead(demo: Demo) -> int:
    """A deal of one's own, as a manager makes it in amoCRM."""
    made = requests.post(
        f"{demo.sandbox}/amocrm/demoschool/_ui/leads/0",
        json={
            "name": "Договор на пробу",
            "price": 60000,
            "responsible_user_id": int(MANAGER),
            "contact": {"name": "Вера Ильина", "email": "vera@example.org", "phone": "+79160000077"},
        },
        cookies={"amo_session_demoschool": MANAGER},
        timeout=10,
    )
    made.raise_for_status()
    number: int = made.json()["id"]
    return number


@pytest.fixture
def deal(page: Page, demo: Demo, lead: int) -> Page:
    """The deal's page with a schedule of three rows, the first one 20 days late and half paid in cash."""
    terms = {"total": "60000", "count": 3, "first_due_on": (today() - timedelta(days=20)).isoformat()}
    demo.wait("amoCRM's answer about the deal", lambda: is_known(demo, lead))
    demo.api("PUT", f"deals/{lead}/schedule/", {**terms, "version": None})
    money = {"amount": "10000", "paid_on": today().isoformat(), "method": "cash"}
    demo.api("POST", f"deals/{lead}/payments/", money)
    return opened(page, demo, lead)
